//! Deletion receipts: for every document that was deleted, when each part stopped holding it.

use domain::{DocumentId, GenerationId, SourceId};
use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, OnConflict, Query},
};
use serde::Serialize;

use crate::{
    Error, Result, Store, answers,
    documents::Batch,
    entities::{document, index_job, receipt, source},
    generations::{self, GenerationState},
    time::{from_micros, to_micros},
    versions,
};

/// A deletion, and how far it has come.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Receipt {
    pub document: DocumentId,
    pub source: SourceId,
    /// As the source was called then.
    pub source_name: String,
    pub external_id: String,
    /// When SQL let go of its title, address, chunks and versions, and of the words of stored answers: one transaction.
    pub deleted_at: Timestamp,
    /// How many versions and stored answers were erased.
    pub versions: u64,
    pub answers: u64,
    /// When each index had flushed without it; `None` while that is to come.
    pub keyword_at: Option<Timestamp>,
    pub vector_at: Option<Timestamp>,
}

/// When both indexes had flushed a group of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flushed {
    pub keyword: Timestamp,
    pub vector: Timestamp,
}

impl Store {
    /// Up to `limit` deletions, newest first: of one source or all, of the item `external_id` or all.
    pub async fn receipts(
        &self,
        source: Option<&SourceId>,
        external_id: Option<&str>,
        limit: u64,
    ) -> Result<Vec<Receipt>> {
        use receipt::Column;
        let mut query = receipt::Entity::find();
        if let Some(source) = source {
            query = query.filter(Column::SourceId.eq(source.as_str()));
        }
        if let Some(external_id) = external_id {
            query = query.filter(Column::ExternalId.eq(external_id.replace('\0', "")));
        }
        let rows = query
            .order_by_desc(Column::DeletedAt)
            .order_by_asc(Column::DocumentId)
            .limit(limit)
            .all(self.read())
            .await?;
        rows.into_iter().map(Receipt::try_from).collect()
    }
}

impl TryFrom<receipt::Model> for Receipt {
    type Error = Error;

    fn try_from(row: receipt::Model) -> Result<Self> {
        Ok(Self {
            document: row.document_id.parse().map_err(Error::Schema)?,
            source: row.source_id.parse().map_err(Error::Schema)?,
            source_name: row.source_name,
            external_id: row.external_id,
            deleted_at: from_micros(row.deleted_at)?,
            versions: row.versions.unsigned_abs(),
            answers: row.answers.unsigned_abs(),
            keyword_at: row.keyword_at.map(from_micros).transpose()?,
            vector_at: row.vector_at.map(from_micros).transpose()?,
        })
    }
}

/// Erases what is stored of a document beside its row, and writes the receipt: part of the transaction that deletes it.
pub(crate) async fn erase(batch: &Batch<'_>, row: &document::Model, id: &DocumentId) -> Result<()> {
    let versions = versions::erase(batch.db, id).await?;
    let answers = answers::erase(batch.db, id, batch.now).await?;
    let name: Option<String> = source::Entity::find_by_id(row.source_id.as_str())
        .select_only()
        .column(source::Column::Name)
        .into_tuple()
        .one(batch.db)
        .await?;
    let receipt = receipt::ActiveModel {
        document_id: Set(row.id.clone()),
        deleted_at: Set(to_micros(batch.now)),
        source_id: Set(row.source_id.clone()),
        source_name: Set(name.unwrap_or_default()),
        external_id: Set(row.external_id.clone()),
        versions: Set(i64::try_from(versions).unwrap_or(i64::MAX)),
        answers: Set(i64::try_from(answers).unwrap_or(i64::MAX)),
        keyword_at: Set(None),
        vector_at: Set(None),
    };
    // A clock that stands still may delete a document twice at one time.
    let again = OnConflict::columns([receipt::Column::DocumentId, receipt::Column::DeletedAt])
        .update_columns([receipt::Column::KeywordAt, receipt::Column::VectorAt])
        .to_owned();
    receipt::Entity::insert(receipt).on_conflict(again).exec_without_returning(batch.db).await?;
    Ok(())
}

/// Notes that both indexes of every generation have followed for the jobs that `done` selects, those of `generation` being
/// the last: part of the transaction that finishes them. While a generation is being deleted, it may hold anything.
pub(crate) async fn note<C: ConnectionTrait>(
    db: &C,
    generation: GenerationId,
    done: Condition,
    flushed: Flushed,
) -> Result<()> {
    let elsewhere = Query::select()
        .column(index_job::Column::DocumentId)
        .from(index_job::Entity)
        .and_where(index_job::Column::Generation.ne(generation.0))
        .take();
    let documents = Query::select()
        .column(index_job::Column::DocumentId)
        .from(index_job::Entity)
        .cond_where(done)
        .and_where(index_job::Column::DocumentId.not_in_subquery(elsewhere))
        .and_where(Expr::exists(generations::in_state(GenerationState::Dropping)).not())
        .take();
    receipt::Entity::update_many()
        .col_expr(receipt::Column::KeywordAt, Expr::val(to_micros(flushed.keyword)))
        .col_expr(receipt::Column::VectorAt, Expr::val(to_micros(flushed.vector)))
        .filter(receipt::Column::DocumentId.in_subquery(documents))
        .filter(receipt::Column::KeywordAt.is_null())
        .exec(db)
        .await?;
    Ok(())
}

/// Notes what nothing holds any more, once a generation is deleted: part of the transaction that forgets it.
pub(crate) async fn note_forgotten<C: ConnectionTrait>(db: &C, now: Timestamp) -> Result<()> {
    let waiting = Query::select().column(index_job::Column::DocumentId).from(index_job::Entity).take();
    receipt::Entity::update_many()
        .col_expr(receipt::Column::KeywordAt, Expr::val(to_micros(now)))
        .col_expr(receipt::Column::VectorAt, Expr::val(to_micros(now)))
        .filter(receipt::Column::KeywordAt.is_null())
        .filter(receipt::Column::DocumentId.not_in_subquery(waiting))
        .filter(Expr::exists(generations::in_state(GenerationState::Dropping)).not())
        .exec(db)
        .await?;
    Ok(())
}
