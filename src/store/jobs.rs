//! Index jobs: one row per document and generation whose indexes must be brought in line with SQL.

use std::collections::{BTreeMap, BTreeSet};

use domain::{AccessClassId, ChunkId, DocumentId, GenerationId, Language, SourceId};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, OnConflict, Order, Query},
};

use crate::{
    Error, Result, Store,
    chunks::IN_LIST,
    entities::{chunk, document, index_generation, index_job, version},
    generations::{self, GenerationState},
    time::to_micros,
};

/// A document to index in a generation, held by one worker until its lease runs out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexJob {
    pub document: DocumentId,
    pub generation: GenerationId,
    /// Grows with each change of the document; hand it back when done.
    pub seq: i64,
    /// Failures since the document last changed.
    pub attempts: u32,
    /// How many chunks its document has now.
    pub chunks: u64,
}

/// What both indexes of a generation must hold for a document.
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

/// Why a document must be indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rank {
    /// It changed.
    Change,
    /// The generation is being built; it waits behind what changed.
    Build,
}

impl Rank {
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Change => 0,
            Self::Build => 1,
        }
    }
}

impl Store {
    /// Changed documents that the live indexes have not followed yet, due or waiting for another try.
    pub async fn pending_job_count(&self) -> Result<u64> {
        let live = generations::in_state(GenerationState::Live);
        let jobs = index_job::Entity::find()
            .filter(index_job::Column::Rank.eq(Rank::Change.number()))
            .filter(index_job::Column::Generation.in_subquery(live));
        Ok(jobs.count(self.read()).await?)
    }

    /// Jobs of one source, in all generations, that a change of a document made necessary.
    pub async fn source_job_count(&self, source: &SourceId) -> Result<u64> {
        let ours = index_job::Entity::find()
            .filter(index_job::Column::Rank.eq(Rank::Change.number()))
            .filter(index_job::Column::SourceId.eq(source.as_str()));
        Ok(ours.count(self.read()).await?)
    }

    /// Jobs of a generation of any kind: until there are none, its indexes hold something else than SQL says.
    pub async fn job_count(&self, generation: GenerationId) -> Result<u64> {
        let jobs = index_job::Entity::find().filter(index_job::Column::Generation.eq(generation.0));
        Ok(jobs.count(self.read()).await?)
    }

    /// Chunks of changed documents with a job, in all generations: what is left to index, as far as it is cut.
    pub async fn pending_chunk_count(&self) -> Result<u64> {
        let job = Query::select()
            .expr(Expr::val(1))
            .from(index_job::Entity)
            .and_where(
                Expr::col((index_job::Entity, index_job::Column::DocumentId))
                    .equals((chunk::Entity, chunk::Column::DocumentId)),
            )
            .and_where(
                Expr::col((index_job::Entity, index_job::Column::Generation))
                    .equals((chunk::Entity, chunk::Column::Generation)),
            )
            .and_where(index_job::Column::Rank.eq(Rank::Change.number()))
            .take();
        let waiting = Query::select()
            .column(index_job::Column::DocumentId)
            .from(index_job::Entity)
            .and_where(index_job::Column::Rank.eq(Rank::Change.number()))
            .take();
        let chunks =
            chunk::Entity::find().filter(chunk::Column::DocumentId.in_subquery(waiting)).filter(Expr::exists(job));
        Ok(chunks.count(self.read()).await?)
    }

    /// What the indexes of a generation must hold now, in the order of `documents`; unknown ids are left out.
    pub async fn index_state(&self, generation: GenerationId, documents: &[DocumentId]) -> Result<Vec<IndexState>> {
        let mut found = BTreeMap::new();
        for ids in documents.chunks(IN_LIST) {
            for state in self.states(generation, ids).await? {
                found.insert(state.document.clone(), state);
            }
        }
        Ok(documents.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// Documents of a source that a live index refused, each with the reason; they are tried again later.
    pub async fn put_off(&self, source: &SourceId) -> Result<Vec<(String, String)>> {
        let reasons: BTreeMap<String, Option<String>> = index_job::Entity::find()
            .select_only()
            .columns([index_job::Column::DocumentId, index_job::Column::Error])
            .filter(index_job::Column::Attempts.gt(0))
            .filter(index_job::Column::SourceId.eq(source.as_str()))
            .filter(index_job::Column::Generation.in_subquery(generations::in_state(GenerationState::Live)))
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

    /// Asks for every document to be indexed anew in a generation, as part of building it if that goes on.
    pub async fn enqueue_all(&self, generation: GenerationId, now: Timestamp) -> Result<()> {
        let tx = self.begin().await?;
        generations::lock_batches(&tx).await?;
        if generations::is_building(&tx, generation).await? {
            count_up(&tx, Condition::all()).await?;
            enqueue_build(&tx, generation, now).await?;
        } else {
            enqueue_generation(&tx, generation, now).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn states(&self, generation: GenerationId, ids: &[DocumentId]) -> Result<Vec<IndexState>> {
        use chunk::Column::{Context, DocumentId as Owner, Generation, Id, Ordinal, Text};
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
            .filter(Generation.eq(generation.0))
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

/// True for documents that must be found by chunks of their own: live, and no duplicate.
pub(crate) fn has_chunks() -> Condition {
    Condition::all().add(document::Column::DeletedAt.is_null()).add(document::Column::DuplicateOf.is_null())
}

/// Asks for `documents` to be indexed in every generation: part of the transaction that changed them.
pub(crate) async fn enqueue<C: ConnectionTrait>(
    db: &C,
    documents: &BTreeSet<DocumentId>,
    now: Timestamp,
) -> Result<()> {
    let ids: Vec<&str> = documents.iter().map(DocumentId::as_str).collect();
    for ids in ids.chunks(IN_LIST) {
        let some = Condition::all().add(document::Column::Id.is_in(ids.iter().copied()));
        count_up(db, some.clone()).await?;
        insert(db, some, in_kept(), Rank::Change, now).await?;
    }
    Ok(())
}

/// Asks for all documents to be indexed anew in one generation; no batch may run meanwhile.
pub(crate) async fn enqueue_generation<C: ConnectionTrait>(db: &C, id: GenerationId, now: Timestamp) -> Result<()> {
    count_up(db, Condition::all()).await?;
    insert(db, Condition::all(), index_generation::Column::Id.eq(id.0), Rank::Change, now).await
}

/// Asks for every document that has to be found to be indexed in a new generation; no batch may run meanwhile.
pub(crate) async fn enqueue_build<C: ConnectionTrait>(db: &C, id: GenerationId, now: Timestamp) -> Result<()> {
    insert(db, has_chunks(), index_generation::Column::Id.eq(id.0), Rank::Build, now).await
}

/// What is left of building a generation, the documents that were refused, is tried again as if it had changed.
pub(crate) async fn end_build<C: ConnectionTrait>(db: &C, id: GenerationId) -> Result<()> {
    index_job::Entity::update_many()
        .col_expr(index_job::Column::Rank, Expr::val(Rank::Change.number()))
        .filter(index_job::Column::Generation.eq(id.0))
        .exec(db)
        .await?;
    Ok(())
}

fn in_kept() -> Expr {
    index_generation::Column::State.ne(GenerationState::Dropping.as_str())
}

/// The number is kept with the document, not the job: a finished job's number must never come back. A lease stays: its
/// holder is still writing the older state, and gives the job back when it has.
async fn count_up<C: ConnectionTrait>(db: &C, documents: Condition) -> Result<()> {
    use document::Column::JobSeq;
    document::Entity::update_many().col_expr(JobSeq, Expr::col(JobSeq).add(1_i64)).filter(documents).exec(db).await?;
    Ok(())
}

async fn insert<C: ConnectionTrait>(
    db: &C,
    documents: Condition,
    generations: Expr,
    rank: Rank,
    now: Timestamp,
) -> Result<()> {
    use document::Column::{Id, JobSeq};
    use index_job::Column::{
        Attempts, CreatedAt, DocumentId, Error as Reason, Generation, RunAfter, Seq, SourceId as Source,
    };
    let rows = Query::select()
        .column((document::Entity, Id))
        .column((document::Entity, document::Column::SourceId))
        .column((index_generation::Entity, index_generation::Column::Id))
        .expr(Expr::val(rank.number()))
        .column((document::Entity, JobSeq))
        .expr(Expr::val(0_i64))
        .expr(Expr::val(to_micros(now)))
        .expr(Expr::val(to_micros(now)))
        .from(document::Entity)
        .from(index_generation::Entity)
        .and_where(generations)
        .cond_where(documents)
        .order_by((document::Entity, Id), Order::Asc)
        .order_by((index_generation::Entity, index_generation::Column::Id), Order::Asc)
        .take();
    let changed_again = OnConflict::columns([DocumentId, Generation])
        .update_columns([index_job::Column::Rank, Seq, Attempts, RunAfter])
        .value(Reason, Expr::val(None::<String>))
        .to_owned();
    let mut insert = Query::insert();
    insert
        .into_table(index_job::Entity)
        .columns([DocumentId, Source, Generation, index_job::Column::Rank, Seq, Attempts, RunAfter, CreatedAt])
        .on_conflict(changed_again);
    insert.select_from(rows).map_err(|error| sea_orm::DbErr::Custom(error.to_string()))?;
    db.execute(&insert).await?;
    Ok(())
}
