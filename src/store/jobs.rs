//! Index jobs: one row per document that the indexes must be brought in line with SQL for.

use std::collections::{BTreeMap, BTreeSet};

use domain::{AccessClassId, ChunkId, DocumentId, Language, SourceId};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, OnConflict, Order, Query},
};

use crate::{
    Error, Result, Store,
    chunks::IN_LIST,
    entities::{chunk, document, index_job, source, version},
    time::to_micros,
};

/// A document to index, held by one worker until its lease runs out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexJob {
    pub document: DocumentId,
    /// Grows with each change of the document; hand it back when done.
    pub seq: i64,
    /// Failures since the document last changed.
    pub attempts: u32,
    /// How many chunks its document has now.
    pub chunks: u64,
}

/// What both indexes must hold for a document.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexState {
    pub document: DocumentId,
    pub access: AccessClassId,
    pub title: String,
    /// Of the live version.
    pub language: Option<Language>,
    /// In reading order; empty when the document must not be found: deleted, or a duplicate.
    pub chunks: Vec<StoredChunk>,
}

/// A chunk as it is indexed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredChunk {
    pub id: ChunkId,
    pub context: String,
    pub text: String,
}

impl Store {
    /// Jobs, due or waiting for another try.
    pub async fn pending_job_count(&self) -> Result<u64> {
        Ok(index_job::Entity::find().count(self.read()).await?)
    }

    /// Jobs of one source.
    pub async fn source_job_count(&self, source: &SourceId) -> Result<u64> {
        let ours = index_job::Entity::find().filter(index_job::Column::SourceId.eq(source.as_str()));
        Ok(ours.count(self.read()).await?)
    }

    /// Chunks of documents with a job: what is left to index.
    pub async fn pending_chunk_count(&self) -> Result<u64> {
        let waiting = Query::select().column(index_job::Column::DocumentId).from(index_job::Entity).take();
        let chunks = chunk::Entity::find().filter(chunk::Column::DocumentId.in_subquery(waiting));
        Ok(chunks.count(self.read()).await?)
    }

    /// What the indexes must hold now, in the order of `documents`; unknown ids are left out.
    pub async fn index_state(&self, documents: &[DocumentId]) -> Result<Vec<IndexState>> {
        let mut found = BTreeMap::new();
        for ids in documents.chunks(IN_LIST) {
            for state in self.states(ids).await? {
                found.insert(state.document.clone(), state);
            }
        }
        Ok(documents.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// Documents of a source that an index refused, each with the reason; they are tried again later.
    pub async fn put_off(&self, source: &SourceId) -> Result<Vec<(String, String)>> {
        let reasons: BTreeMap<String, Option<String>> = index_job::Entity::find()
            .select_only()
            .columns([index_job::Column::DocumentId, index_job::Column::Error])
            .filter(index_job::Column::Attempts.gt(0))
            .filter(index_job::Column::SourceId.eq(source.as_str()))
            .into_tuple::<(String, Option<String>)>()
            .all(self.read())
            .await?
            .into_iter()
            .collect();
        let ids: Vec<&String> = reasons.keys().collect();
        let mut put_off = Vec::new();
        for ids in ids.chunks(IN_LIST) {
            let names: Vec<(String, String)> = document::Entity::find()
                .select_only()
                .columns([document::Column::Id, document::Column::ExternalId])
                .filter(document::Column::Id.is_in(ids.iter().copied()))
                .into_tuple()
                .all(self.read())
                .await?;
            let reason = |id: &String| reasons.get(id).cloned().flatten().unwrap_or_default();
            put_off.extend(names.into_iter().map(|(id, name)| (name, reason(&id))));
        }
        put_off.sort();
        Ok(put_off)
    }

    /// Asks for every document, live or deleted, to be indexed anew.
    pub async fn enqueue_all(&self, now: Timestamp) -> Result<()> {
        let tx = self.begin().await?;
        // No batch of any source meanwhile.
        source::Entity::find().order_by_asc(source::Column::Id).lock_exclusive().all(&tx).await?;
        enqueue_where(&tx, Condition::all(), now).await?;
        Ok(tx.commit().await?)
    }

    async fn states(&self, ids: &[DocumentId]) -> Result<Vec<IndexState>> {
        use chunk::Column::{Context, DocumentId as Owner, Id, Ordinal, Text};
        use document::Column;
        let names = || ids.iter().map(DocumentId::as_str);
        let rows: Vec<(String, i64, String)> = document::Entity::find()
            .select_only()
            .columns([Column::Id, Column::AccessClassId, Column::Title])
            .filter(Column::Id.is_in(names()))
            .into_tuple()
            .all(self.read())
            .await?;
        let chunks: Vec<(String, i64, String, String)> = chunk::Entity::find()
            .select_only()
            .columns([Owner, Id, Context, Text])
            .filter(Owner.is_in(names()))
            .order_by_asc(Owner)
            .order_by_asc(Ordinal)
            .into_tuple()
            .all(self.read())
            .await?;
        let mut by_document: BTreeMap<String, Vec<StoredChunk>> = BTreeMap::new();
        for (owner, id, context, text) in chunks {
            by_document.entry(owner).or_default().push(StoredChunk { id: ChunkId(id), context, text });
        }
        let mut languages = self.languages(ids).await?;
        rows.into_iter()
            .map(|(id, access, title)| {
                let chunks = by_document.remove(&id).unwrap_or_default();
                let language = languages.remove(&id);
                let document = id.parse().map_err(Error::Schema)?;
                Ok(IndexState { document, access: AccessClassId(access), title, language, chunks })
            })
            .collect()
    }

    /// Of the live versions, where they are known.
    async fn languages(&self, ids: &[DocumentId]) -> Result<BTreeMap<String, Language>> {
        use version::Column::{DocumentId as Owner, Hash, Language as Name};
        let live = Query::select()
            .columns([document::Column::Id, document::Column::Version])
            .from(document::Entity)
            .and_where(Expr::col(document::Column::Id).is_in(ids.iter().map(DocumentId::as_str)))
            .take();
        let rows: Vec<(String, Option<String>)> = version::Entity::find()
            .select_only()
            .columns([Owner, Name])
            .filter(Expr::tuple([Expr::col(Owner), Expr::col(Hash)]).in_subquery(live))
            .into_tuple()
            .all(self.read())
            .await?;
        Ok(rows.into_iter().filter_map(|(id, code)| Some((id, Language::new(&code?)))).collect())
    }
}

/// Asks for `documents` to be indexed: part of the transaction that changed them.
pub(crate) async fn enqueue<C: ConnectionTrait>(
    db: &C,
    documents: &BTreeSet<DocumentId>,
    now: Timestamp,
) -> Result<()> {
    let ids: Vec<&str> = documents.iter().map(DocumentId::as_str).collect();
    for ids in ids.chunks(IN_LIST) {
        let some = Condition::all().add(document::Column::Id.is_in(ids.iter().copied()));
        enqueue_where(db, some, now).await?;
    }
    Ok(())
}

/// The number is kept with the document, not the job: a finished job's number must never come back. A lease stays: its
/// holder is still writing the older state, and gives the job back when it has.
async fn enqueue_where<C: ConnectionTrait>(db: &C, which: Condition, now: Timestamp) -> Result<()> {
    use document::Column::{Id, JobSeq};
    use index_job::Column::{Attempts, CreatedAt, DocumentId, Error as Reason, RunAfter, Seq, SourceId as Source};
    document::Entity::update_many()
        .col_expr(JobSeq, Expr::col(JobSeq).add(1_i64))
        .filter(which.clone())
        .exec(db)
        .await?;
    let rows = Query::select()
        .columns([Id, document::Column::SourceId, JobSeq])
        .expr(Expr::val(0_i64))
        .expr(Expr::val(to_micros(now)))
        .expr(Expr::val(to_micros(now)))
        .from(document::Entity)
        // SQLite cannot parse ON CONFLICT after a SELECT without WHERE.
        .and_where(Expr::val(1).eq(1))
        .cond_where(which)
        .order_by(Id, Order::Asc)
        .take();
    let changed_again = OnConflict::column(DocumentId)
        .update_columns([Seq, Attempts, RunAfter])
        .value(Reason, Expr::val(None::<String>))
        .to_owned();
    let mut insert = Query::insert();
    insert
        .into_table(index_job::Entity)
        .columns([DocumentId, Source, Seq, Attempts, RunAfter, CreatedAt])
        .on_conflict(changed_again);
    insert.select_from(rows).map_err(|error| sea_orm::DbErr::Custom(error.to_string()))?;
    db.execute(&insert).await?;
    Ok(())
}
