//! Who works on which index jobs: claimed in turns from all sources, held by a lease, finished or put off.

use std::collections::{BTreeMap, BTreeSet};

use domain::{DocumentId, GenerationId};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, LockBehavior, LockType},
};

use crate::{
    Error, Flushed, IndexJob, Result, Store,
    chunks::IN_LIST,
    entities::{chunk, index_job, sync},
    jobs::Rank,
    receipts,
    time::to_micros,
};

/// Pairs of document and number per statement: SQLite nests them, at most a thousand deep.
const PAIRS: usize = 200;

/// Which jobs to work on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jobs<'a> {
    /// Those of changed documents, in any of these generations.
    Changed(&'a [GenerationId]),
    /// What is left of building this generation.
    Building(GenerationId),
}

impl Jobs<'_> {
    fn condition(self) -> Condition {
        use index_job::Column::{Generation, Rank as Order};
        match self {
            Jobs::Changed(open) => Condition::all()
                .add(Order.eq(Rank::Change.number()))
                .add(Generation.is_in(open.iter().map(|generation| generation.0))),
            Jobs::Building(generation) => {
                Condition::all().add(Order.eq(Rank::Build.number())).add(Generation.eq(generation.0))
            }
        }
    }
}

impl Store {
    /// Takes up to `limit` jobs that are due for `worker` until `lease_until`: as many from each source, so that a large one
    /// holds up no other, and of each the longest due first.
    pub async fn claim_jobs(
        &self,
        worker: &str,
        which: Jobs<'_>,
        limit: u64,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<IndexJob>> {
        use index_job::Column::{DocumentId as Id, Generation, LeaseUntil, RunAfter, SourceId, Worker};
        let due = which
            .condition()
            .add(RunAfter.lte(to_micros(now)))
            .add(Condition::any().add(LeaseUntil.is_null()).add(LeaseUntil.lte(to_micros(now))));
        let sources: Vec<String> = index_job::Entity::find()
            .select_only()
            .column(SourceId)
            .distinct()
            .filter(due.clone())
            .into_tuple()
            .all(self.read())
            .await?;
        if sources.is_empty() {
            return Ok(Vec::new());
        }
        let share = Ord::max(limit / sources.len() as u64, 1);
        let tx = self.begin().await?;
        let mut claimed = Vec::new();
        for source in &sources {
            let rows = index_job::Entity::find()
                .filter(SourceId.eq(source))
                .filter(due.clone())
                .order_by_asc(RunAfter)
                .order_by_asc(Id)
                .limit(share)
                .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
                .all(&tx)
                .await?;
            claimed.extend(rows);
        }
        let mut by_generation: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
        for row in &claimed {
            by_generation.entry(row.generation).or_default().push(&row.document_id);
        }
        let mut chunks = BTreeMap::new();
        for (generation, ids) in by_generation {
            for ids in ids.chunks(IN_LIST) {
                index_job::Entity::update_many()
                    .col_expr(Worker, Expr::val(worker))
                    .col_expr(LeaseUntil, Expr::val(to_micros(lease_until)))
                    .filter(Generation.eq(generation))
                    .filter(Id.is_in(ids.iter().copied()))
                    .exec(&tx)
                    .await?;
            }
            chunks.insert(generation, chunk_counts(&tx, generation, &ids).await?);
        }
        tx.commit().await?;
        let job = |row: index_job::Model| {
            let chunks = chunks.get(&row.generation).and_then(|counts| counts.get(&row.document_id)).copied();
            let document = row.document_id.parse().map_err(Error::Schema)?;
            let attempts = u32::try_from(row.attempts).unwrap_or(u32::MAX);
            let generation = GenerationId(row.generation);
            Ok(IndexJob { document, generation, seq: row.seq, attempts, chunks: chunks.unwrap_or_default() })
        };
        claimed.into_iter().map(job).collect()
    }

    /// Moves the lease of everything `worker` holds on, and returns what it holds.
    pub async fn renew_jobs(
        &self,
        worker: &str,
        lease_until: Timestamp,
    ) -> Result<BTreeSet<(DocumentId, GenerationId)>> {
        let ours = index_job::Column::Worker.eq(worker);
        index_job::Entity::update_many()
            .col_expr(index_job::Column::LeaseUntil, Expr::val(to_micros(lease_until)))
            .filter(ours.clone())
            .exec(self.write())
            .await?;
        let held: Vec<(String, i64)> = index_job::Entity::find()
            .select_only()
            .columns([index_job::Column::DocumentId, index_job::Column::Generation])
            .filter(ours)
            .into_tuple()
            .all(self.read())
            .await?;
        held.into_iter()
            .map(|(id, generation)| Ok((id.parse().map_err(Error::Schema)?, GenerationId(generation))))
            .collect()
    }

    /// Removes jobs of a generation whose document has not changed since they were claimed; the others are given back.
    pub async fn finish_jobs(
        &self,
        worker: &str,
        generation: GenerationId,
        done: &[(DocumentId, i64)],
        flushed: Flushed,
    ) -> Result<()> {
        use index_job::Column::{DocumentId as Id, Generation, LeaseUntil, Seq, Worker};
        if done.is_empty() {
            return Ok(());
        }
        let tx = self.begin().await?;
        for done in done.chunks(PAIRS) {
            // Rows are locked in one order everywhere, or PostgreSQL sees deadlocks. Those of all generations: a document is
            // gone when the last of them has let go of it.
            let ids = || done.iter().map(|(id, _)| id.as_str());
            let listed = index_job::Entity::find().filter(Id.is_in(ids())).order_by_asc(Id).order_by_asc(Generation);
            listed.lock_exclusive().all(&tx).await?;
            let unchanged =
                done.iter().fold(Condition::any(), |any, (id, seq)| any.add(Id.eq(id.as_str()).and(Seq.eq(*seq))));
            let finished = Condition::all().add(Generation.eq(generation.0)).add(unchanged).add(Worker.eq(worker));
            receipts::note(&tx, generation, finished.clone(), flushed).await?;
            index_job::Entity::delete_many().filter(finished).exec(&tx).await?;
            index_job::Entity::update_many()
                .col_expr(LeaseUntil, Expr::val(None::<i64>))
                .col_expr(Worker, Expr::val(None::<String>))
                .filter(Generation.eq(generation.0))
                .filter(Id.is_in(ids()))
                .filter(Worker.eq(worker))
                .exec(&tx)
                .await?;
        }
        Ok(tx.commit().await?)
    }

    /// Lets others have those of the claimed jobs that were neither finished nor put off.
    pub async fn give_back_jobs(&self, worker: &str, claimed: &[(DocumentId, GenerationId)]) -> Result<()> {
        use index_job::Column::{DocumentId as Id, Generation, LeaseUntil, Worker};
        let documents: BTreeSet<&str> = claimed.iter().map(|(id, _)| id.as_str()).collect();
        let generations: BTreeSet<i64> = claimed.iter().map(|(_, generation)| generation.0).collect();
        let documents: Vec<&str> = documents.into_iter().collect();
        for ids in documents.chunks(IN_LIST) {
            let ours = Condition::all()
                .add(Id.is_in(ids.iter().copied()))
                .add(Generation.is_in(generations.iter().copied()))
                .add(Worker.eq(worker));
            let tx = self.begin().await?;
            // In one order everywhere, or PostgreSQL sees deadlocks.
            let held = index_job::Entity::find().filter(ours.clone()).order_by_asc(Id).order_by_asc(Generation);
            if !held.lock_exclusive().all(&tx).await?.is_empty() {
                index_job::Entity::update_many()
                    .col_expr(LeaseUntil, Expr::val(None::<i64>))
                    .col_expr(Worker, Expr::val(None::<String>))
                    .filter(ours)
                    .exec(&tx)
                    .await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }

    /// Puts a job off until `run_after`, unless its document has changed since it was claimed; gives it back in any case.
    pub async fn fail_job(&self, job: &IndexJob, error: &str, run_after: Timestamp) -> Result<()> {
        use index_job::Column::{
            Attempts, DocumentId as Id, Error as Reason, Generation, LeaseUntil, RunAfter, Seq, Worker,
        };
        let given_back = || {
            index_job::Entity::update_many()
                .col_expr(LeaseUntil, Expr::val(None::<i64>))
                .col_expr(Worker, Expr::val(None::<String>))
                .filter(Id.eq(job.document.as_str()))
                .filter(Generation.eq(job.generation.0))
        };
        let tx = self.begin().await?;
        given_back()
            .col_expr(Attempts, Expr::col(Attempts).add(1_i64))
            .col_expr(Reason, Expr::val(error.replace('\0', "")))
            .col_expr(RunAfter, Expr::val(to_micros(run_after)))
            .filter(Seq.eq(job.seq))
            .exec(&tx)
            .await?;
        given_back().exec(&tx).await?;
        Ok(tx.commit().await?)
    }

    /// Frees what a worker that is no more still holds, syncs and index jobs. For whoever is alone on the database.
    pub async fn release_leases(&self) -> Result<()> {
        let tx = self.begin().await?;
        index_job::Entity::update_many()
            .col_expr(index_job::Column::LeaseUntil, Expr::val(None::<i64>))
            .col_expr(index_job::Column::Worker, Expr::val(None::<String>))
            .filter(index_job::Column::Worker.is_not_null())
            .exec(&tx)
            .await?;
        sync::Entity::update_many()
            .col_expr(sync::Column::LeaseUntil, Expr::val(0_i64))
            .filter(sync::Column::LeaseUntil.is_not_null())
            .exec(&tx)
            .await?;
        Ok(tx.commit().await?)
    }
}

async fn chunk_counts(tx: &DatabaseTransaction, generation: i64, ids: &[&str]) -> Result<BTreeMap<String, u64>> {
    use chunk::Column::{DocumentId as Owner, Generation, Id};
    let mut counts = BTreeMap::new();
    for ids in ids.chunks(IN_LIST) {
        let rows: Vec<(String, i64)> = chunk::Entity::find()
            .select_only()
            .column(Owner)
            .column_as(Id.count(), "chunks")
            .filter(Owner.is_in(ids.iter().copied()))
            .filter(Generation.eq(generation))
            .group_by(Owner)
            .into_tuple()
            .all(tx)
            .await?;
        counts.extend(rows.into_iter().map(|(owner, chunks)| (owner, chunks.unsigned_abs())));
    }
    Ok(counts)
}
