//! Document rows as a batch changes them: put, other readers, delete.

use std::collections::{BTreeMap, BTreeSet};

use domain::{AccessClassId, Chunk, Document, DocumentId, GenerationId, Principal, SourceId, VersionHash, sha256_hex};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    sea_query::Expr,
};

use crate::{
    Error, Result, access,
    chunks::{self, without_nul},
    duplicates,
    entities::document,
    failures, receipts,
    time::to_micros,
    versions,
};

/// A batch while it is applied.
pub(crate) struct Batch<'a> {
    pub db: &'a DatabaseTransaction,
    pub source: &'a SourceId,
    /// By [`access::key`].
    pub classes: BTreeMap<String, AccessClassId>,
    pub now: Timestamp,
    /// Those that chunks are kept for.
    pub generations: BTreeSet<GenerationId>,
    /// External keys with an open failure.
    pub failed: BTreeSet<String>,
    /// Documents that the indexes must be brought in line for.
    pub touched: BTreeSet<DocumentId>,
}

impl Batch<'_> {
    pub(crate) fn class(&self, readers: &BTreeSet<Principal>) -> Result<AccessClassId> {
        let class = self.classes.get(&access::key(readers)).copied();
        class.ok_or_else(|| Error::Schema("an access class vanished while it was used".into()))
    }
}

/// A document's new state, its readers numbered.
pub(crate) struct Put {
    pub document: DocumentId,
    pub external_id: String,
    pub uri: String,
    pub title: String,
    pub media_type: String,
    pub raw_hash: String,
    pub revision: Option<String>,
    pub modified_at: Option<Timestamp>,
    pub class: AccessClassId,
    pub parsed: Document,
    pub generation: GenerationId,
    pub chunks: Vec<Chunk>,
    pub duplicate_of: Option<DocumentId>,
}

pub(crate) async fn put(batch: &mut Batch<'_>, put: Put) -> Result<()> {
    let version = VersionHash::of(&put.parsed.text);
    let before = find(batch, &put.document).await?;
    let keeps_chunks = before.as_ref().is_some_and(|row| keeps_chunks(row, &put, &version));
    let duplicate_of = if keeps_chunks { None } else { original(batch, &put, &version).await? };
    if let Some(row) = &before {
        let unchanged = row.version == version.as_str() && row.access_class_id == put.class.0;
        if is_original(row) && (!unchanged || duplicate_of.is_some()) {
            let heir = duplicates::release(batch.db, &put.document).await?;
            batch.touched.extend(heir);
        }
        if row.version != version.as_str() {
            versions::supersede(batch.db, &put.document, &row.version, batch.now).await?;
        }
    }
    failures::clear(batch, &put.external_id).await?;
    save_row(batch, before, &put, &version, duplicate_of.as_ref()).await?;
    versions::insert(batch.db, &put.document, &version, put.parsed, batch.now).await?;
    if !keeps_chunks {
        chunks::remove(batch.db, &put.document).await?;
        // For the other generations, or for all if this one was given up meanwhile, the index job cuts.
        if duplicate_of.is_none() && batch.generations.contains(&put.generation) {
            chunks::insert(batch.db, put.generation, &put.document, &version, put.chunks).await?;
        }
    }
    batch.touched.insert(put.document);
    Ok(())
}

pub(crate) async fn set_access(batch: &mut Batch<'_>, id: &DocumentId, readers: &BTreeSet<Principal>) -> Result<()> {
    let class = batch.class(readers)?;
    let row = existing(batch, id).await?;
    failures::clear(batch, &row.external_id).await?;
    if row.access_class_id == class.0 {
        return Ok(());
    }
    if is_original(&row) {
        let heir = duplicates::release(batch.db, id).await?;
        batch.touched.extend(heir);
    } else if let Some(original) = &row.duplicate_of {
        duplicates::stand_alone(batch.db, &row.id, original).await?;
    }
    document::Entity::update_many()
        .col_expr(document::Column::AccessClassId, Expr::val(class.0))
        .col_expr(document::Column::UpdatedAt, Expr::val(to_micros(batch.now)))
        .filter(document::Column::Id.eq(id.as_str()))
        .exec(batch.db)
        .await?;
    batch.touched.insert(id.clone());
    Ok(())
}

pub(crate) async fn delete(batch: &mut Batch<'_>, id: &DocumentId) -> Result<()> {
    let row = existing(batch, id).await?;
    failures::clear(batch, &row.external_id).await?;
    if row.deleted_at.is_some() {
        return Ok(());
    }
    if is_original(&row) {
        let heir = duplicates::release(batch.db, id).await?;
        batch.touched.extend(heir);
    }
    chunks::remove(batch.db, id).await?;
    receipts::erase(batch, &row, id).await?;
    document::Entity::update_many()
        .col_expr(document::Column::Title, Expr::val(""))
        .col_expr(document::Column::Uri, Expr::val(""))
        .col_expr(document::Column::DeletedAt, Expr::val(to_micros(batch.now)))
        .col_expr(document::Column::UpdatedAt, Expr::val(to_micros(batch.now)))
        .col_expr(document::Column::DuplicateOf, Expr::val(None::<String>))
        .filter(document::Column::Id.eq(id.as_str()))
        .exec(batch.db)
        .await?;
    batch.touched.insert(id.clone());
    Ok(())
}

/// Notes what the source calls the state that is stored.
pub(crate) async fn set_revision(batch: &Batch<'_>, external_id: &str, revision: &str) -> Result<()> {
    document::Entity::update_many()
        .col_expr(document::Column::Revision, Expr::val(without_nul(revision.to_owned())))
        .filter(document::Column::SourceId.eq(batch.source.as_str()))
        .filter(document::Column::ExternalKey.eq(external_key(external_id)))
        .exec(batch.db)
        .await?;
    Ok(())
}

/// Names an external id, however long.
pub(crate) fn external_key(external_id: &str) -> String {
    sha256_hex(external_id.as_bytes())
}

/// The original that stands in for `put`, as far as it still can.
async fn original(batch: &Batch<'_>, put: &Put, version: &VersionHash) -> Result<Option<DocumentId>> {
    let Some(original) = &put.duplicate_of else { return Ok(None) };
    if *original != put.document && duplicates::stands_in(batch.db, original, version, put.class).await? {
        return Ok(Some(original.clone()));
    }
    if put.chunks.is_empty() {
        let document = &put.document;
        return Err(Error::Conflict(format!("store {document}: {original} no longer holds the same text")));
    }
    Ok(None)
}

/// Whether the caller took the document for a duplicate of itself: its text is stored already.
fn keeps_chunks(row: &document::Model, put: &Put, version: &VersionHash) -> bool {
    put.duplicate_of.as_ref() == Some(&put.document)
        && put.chunks.is_empty()
        && is_original(row)
        && row.version == version.as_str()
}

fn is_original(row: &document::Model) -> bool {
    row.deleted_at.is_none() && row.duplicate_of.is_none()
}

async fn save_row(
    batch: &Batch<'_>,
    before: Option<document::Model>,
    put: &Put,
    version: &VersionHash,
    duplicate_of: Option<&DocumentId>,
) -> Result<()> {
    let now = to_micros(batch.now);
    let is_new = before.is_none();
    let mut row = before.map(IntoActiveModel::into_active_model).unwrap_or_else(|| document::ActiveModel {
        id: Set(put.document.to_string()),
        source_id: Set(batch.source.to_string()),
        job_seq: Set(0),
        created_at: Set(now),
        ..Default::default()
    });
    row.external_id = Set(without_nul(put.external_id.clone()));
    row.external_key = Set(external_key(&put.external_id));
    row.uri = Set(without_nul(put.uri.clone()));
    row.title = Set(without_nul(put.title.clone()));
    row.media_type = Set(without_nul(put.media_type.clone()));
    row.raw_hash = Set(put.raw_hash.clone());
    row.revision = Set(put.revision.clone().map(without_nul));
    row.version = Set(version.to_string());
    row.access_class_id = Set(put.class.0);
    row.duplicate_of = Set(duplicate_of.map(ToString::to_string));
    row.modified_at = Set(put.modified_at.map(to_micros));
    row.deleted_at = Set(None);
    row.updated_at = Set(now);
    let saved = if is_new {
        document::Entity::insert(row).exec_without_returning(batch.db).await.map(|_| ())
    } else {
        row.update(batch.db).await.map(|_| ())
    };
    saved.map_err(|error| match error.sql_err() {
        Some(sea_orm::SqlErr::UniqueConstraintViolation(_)) => {
            Error::Conflict(format!("store {}: {} has another id", put.document, put.external_id))
        }
        _ => Error::Db(error),
    })
}

async fn existing(batch: &Batch<'_>, id: &DocumentId) -> Result<document::Model> {
    find(batch, id).await?.ok_or_else(|| Error::NotFound(format!("document {id}")))
}

async fn find(batch: &Batch<'_>, id: &DocumentId) -> Result<Option<document::Model>> {
    match document::Entity::find_by_id(id.as_str()).one(batch.db).await? {
        Some(row) if row.source_id != batch.source.as_str() => {
            Err(Error::Conflict(format!("document {id} belongs to another source")))
        }
        row => Ok(row),
    }
}
