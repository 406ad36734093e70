//! What a viewer sees. Words reach an answer only through `read_passages`.

use std::collections::HashMap;

use domain::{ChunkId, DocumentId, Passage, SourceId, Span, VersionHash, Viewer};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, JoinType, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    RelationTrait,
};

use crate::{
    Error, Result, Store, VersionSummary, access,
    chunks::IN_LIST,
    entities::{chunk, document, failure},
    generations::{self, GenerationState},
    time::from_micros,
    versions,
};

/// Most documents on a page.
const MAX_PAGE: u64 = 1_000;

/// A document in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentSummary {
    pub id: DocumentId,
    pub title: String,
    pub uri: String,
    pub media_type: String,
    /// The live one.
    pub version: VersionHash,
    pub modified_at: Option<Timestamp>,
}

/// A document with the names of its versions.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentView {
    pub id: DocumentId,
    pub source: SourceId,
    pub title: String,
    pub uri: String,
    pub media_type: String,
    /// The live one.
    pub version: VersionHash,
    /// Newest first.
    pub versions: Vec<VersionSummary>,
    pub modified_at: Option<Timestamp>,
}

/// A page of a list, in the order of ids.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentPage {
    pub documents: Vec<DocumentSummary>,
    /// Where the next page starts; `None` on the last.
    pub next: Option<DocumentId>,
}

/// How much the store holds. Figures only: they need no viewer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    pub documents: u64,
    pub live: u64,
    pub deleted: u64,
    /// Of the live generation.
    pub chunks: u64,
    pub failures: u64,
    pub pending_jobs: u64,
}

impl Store {
    /// The passages of `ids`, in that order, that are live and that the viewer may read now. Scores are 0.
    pub async fn read_passages(&self, viewer: &Viewer, ids: &[ChunkId]) -> Result<Vec<Passage>> {
        let mut found = HashMap::with_capacity(ids.len());
        for ids in ids.chunks(IN_LIST) {
            let rows = chunk::Entity::find()
                .column_as(document::Column::Title, "title")
                .column_as(document::Column::Uri, "uri")
                .column_as(document::Column::AccessClassId, "access_class_id")
                .column_as(document::Column::NearGroup, "near_group")
                .column_as(document::Column::ModifiedAt, "modified_at")
                .join(JoinType::InnerJoin, chunk::Relation::Document.def())
                .filter(chunk::Column::Id.is_in(ids.iter().map(|id| id.0)))
                .filter(access::readable(viewer))
                .into_model::<PassageRow>()
                .all(self.read())
                .await?;
            for row in rows {
                found.insert(row.id, Passage::try_from(row)?);
            }
        }
        Ok(ids.iter().filter_map(|id| found.remove(&id.0)).collect())
    }

    /// # Errors
    /// [`Error::NotFound`] when there is no such live document for this viewer.
    pub async fn document(&self, viewer: &Viewer, id: &DocumentId) -> Result<DocumentView> {
        let row = document::Entity::find_by_id(id.as_str())
            .filter(access::readable(viewer))
            .one(self.read())
            .await?
            .ok_or_else(|| Error::NotFound(format!("document {id}")))?;
        let versions = versions::summaries(self.read(), viewer, id, &row.version).await?;
        let source = row.source_id.parse().map_err(Error::Schema)?;
        let DocumentSummary { id, title, uri, media_type, version, modified_at } = row.try_into()?;
        Ok(DocumentView { id, source, title, uri, media_type, version, versions, modified_at })
    }

    /// Up to `limit` live documents the viewer may read, after the document `after`.
    pub async fn documents(&self, viewer: &Viewer, limit: u64, after: Option<&DocumentId>) -> Result<DocumentPage> {
        let limit = limit.clamp(1, MAX_PAGE);
        let mut query = document::Entity::find().filter(access::readable(viewer));
        if let Some(after) = after {
            query = query.filter(document::Column::Id.gt(after.as_str()));
        }
        let rows = query.order_by_asc(document::Column::Id).limit(limit + 1).all(self.read()).await?;
        let is_last = rows.len() as u64 <= limit;
        let documents: Vec<DocumentSummary> =
            rows.into_iter().take(limit as usize).map(DocumentSummary::try_from).collect::<Result<_>>()?;
        let next = documents.last().filter(|_| !is_last).map(|last| last.id.clone());
        Ok(DocumentPage { documents, next })
    }

    pub async fn counts(&self) -> Result<Counts> {
        let db = self.read();
        let documents = document::Entity::find().count(db).await?;
        let live = document::Entity::find().filter(document::Column::DeletedAt.is_null()).count(db).await?;
        Ok(Counts {
            documents,
            live,
            deleted: documents.saturating_sub(live),
            chunks: chunk::Entity::find()
                .filter(chunk::Column::Generation.in_subquery(generations::in_state(GenerationState::Live)))
                .count(db)
                .await?,
            failures: failure::Entity::find().count(db).await?,
            pending_jobs: self.pending_job_count().await?,
        })
    }
}

#[derive(FromQueryResult)]
struct PassageRow {
    id: i64,
    document_id: String,
    version: String,
    start_char: i64,
    end_char: i64,
    page: Option<i64>,
    context: String,
    text: String,
    title: String,
    uri: String,
    access_class_id: i64,
    near_group: Option<i64>,
    modified_at: Option<i64>,
}

impl TryFrom<PassageRow> for Passage {
    type Error = Error;

    fn try_from(row: PassageRow) -> Result<Self> {
        let position = |at: i64| {
            usize::try_from(at).map_err(|_| Error::Schema(format!("chunk {} starts or ends at {at}", row.id)))
        };
        Ok(Self {
            chunk_id: ChunkId(row.id),
            span: Span { start: position(row.start_char)?, end: position(row.end_char)? },
            document_id: row.document_id.parse().map_err(Error::Schema)?,
            version: VersionHash::from_stored(row.version),
            title: row.title,
            uri: row.uri,
            page: row.page.and_then(|page| u32::try_from(page).ok()),
            context: row.context,
            text: row.text,
            score: 0.0,
            access: Some(domain::AccessClassId(row.access_class_id)),
            also_in: Vec::new(),
            near_group: row.near_group,
            modified_at: row.modified_at.map(from_micros).transpose()?,
        })
    }
}

impl TryFrom<document::Model> for DocumentSummary {
    type Error = Error;

    fn try_from(row: document::Model) -> Result<Self> {
        Ok(Self {
            id: row.id.parse().map_err(Error::Schema)?,
            title: row.title,
            uri: row.uri,
            media_type: row.media_type,
            version: VersionHash::from_stored(row.version),
            modified_at: row.modified_at.map(from_micros).transpose()?,
        })
    }
}
