//! What a source holds that could not be ingested, by name and reason.

use std::collections::BTreeSet;

use domain::SourceId;
use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict, Query},
};

use crate::{
    Error, Result, Store,
    chunks::{IN_LIST, without_nul},
    documents::{Batch, external_key},
    entities::{document, failure, index_job, source},
    sync::lock,
    time::{from_micros, to_micros},
};

/// A failure that no later success has cleared.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub source: SourceId,
    pub external_id: String,
    /// What a person knows it by: a file name, a URI.
    pub name: String,
    pub reason: String,
    /// Of the bytes that failed, where they could be fetched.
    pub raw_hash: Option<String>,
    /// What the source calls the state that failed.
    pub revision: Option<String>,
    pub at: Timestamp,
}

/// A failure to record.
pub(crate) struct NewFailure {
    pub external_id: String,
    pub name: String,
    pub reason: String,
    pub raw_hash: Option<String>,
    pub revision: Option<String>,
}

impl Store {
    /// The open failures of one source or of all, newest first.
    pub async fn failures(&self, source: Option<&SourceId>) -> Result<Vec<Failure>> {
        let mut query = failure::Entity::find();
        if let Some(source) = source {
            query = query.filter(failure::Column::SourceId.eq(source.as_str()));
        }
        let rows =
            query.order_by_desc(failure::Column::FailedAt).order_by_asc(failure::Column::Name).all(self.read()).await?;
        rows.into_iter().map(Failure::try_from).collect()
    }

    /// The open failures of a source among these external ids.
    pub async fn failures_among(&self, source: &SourceId, external_ids: &[String]) -> Result<Vec<Failure>> {
        let mut found = Vec::new();
        for ids in external_ids.chunks(IN_LIST) {
            let rows = failure::Entity::find()
                .filter(failure::Column::SourceId.eq(source.as_str()))
                .filter(failure::Column::ExternalKey.is_in(ids.iter().map(|id| external_key(id))))
                .all(self.read())
                .await?;
            for row in rows {
                found.push(row.try_into()?);
            }
        }
        Ok(found)
    }
}

impl Store {
    /// Lets everything of the source that could not be read or indexed, or the one item, be tried again: as if it were new
    /// to its next sync, which starts over. Returns how many items that are.
    pub async fn retry_failures(&self, source: &SourceId, item: Option<&str>, now: Timestamp) -> Result<u64> {
        let tx = self.begin().await?;
        lock(&tx, source).await?;
        let mut failed = failure::Entity::update_many()
            .col_expr(failure::Column::RawHash, Expr::val(None::<String>))
            .col_expr(failure::Column::Revision, Expr::val(None::<String>))
            .filter(failure::Column::SourceId.eq(source.as_str()));
        let mut put_off = index_job::Entity::update_many()
            .col_expr(index_job::Column::RunAfter, Expr::val(to_micros(now)))
            .filter(index_job::Column::SourceId.eq(source.as_str()))
            .filter(index_job::Column::Attempts.gt(0));
        if let Some(item) = item {
            let key = external_key(item);
            failed = failed.filter(failure::Column::ExternalKey.eq(key.as_str()));
            let named = Query::select()
                .column(document::Column::Id)
                .from(document::Entity)
                .and_where(document::Column::SourceId.eq(source.as_str()))
                .and_where(document::Column::ExternalKey.eq(key.as_str()))
                .take();
            put_off = put_off.filter(index_job::Column::DocumentId.in_subquery(named));
        }
        let failed = failed.exec(&tx).await?.rows_affected;
        let put_off = put_off.exec(&tx).await?.rows_affected;
        if failed > 0 {
            source::Entity::update_many()
                .col_expr(source::Column::Cursor, Expr::val(None::<String>))
                .filter(source::Column::Id.eq(source.as_str()))
                .exec(&tx)
                .await?;
        }
        tx.commit().await?;
        Ok(failed + put_off)
    }
}

impl TryFrom<failure::Model> for Failure {
    type Error = Error;

    fn try_from(row: failure::Model) -> Result<Self> {
        Ok(Self {
            source: row.source_id.parse().map_err(Error::Schema)?,
            external_id: row.external_id,
            name: row.name,
            reason: row.reason,
            raw_hash: row.raw_hash,
            revision: row.revision,
            at: from_micros(row.failed_at)?,
        })
    }
}

pub(crate) async fn record(batch: &mut Batch<'_>, new: NewFailure) -> Result<()> {
    use failure::Column::{ExternalKey, FailedAt, Name, RawHash, Reason, Revision};
    let key = external_key(&new.external_id);
    batch.failed.insert(key.clone());
    let row = failure::ActiveModel {
        source_id: Set(batch.source.to_string()),
        external_key: Set(key),
        external_id: Set(without_nul(new.external_id)),
        name: Set(without_nul(new.name)),
        reason: Set(without_nul(new.reason)),
        raw_hash: Set(new.raw_hash),
        revision: Set(new.revision.map(without_nul)),
        failed_at: Set(to_micros(batch.now)),
    };
    let again = OnConflict::columns([failure::Column::SourceId, ExternalKey])
        .update_columns([Name, Reason, RawHash, Revision, FailedAt])
        .to_owned();
    failure::Entity::insert(row).on_conflict(again).exec_without_returning(batch.db).await?;
    Ok(())
}

pub(crate) async fn clear(batch: &mut Batch<'_>, external_id: &str) -> Result<()> {
    let key = external_key(external_id);
    if !batch.failed.remove(&key) {
        return Ok(());
    }
    failure::Entity::delete_many()
        .filter(failure::Column::SourceId.eq(batch.source.as_str()))
        .filter(failure::Column::ExternalKey.eq(key))
        .exec(batch.db)
        .await?;
    Ok(())
}

/// What has failed and not been cleared, by [`external_key`].
pub(crate) async fn keys<C: ConnectionTrait>(db: &C, source: &SourceId) -> Result<BTreeSet<String>> {
    let keys: Vec<String> = failure::Entity::find()
        .select_only()
        .column(failure::Column::ExternalKey)
        .filter(failure::Column::SourceId.eq(source.as_str()))
        .into_tuple()
        .all(db)
        .await?;
    Ok(keys.into_iter().collect())
}
