//! Versions: the stored texts that citations point into.

use std::collections::BTreeMap;

use domain::{Document, DocumentId, Heading, Language, PageStart, Signature, SourceId, VersionHash, Viewer};
use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    RelationTrait,
    sea_query::{Expr, ExprTrait, OnConflict, Query},
};

use crate::{
    Error, Result, Store, access,
    entities::{document, version},
    time::{from_micros, to_micros},
};

/// A version of a document, without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionSummary {
    pub hash: VersionHash,
    pub created_at: Timestamp,
    /// Whether it is the one that answers are drawn from.
    pub live: bool,
}

/// A version of a document with its text.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionView {
    pub document_id: DocumentId,
    pub version: VersionHash,
    /// Of the document now.
    pub title: String,
    pub uri: String,
    /// What citations count characters in.
    pub text: String,
    pub pages: Vec<PageStart>,
    pub headings: Vec<Heading>,
    /// What parsing left out, and why.
    pub notes: Vec<String>,
    /// Whether a newer version took its place.
    pub superseded: bool,
}

impl Store {
    /// A version's text, the live one's by default, if the viewer may read the document now and, of a superseded
    /// version, could read it when it was live last.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such document or version for this viewer.
    pub async fn version_text(
        &self,
        viewer: &Viewer,
        id: &DocumentId,
        version: Option<&VersionHash>,
    ) -> Result<VersionView> {
        let row = document::Entity::find_by_id(id.as_str())
            .filter(access::readable(viewer))
            .one(self.read())
            .await?
            .ok_or_else(|| Error::NotFound(format!("document {id}")))?;
        let hash = version.map_or(row.version.as_str(), VersionHash::as_str);
        let missing = || Error::NotFound(format!("version {hash} of document {id}"));
        if hash.contains('\0') {
            return Err(missing());
        }
        let stored = version::Entity::find_by_id((id.to_string(), hash.to_owned()))
            .filter(readable(viewer, &row.version))
            .one(self.read())
            .await?
            .ok_or_else(missing)?;
        Ok(VersionView {
            document_id: id.clone(),
            superseded: stored.hash != row.version,
            version: VersionHash::from_stored(stored.hash),
            title: row.title,
            uri: row.uri,
            text: stored.text,
            pages: list(&stored.pages)?,
            headings: list(&stored.headings)?,
            notes: stored.notes.as_deref().map(list).transpose()?.unwrap_or_default(),
        })
    }
}

impl Store {
    /// How many live documents of a source are written in which language, as far as it is known.
    pub async fn source_languages(&self, source: &SourceId) -> Result<BTreeMap<Language, u64>> {
        let live = Query::select()
            .columns([document::Column::Id, document::Column::Version])
            .from(document::Entity)
            .and_where(Expr::col(document::Column::SourceId).eq(source.as_str()))
            .and_where(Expr::col(document::Column::DeletedAt).is_null())
            .take();
        let rows: Vec<(String, i64)> = version::Entity::find()
            .select_only()
            .column(version::Column::Language)
            .column_as(version::Column::DocumentId.count(), "documents")
            .filter(version::Column::Language.is_not_null())
            .filter(
                Expr::tuple([Expr::col(version::Column::DocumentId), Expr::col(version::Column::Hash)])
                    .in_subquery(live),
            )
            .group_by(version::Column::Language)
            .into_tuple()
            .all(self.read())
            .await?;
        Ok(rows.into_iter().map(|(code, count)| (Language::new(&code), count.unsigned_abs())).collect())
    }

    /// What parsing left out of a source's live documents: external id and note. Names and notes only: for admins.
    pub async fn notes(&self, source: &SourceId) -> Result<Vec<(String, String)>> {
        let rows: Vec<(String, Option<String>)> = document::Entity::find()
            .select_only()
            .column(document::Column::ExternalId)
            .column(version::Column::Notes)
            .join(JoinType::InnerJoin, document::Relation::Version.def())
            .filter(document::Column::SourceId.eq(source.as_str()))
            .filter(document::Column::DeletedAt.is_null())
            .filter(version::Column::Notes.is_not_null())
            .order_by_asc(document::Column::ExternalId)
            .into_tuple()
            .all(self.read())
            .await?;
        let mut notes = Vec::new();
        for (name, stored) in rows {
            let texts: Vec<String> = stored.as_deref().map(list).transpose()?.unwrap_or_default();
            notes.extend(texts.into_iter().map(|note| (name.clone(), note)));
        }
        Ok(notes)
    }
}

/// The versions of a document that its viewer may read, newest first.
pub(crate) async fn summaries<C: ConnectionTrait>(
    db: &C,
    viewer: &Viewer,
    id: &DocumentId,
    live: &str,
) -> Result<Vec<VersionSummary>> {
    use version::Column::{CreatedAt, Hash};
    let rows: Vec<(String, i64)> = version::Entity::find()
        .select_only()
        .columns([Hash, CreatedAt])
        .filter(version::Column::DocumentId.eq(id.as_str()))
        .filter(readable(viewer, live))
        .order_by_desc(CreatedAt)
        .order_by_asc(Hash)
        .into_tuple()
        .all(db)
        .await?;
    rows.into_iter()
        .map(|(hash, created_at)| {
            let live = hash == live;
            Ok(VersionSummary { hash: VersionHash::from_stored(hash), created_at: from_micros(created_at)?, live })
        })
        .collect()
}

/// Stores a version; one that was there before is live again.
pub(crate) async fn insert<C: ConnectionTrait>(
    db: &C,
    id: &DocumentId,
    hash: &VersionHash,
    parsed: Document,
    now: Timestamp,
) -> Result<()> {
    use version::Column::{AccessClassId, DocumentId, Hash, Headings, Language, Notes, Pages, Signature, SupersededAt};
    let row = version::ActiveModel {
        document_id: Set(id.to_string()),
        hash: Set(hash.to_string()),
        text: Set(parsed.text),
        headings: Set(json(&parsed.headings)?),
        pages: Set(json(&parsed.pages)?),
        notes: Set((!parsed.notes.is_empty()).then(|| json(&parsed.notes)).transpose()?),
        created_at: Set(to_micros(now)),
        superseded_at: Set(None),
        access_class_id: Set(None),
        signature: Set(parsed.signature.map(|signature| signature.to_bytes())),
        language: Set(parsed.language.map(|language| language.to_string())),
    };
    let again = OnConflict::columns([DocumentId, Hash])
        .update_columns([Headings, Pages, Notes, SupersededAt, AccessClassId, Signature, Language])
        .to_owned();
    version::Entity::insert(row).on_conflict(again).exec_without_returning(db).await?;
    Ok(())
}

/// What parsing made of a stored version; its title is the document's.
pub(crate) fn parsed(stored: version::Model) -> Result<Document> {
    Ok(Document {
        title: None,
        headings: list(&stored.headings)?,
        pages: list(&stored.pages)?,
        notes: stored.notes.as_deref().map(list).transpose()?.unwrap_or_default(),
        text: stored.text,
        language: stored.language.as_deref().map(Language::new),
        signature: stored.signature.as_deref().and_then(Signature::from_bytes),
    })
}

/// Ends a version's time as the live one; its readers stay those that the document has until now. Call it before the
/// document's row is changed.
pub(crate) async fn supersede<C: ConnectionTrait>(db: &C, id: &DocumentId, hash: &str, now: Timestamp) -> Result<()> {
    let readers = Query::select()
        .column(document::Column::AccessClassId)
        .from(document::Entity)
        .and_where(document::Column::Id.eq(id.as_str()))
        .take();
    version::Entity::update_many()
        .col_expr(version::Column::AccessClassId, Expr::SubQuery(None, Box::new(readers.into())))
        .col_expr(version::Column::SupersededAt, Expr::val(to_micros(now)))
        .col_expr(version::Column::Signature, Expr::val(None::<Vec<u8>>))
        .filter(version::Column::DocumentId.eq(id.as_str()))
        .filter(version::Column::Hash.eq(hash))
        .exec(db)
        .await?;
    Ok(())
}

/// Removes every version of a document. Returns how many there were.
pub(crate) async fn erase<C: ConnectionTrait>(db: &C, id: &DocumentId) -> Result<u64> {
    let ours = version::Column::DocumentId.eq(id.as_str());
    Ok(version::Entity::delete_many().filter(ours).exec(db).await?.rows_affected)
}

/// True for rows of `versions` that a viewer of their document may read: the live one, and those of whose readers
/// the viewer was one.
fn readable(viewer: &Viewer, live: &str) -> Condition {
    Condition::any()
        .add(version::Column::Hash.eq(live))
        .add(access::is_in(viewer, (version::Entity, version::Column::AccessClassId)))
}

fn json<T: serde::Serialize>(list: &[T]) -> Result<String> {
    serde_json::to_string(list).map_err(|error| Error::Invalid(error.to_string()))
}

fn list<T: serde::de::DeserializeOwned>(json: &str) -> Result<Vec<T>> {
    serde_json::from_str(json).map_err(|error| Error::Schema(error.to_string()))
}
