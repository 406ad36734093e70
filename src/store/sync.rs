//! The sync transaction: documents, versions, chunks, access, index jobs, failures and the cursor, or none of it.

use std::collections::BTreeSet;

use domain::{Chunk, Cursor, Document, DocumentId, GenerationId, Principal, SourceId};
use jiff::Timestamp;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};

use crate::{
    Error, Result, Store, SyncClaim, access,
    chunks::IN_LIST,
    documents::{self, Batch},
    entities::{document, source},
    failures, generations, jobs, members, near, syncs,
};

/// Longest name of a principal in bytes: it is an index entry.
const MAX_PRINCIPAL_BYTES: usize = 1_000;

/// One step of a batch. Steps apply in order.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a batch is mostly of the large variant")]
pub enum Write {
    /// A new document, or a new state of a known one; revives a deleted one.
    Put {
        /// A new id, or the one that [`Store::known_documents`] gave.
        document: DocumentId,
        external_id: String,
        uri: String,
        title: String,
        media_type: String,
        raw_hash: String,
        revision: Option<String>,
        modified_at: Option<Timestamp>,
        readers: BTreeSet<Principal>,
        parsed: Document,
        /// The one that `chunks` are cut for; the others' follow by their index jobs.
        generation: GenerationId,
        chunks: Vec<Chunk>,
        /// From [`Store::document_by_text`]: its chunks stand in for `chunks`, which may be empty then.
        duplicate_of: Option<DocumentId>,
    },
    /// Other readers for a known document.
    Access { document: DocumentId, readers: BTreeSet<Principal> },
    /// Gone at its source: no chunks any more, the versions stay.
    Delete { document: DocumentId },
    /// It could not be ingested; the document stays as it is.
    Failed {
        external_id: String,
        /// What a person knows it by: a file name, a URI.
        name: String,
        reason: String,
        /// Of the bytes that failed, where they could be fetched.
        raw_hash: Option<String>,
        revision: Option<String>,
    },
    /// Nothing changed, except perhaps what the source calls it; an earlier failure is over.
    Seen { external_id: String, revision: Option<String> },
    /// The e-mail addresses in a group of the source, in place of those it had.
    Members { group: String, members: BTreeSet<String> },
    /// No longer at the source, where it had failed: the failure is over.
    Gone { external_id: String },
}

impl Store {
    /// Applies a batch and saves the cursor that follows it, all or nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown source or document, [`Error::Conflict`] when an id belongs to
    /// another document or a duplicate without chunks lost its original, [`Error::Invalid`] for a text
    /// with NUL characters. Nothing is changed then.
    pub async fn apply_batch(
        &self,
        source: &SourceId,
        writes: Vec<Write>,
        cursor: Option<Cursor>,
        now: Timestamp,
    ) -> Result<()> {
        self.apply(source, None, writes, cursor, now).await
    }

    /// Like [`Store::apply_batch`], as long as `claim` still holds the source's sync.
    ///
    /// # Errors
    /// [`Error::Conflict`] also when another worker has the sync now.
    pub async fn apply_claimed_batch(
        &self,
        claim: &SyncClaim,
        writes: Vec<Write>,
        cursor: Option<Cursor>,
        now: Timestamp,
    ) -> Result<()> {
        self.apply(&claim.source, Some(claim), writes, cursor, now).await
    }

    async fn apply(
        &self,
        source: &SourceId,
        claim: Option<&SyncClaim>,
        writes: Vec<Write>,
        cursor: Option<Cursor>,
        now: Timestamp,
    ) -> Result<()> {
        for write in &writes {
            check(write)?;
        }
        let tx = self.begin().await?;
        lock(&tx, source).await?;
        if let Some(claim) = claim {
            syncs::check_held(&tx, claim).await?;
        }
        lock_deleted(&tx, &writes).await?;
        let classes = access::classes(&tx, &writes.iter().filter_map(readers).collect()).await?;
        let failed = failures::keys(&tx, source).await?;
        let generations = generations::list_kept(&tx).await?;
        let mut batch = Batch { db: &tx, source, classes, now, generations, failed, touched: BTreeSet::new() };
        for write in writes {
            apply(&mut batch, write).await?;
        }
        let touched = batch.touched;
        jobs::enqueue(&tx, &touched, now).await?;
        near::regroup(&tx, &touched).await?;
        source::Entity::update_many()
            .col_expr(source::Column::Cursor, Expr::val(cursor.map(|cursor| cursor.0)))
            .filter(source::Column::Id.eq(source.as_str()))
            .exec(&tx)
            .await?;
        Ok(tx.commit().await?)
    }
}

/// Answers that are being stored hold their documents; all at once and in one order, or PostgreSQL sees deadlocks.
async fn lock_deleted(tx: &DatabaseTransaction, writes: &[Write]) -> Result<()> {
    let deleted: BTreeSet<&str> = writes
        .iter()
        .filter_map(|write| if let Write::Delete { document } = write { Some(document.as_str()) } else { None })
        .collect();
    let deleted: Vec<&str> = deleted.into_iter().collect();
    for ids in deleted.chunks(IN_LIST) {
        document::Entity::find()
            .select_only()
            .column(document::Column::Id)
            .filter(document::Column::Id.is_in(ids.iter().copied()))
            .order_by_asc(document::Column::Id)
            .lock_exclusive()
            .into_tuple::<String>()
            .all(tx)
            .await?;
    }
    Ok(())
}

async fn apply(batch: &mut Batch<'_>, write: Write) -> Result<()> {
    match write {
        Write::Put {
            document,
            external_id,
            uri,
            title,
            media_type,
            raw_hash,
            revision,
            modified_at,
            readers,
            parsed,
            generation,
            chunks,
            duplicate_of,
        } => {
            let put = documents::Put {
                document,
                external_id,
                uri,
                title,
                media_type,
                raw_hash,
                revision,
                modified_at,
                class: batch.class(&readers)?,
                parsed,
                generation,
                chunks,
                duplicate_of,
            };
            documents::put(batch, put).await
        }
        Write::Access { document, readers } => documents::set_access(batch, &document, &readers).await,
        Write::Delete { document } => documents::delete(batch, &document).await,
        Write::Failed { external_id, name, reason, raw_hash, revision } => {
            failures::record(batch, failures::NewFailure { external_id, name, reason, raw_hash, revision }).await
        }
        Write::Seen { external_id, revision } => {
            if let Some(revision) = revision {
                documents::set_revision(batch, &external_id, &revision).await?;
            }
            failures::clear(batch, &external_id).await
        }
        Write::Members { group, members } => members::replace(batch, &group, &members).await,
        Write::Gone { external_id } => failures::clear(batch, &external_id).await,
    }
}

/// One batch per source at a time, also among replicas.
pub(crate) async fn lock(tx: &DatabaseTransaction, source: &SourceId) -> Result<()> {
    let row = source::Entity::find_by_id(source.as_str()).lock_exclusive().one(tx).await?;
    row.map(|_| ()).ok_or_else(|| Error::NotFound(format!("source {source}")))
}

fn readers(write: &Write) -> Option<&BTreeSet<Principal>> {
    match write {
        Write::Put { readers, .. } | Write::Access { readers, .. } => Some(readers),
        _ => None,
    }
}

fn check(write: &Write) -> Result<()> {
    if let Write::Put { document, external_id, parsed, .. } = write
        && parsed.text.contains('\0')
    {
        return Err(Error::Invalid(format!("store {document} ({external_id}): its text holds a NUL character")));
    }
    let wrong =
        |name: &str| name.len() > MAX_PRINCIPAL_BYTES || name.contains('\0') || name.parse::<Principal>().is_err();
    match readers(write).into_iter().flatten().find(|principal| wrong(principal.as_str())) {
        None => Ok(()),
        Some(_) => Err(Error::Invalid(format!(
            "store readers: a principal is none, has a NUL character or over {MAX_PRINCIPAL_BYTES} bytes"
        ))),
    }
}
