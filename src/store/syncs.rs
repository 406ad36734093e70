//! Where each source's sync stands: due, claimed by one worker, waiting with a reason, or done.

use domain::SourceId;
use jiff::Timestamp;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect, UpdateMany,
    sea_query::{Expr, ExprTrait, LockBehavior, LockType, OnConflict},
};
use serde::Serialize;

use crate::{
    Error, Result, Store,
    entities::sync::{ActiveModel, Column, Entity, Model},
    time::{from_micros, to_micros},
};

/// What a source's sync is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SyncState {
    /// Nothing to do until the next time.
    Idle,
    /// Due; the next free worker takes it.
    Queued,
    Running,
    /// Broke off and is tried again at `run_after`; the reason says why.
    Waiting,
    /// Broke off; a person has to act. The reason says on what.
    Failed,
    /// Its documents are being taken out of the indexes, then it is gone.
    Removing,
}

impl SyncState {
    const ALL: [Self; 6] = [Self::Idle, Self::Queued, Self::Running, Self::Waiting, Self::Failed, Self::Removing];

    fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::Removing => "removing",
        }
    }
}

/// The sync that is due, runs or ran last.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncStatus {
    pub source: SourceId,
    pub state: SyncState,
    /// When it runs next by itself.
    pub run_after: Option<Timestamp>,
    /// Tries since the last success.
    pub attempts: u32,
    /// Why it waits or failed.
    pub reason: Option<String>,
    /// Items visited of the running or last sync, and how many there are, as far as known.
    pub done: u64,
    pub total: Option<u64>,
    /// How many items the source held at its last complete listing.
    pub listed: Option<u64>,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    pub succeeded_at: Option<Timestamp>,
    /// What the last sync did, as JSON.
    pub summary: Option<String>,
    /// Whether the source is to be removed, whatever its sync is doing still.
    pub removes: bool,
}

/// A worker's hold on a sync, until its lease runs out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncClaim {
    pub source: SourceId,
    pub worker: String,
    /// 1 for the first try.
    pub attempts: u32,
    /// Whether the source is to be removed rather than synced.
    pub removes: bool,
    /// Whether someone asked for it, rather than its schedule.
    pub is_asked_for: bool,
}

/// How a claimed sync ended.
#[derive(Clone, Debug)]
pub struct SyncEnd {
    pub state: SyncState,
    pub reason: Option<String>,
    pub run_after: Option<Timestamp>,
    pub listed: Option<u64>,
    pub summary: Option<String>,
    pub succeeded: bool,
    /// Whether the next try counts as the first.
    pub is_settled: bool,
}

impl Store {
    /// Makes a sync due at `at`, whatever its hours. `false` while one runs, or when the source is to be removed.
    pub async fn request_sync(&self, source: &SourceId, at: Timestamp) -> Result<bool> {
        self.add_sync(source).await?;
        let done = due(SyncState::Queued, at).filter(held(at).not()).filter(of(source)).exec(self.write()).await?;
        Ok(done.rows_affected == 1)
    }

    /// Asks for the source to be removed with everything it brought. `false` while a sync runs, which then ends early.
    pub async fn request_removal(&self, source: &SourceId, at: Timestamp) -> Result<bool> {
        self.add_sync(source).await?;
        Entity::update_many()
            .col_expr(Column::Removes, Expr::val(true))
            .filter(Column::SourceId.eq(source.as_str()))
            .exec(self.write())
            .await?;
        let done = due(SyncState::Removing, at)
            .filter(held(at).not())
            .filter(Column::SourceId.eq(source.as_str()))
            .exec(self.write())
            .await?;
        Ok(done.rows_affected == 1)
    }

    /// Says when an idle or failed source is synced next by itself; never for `None`. `false` when it is neither.
    pub async fn schedule_sync(&self, source: &SourceId, at: Option<Timestamp>) -> Result<bool> {
        self.add_sync(source).await?;
        let done = Entity::update_many()
            .col_expr(Column::RunAfter, Expr::val(at.map(to_micros)))
            .filter(of(source))
            .filter(Column::State.is_in(["idle", "failed"]))
            .exec(self.write())
            .await?;
        Ok(done.rows_affected == 1)
    }

    /// Takes the sync that has been due longest, or that of `source`, for `worker` until `lease_until`. One whose worker let
    /// its lease run out can be taken again. `None` when nothing is due.
    pub async fn claim_sync(
        &self,
        source: Option<&SourceId>,
        worker: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<SyncClaim>> {
        let due = Condition::all().add(Column::State.ne("running")).add(Column::RunAfter.lte(to_micros(now)));
        let abandoned = Condition::all().add(Column::State.eq("running")).add(Column::LeaseUntil.lt(to_micros(now)));
        let tx = self.begin().await?;
        let mut query = Entity::find().filter(Condition::any().add(due).add(abandoned));
        if let Some(source) = source {
            query = query.filter(Column::SourceId.eq(source.as_str()));
        }
        let row = query
            .order_by_asc(Column::RunAfter)
            .order_by_asc(Column::SourceId)
            .limit(1)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .one(&tx)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Entity::update_many()
            .col_expr(Column::State, Expr::val(SyncState::Running.name()))
            .col_expr(Column::Worker, Expr::val(worker))
            .col_expr(Column::LeaseUntil, Expr::val(to_micros(lease_until)))
            .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1_i64))
            .col_expr(Column::Reason, Expr::val(row.removes.then_some(REMOVES)))
            .col_expr(Column::StartedAt, Expr::val(to_micros(now)))
            .col_expr(Column::Done, Expr::val(0_i64))
            .col_expr(Column::Total, Expr::val(None::<i64>))
            .filter(Column::SourceId.eq(row.source_id.as_str()))
            .exec(&tx)
            .await?;
        tx.commit().await?;
        let attempts = u32::try_from(row.attempts + 1).unwrap_or(u32::MAX);
        let source = row.source_id.parse().map_err(Error::Schema)?;
        let is_asked_for = row.state == SyncState::Queued.name();
        Ok(Some(SyncClaim { source, worker: worker.to_owned(), attempts, removes: row.removes, is_asked_for }))
    }

    /// Reports progress and moves the lease on. `false`: another worker has the sync now; stop at once.
    pub async fn renew_sync(
        &self,
        claim: &SyncClaim,
        done: u64,
        total: Option<u64>,
        lease_until: Timestamp,
    ) -> Result<bool> {
        let renewed = Entity::update_many()
            .col_expr(Column::LeaseUntil, Expr::val(to_micros(lease_until)))
            .col_expr(Column::Done, Expr::val(to_i64(done)))
            .col_expr(Column::Total, Expr::val(total.map(to_i64)))
            .filter(held_by(claim))
            .exec(self.write())
            .await?;
        Ok(renewed.rows_affected == 1)
    }

    /// Ends a claimed sync. A worker that has lost its hold changes nothing.
    pub async fn end_sync(&self, claim: &SyncClaim, end: SyncEnd, now: Timestamp) -> Result<()> {
        let mut update = Entity::update_many()
            .col_expr(Column::State, Expr::val(end.state.name()))
            .col_expr(Column::Reason, Expr::val(end.reason.map(|reason| reason.replace('\0', ""))))
            .col_expr(Column::RunAfter, Expr::val(end.run_after.map(to_micros)))
            .col_expr(Column::Worker, Expr::val(None::<String>))
            .col_expr(Column::LeaseUntil, Expr::val(None::<i64>))
            .col_expr(Column::FinishedAt, Expr::val(to_micros(now)));
        if end.succeeded {
            update = update.col_expr(Column::SucceededAt, Expr::val(to_micros(now)));
        }
        if end.is_settled {
            update = update.col_expr(Column::Attempts, Expr::val(0_i64));
        }
        if let Some(listed) = end.listed {
            update = update.col_expr(Column::Listed, Expr::val(to_i64(listed)));
        }
        if let Some(summary) = end.summary {
            update = update.col_expr(Column::Summary, Expr::val(summary.replace('\0', "")));
        }
        let tx = self.begin().await?;
        update.filter(held_by(claim)).exec(&tx).await?;
        if !claim.removes {
            // Asked for while it ran.
            due(SyncState::Removing, now)
                .filter(Column::SourceId.eq(claim.source.as_str()))
                .filter(Column::Removes.eq(true))
                .filter(Column::State.is_not_in([SyncState::Removing.name(), SyncState::Running.name()]))
                .exec(&tx)
                .await?;
        }
        Ok(tx.commit().await?)
    }

    /// Where the sync of a source stands; idle when it never ran.
    pub async fn sync_status(&self, source: &SourceId) -> Result<SyncStatus> {
        match Entity::find_by_id(source.as_str()).one(self.read()).await? {
            Some(row) => row.try_into(),
            None => Ok(SyncStatus::never(source.clone())),
        }
    }

    async fn add_sync(&self, source: &SourceId) -> Result<()> {
        let row = ActiveModel {
            source_id: Set(source.to_string()),
            state: Set(SyncState::Idle.name().into()),
            attempts: Set(0),
            done: Set(0),
            removes: Set(false),
            ..Default::default()
        };
        let known = OnConflict::column(Column::SourceId).do_nothing().to_owned();
        Entity::insert(row).on_conflict(known).exec_without_returning(self.write()).await?;
        Ok(())
    }
}

/// Makes a sync due, its past failures forgotten.
fn due(state: SyncState, at: Timestamp) -> UpdateMany<Entity> {
    Entity::update_many()
        .col_expr(Column::State, Expr::val(state.name()))
        .col_expr(Column::RunAfter, Expr::val(to_micros(at)))
        .col_expr(Column::Attempts, Expr::val(0_i64))
        .col_expr(Column::Reason, Expr::val(None::<String>))
}

/// A worker is at it.
fn held(at: Timestamp) -> Condition {
    Condition::all().add(Column::State.eq(SyncState::Running.name())).add(Column::LeaseUntil.gt(to_micros(at)))
}

/// The sync of a source that is to stay.
fn of(source: &SourceId) -> Condition {
    Condition::all().add(Column::SourceId.eq(source.as_str())).add(Column::Removes.eq(false))
}

/// The reason of a running removal.
const REMOVES: &str = "removing the source";

/// Locks the sync's row, so that nobody can take it over before the transaction ends.
pub(crate) async fn check_held(tx: &DatabaseTransaction, claim: &SyncClaim) -> Result<()> {
    let row = Entity::find().filter(held_by(claim)).lock_exclusive().one(tx).await?;
    match row {
        None => Err(Error::Conflict(format!("sync {}: another worker has it now", claim.source))),
        Some(row) if row.removes && !claim.removes => {
            Err(Error::Conflict(format!("sync {}: the source is to be removed", claim.source)))
        }
        Some(_) => Ok(()),
    }
}

fn held_by(claim: &SyncClaim) -> Condition {
    Condition::all()
        .add(Column::SourceId.eq(claim.source.as_str()))
        .add(Column::Worker.eq(claim.worker.as_str()))
        .add(Column::State.eq(SyncState::Running.name()))
}

fn to_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl SyncStatus {
    fn never(source: SourceId) -> Self {
        Self {
            source,
            state: SyncState::Idle,
            run_after: None,
            attempts: 0,
            reason: None,
            done: 0,
            total: None,
            listed: None,
            started_at: None,
            finished_at: None,
            succeeded_at: None,
            summary: None,
            removes: false,
        }
    }
}

impl TryFrom<Model> for SyncStatus {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self> {
        let state = SyncState::ALL.into_iter().find(|state| state.name() == row.state);
        let time = |micros: Option<i64>| micros.map(from_micros).transpose();
        Ok(Self {
            source: row.source_id.parse().map_err(Error::Schema)?,
            state: state.ok_or_else(|| Error::Schema(format!("sync state {}", row.state)))?,
            run_after: time(row.run_after)?,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            reason: row.reason,
            done: row.done.unsigned_abs(),
            total: row.total.map(i64::unsigned_abs),
            listed: row.listed.map(i64::unsigned_abs),
            started_at: time(row.started_at)?,
            finished_at: time(row.finished_at)?,
            succeeded_at: time(row.succeeded_at)?,
            summary: row.summary,
            removes: row.removes,
        })
    }
}
