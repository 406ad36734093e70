//! Takes a whole source out: first its documents out of the search, then every trace of it.

use domain::SourceId;
use jiff::Timestamp;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Query};

use crate::{
    Error, Result, Store, Write,
    entities::{chunk, document, failure, index_job, source, version},
    generations::{self, GenerationState},
};

/// Documents marked deleted in one transaction.
const BATCH: u64 = 500;

/// How many of a source's items are where. Figures only: they need no viewer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct SourceCounts {
    /// Live documents.
    pub documents: u64,
    /// Of these: in both live indexes as they are now.
    pub indexed: u64,
    /// Of these: the very text of another document, which answers for them.
    pub duplicates: u64,
    pub failed: u64,
}

impl Store {
    pub async fn source_counts(&self, source: &SourceId) -> Result<SourceCounts> {
        let live = || {
            document::Entity::find()
                .filter(document::Column::SourceId.eq(source.as_str()))
                .filter(document::Column::DeletedAt.is_null())
        };
        let waiting = Query::select()
            .column(index_job::Column::DocumentId)
            .from(index_job::Entity)
            .and_where(index_job::Column::Generation.in_subquery(generations::in_state(GenerationState::Live)))
            .take();
        let documents = live().count(self.read()).await?;
        let indexed = live().filter(document::Column::Id.not_in_subquery(waiting)).count(self.read()).await?;
        let duplicates = live().filter(document::Column::DuplicateOf.is_not_null()).count(self.read()).await?;
        let failures = failure::Entity::find().filter(failure::Column::SourceId.eq(source.as_str()));
        Ok(SourceCounts { documents, indexed, duplicates, failed: failures.count(self.read()).await? })
    }

    /// Items of the source that failed and of which no document is live.
    pub async fn never_read_count(&self, source: &SourceId) -> Result<u64> {
        let live = Query::select()
            .column(document::Column::ExternalKey)
            .from(document::Entity)
            .and_where(document::Column::SourceId.eq(source.as_str()))
            .and_where(document::Column::DeletedAt.is_null())
            .take();
        let failures = failure::Entity::find()
            .filter(failure::Column::SourceId.eq(source.as_str()))
            .filter(failure::Column::ExternalKey.not_in_subquery(live));
        Ok(failures.count(self.read()).await?)
    }

    /// Marks up to a batch of the source's documents deleted; the indexes follow by their jobs. `false` when none was left.
    pub async fn delete_some(&self, id: &SourceId, now: Timestamp) -> Result<bool> {
        let documents: Vec<String> = document::Entity::find()
            .select_only()
            .column(document::Column::Id)
            .filter(document::Column::SourceId.eq(id.as_str()))
            .filter(document::Column::DeletedAt.is_null())
            .order_by_asc(document::Column::Id)
            .limit(BATCH)
            .into_tuple()
            .all(self.read())
            .await?;
        let writes: Result<Vec<Write>> = documents
            .iter()
            .map(|document| Ok(Write::Delete { document: document.parse().map_err(Error::Schema)? }))
            .collect();
        let writes = writes?;
        if writes.is_empty() {
            return Ok(false);
        }
        self.apply_batch(id, writes, None, now).await?;
        Ok(true)
    }

    /// Forgets the source and everything it brought, all versions included.
    ///
    /// # Errors
    /// [`Error::Conflict`] while a document of it is live or the indexes may still hold one.
    pub async fn purge_source(&self, id: &SourceId) -> Result<()> {
        let tx = self.begin().await?;
        source::Entity::find_by_id(id.as_str()).lock_exclusive().one(&tx).await?;
        let ours = || {
            Query::select()
                .column(document::Column::Id)
                .from(document::Entity)
                .and_where(document::Column::SourceId.eq(id.as_str()))
                .take()
        };
        let live = document::Entity::find()
            .filter(document::Column::SourceId.eq(id.as_str()))
            .filter(document::Column::DeletedAt.is_null());
        let jobs = index_job::Entity::find().filter(index_job::Column::DocumentId.in_subquery(ours()));
        if live.count(&tx).await? > 0 || jobs.count(&tx).await? > 0 {
            return Err(Error::Conflict(format!("source {id} still has documents in the indexes")));
        }
        chunk::Entity::delete_many().filter(chunk::Column::DocumentId.in_subquery(ours())).exec(&tx).await?;
        version::Entity::delete_many().filter(version::Column::DocumentId.in_subquery(ours())).exec(&tx).await?;
        document::Entity::delete_many().filter(document::Column::SourceId.eq(id.as_str())).exec(&tx).await?;
        source::Entity::delete_by_id(id.as_str()).exec(&tx).await?;
        Ok(tx.commit().await?)
    }
}
