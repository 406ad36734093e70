//! Runs the syncs that are due: one claim at a time, kept alive while it works, ended with a reason.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use domain::{Connector, SourceId};
use jiff::{SignedDuration, Timestamp};
use store::{Source, SyncClaim, SyncEnd, SyncState};

use crate::{Error, IngestContext, Progress, Report, Result, SyncSummary, index_pending, schedule::Schedule, sync};

/// How long a worker that is not heard of keeps a sync, and how often one is heard of.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Wait before the second try of a sync that broke off; each further one waits twice as long.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(60);
const MOST_WAIT: SignedDuration = SignedDuration::from_hours(1);

/// How often a removal looks whether the indexes have followed, and how many times before it is tried again later.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);
const MOST_LOOKS: u32 = 40;
/// The longest patience a system can ask for.
const MOST_PATIENCE: SignedDuration = SignedDuration::from_hours(24);

/// Opens a source's connector, or says why not.
pub type Open<'a> = &'a (dyn Fn(&Source) -> std::result::Result<Box<dyn Connector>, String> + Send + Sync);

/// What running syncs takes beside the engines.
pub struct Worker<'a> {
    pub open: Open<'a>,
    /// Why nothing may be written now: a full disk.
    pub obstacle: &'a (dyn Fn() -> Option<String> + Send + Sync),
}

/// How a sync ended.
#[derive(Debug)]
pub struct Ended {
    pub source: SourceId,
    pub state: SyncState,
    pub reason: Option<String>,
    pub summary: Option<SyncSummary>,
    /// The source is no more.
    pub is_removed: bool,
}

/// Runs the sync that has been due longest, or that of `only`. `None` when none is due. The indexes follow by their jobs.
pub async fn run_due(
    ctx: &IngestContext,
    worker: &Worker<'_>,
    only: Option<&SourceId>,
    report: Report<'_>,
) -> Result<Option<Ended>> {
    let now = (ctx.clock.now)();
    // One claim of this process is told from another.
    let worker_name = format!("{}-{}", ctx.worker, (ctx.clock.ulid)());
    let Some(claim) = ctx.store.claim_sync(only, &worker_name, now, now + LEASE).await? else { return Ok(None) };
    let source = ctx.store.source(&claim.source).await?;
    let visited = Mutex::new((0, None));
    let noting = |progress: Progress| {
        if let Progress::Visited { done, total, .. } = &progress {
            *visited.lock().unwrap_or_else(PoisonError::into_inner) = (*done, *total);
        }
        report(progress);
    };
    let ended = tokio::select! {
        outcome = work(ctx, worker, &claim, &source, &noting) => outcome,
        () = lose(ctx, &claim, &visited) => return Ok(None),
    };
    let (done, total) = *visited.lock().unwrap_or_else(PoisonError::into_inner);
    let now = (ctx.clock.now)();
    ctx.store.renew_sync(&claim, done, total, now + LEASE).await?;
    let (end, summary) = settle(&claim, &source, ended, now);
    let (state, reason) = (end.state, end.reason.clone());
    ctx.store.end_sync(&claim, end, now).await?;
    let is_removed = claim.removes && state == SyncState::Idle;
    Ok(Some(Ended { source: claim.source, state, reason, summary, is_removed }))
}

/// Why a sync did not come to its end.
enum Broken {
    /// Paused, or outside its hours: nothing is wrong.
    Later(String, Option<Timestamp>),
    Retry(String, Option<Duration>),
    GiveUp(String),
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        match error {
            Error::Engine(error) if !error.retryable => Self::GiveUp(error.message),
            Error::Engine(error) => Self::Retry(error.message, error.retry_after),
            other => Self::Retry(other.to_string(), None),
        }
    }
}

async fn work(
    ctx: &IngestContext,
    worker: &Worker<'_>,
    claim: &SyncClaim,
    source: &Source,
    report: Report<'_>,
) -> std::result::Result<Option<SyncSummary>, Broken> {
    if claim.removes {
        return remove(ctx, source, report).await.map(|()| None);
    }
    if source.settings.paused {
        return Err(Broken::Later("paused".into(), None));
    }
    if let Some(reason) = (worker.obstacle)() {
        return Err(Broken::Retry(reason, None));
    }
    if let Some(schedule) = schedule(source).filter(|_| !claim.is_asked_for) {
        let now = (ctx.clock.now)();
        match schedule.admit(now) {
            Some(at) if at > now => return Err(Broken::Later("waits for its hours".into(), Some(at))),
            _ => {}
        }
    }
    let connector = (worker.open)(source).map_err(Broken::GiveUp)?;
    Ok(Some(sync(ctx, source, Some(claim), &*connector, report).await?))
}

/// Out of the search first; only when both indexes have followed is the rest forgotten.
async fn remove(ctx: &IngestContext, source: &Source, report: Report<'_>) -> std::result::Result<(), Broken> {
    while ctx.store.delete_some(&source.id, (ctx.clock.now)()).await.map_err(Error::from)? {}
    for _ in 0..MOST_LOOKS {
        index_pending(ctx, report).await?;
        let waiting = ctx.store.source_job_count(&source.id).await.map_err(Error::from)?;
        if waiting == 0 {
            return Ok(ctx.store.purge_source(&source.id).await.map_err(Error::from)?);
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Err(Broken::Retry("waits for the indexes to let go of its documents".into(), None))
}

/// Ends when the claim is lost; until then tells the store that the work goes on.
async fn lose(ctx: &IngestContext, claim: &SyncClaim, visited: &Mutex<(u64, Option<u64>)>) {
    loop {
        tokio::time::sleep(HEARTBEAT).await;
        let (done, total) = *visited.lock().unwrap_or_else(PoisonError::into_inner);
        // A database that is away for a moment is no reason to stop; the lease says when it is.
        if let Ok(false) = ctx.store.renew_sync(claim, done, total, (ctx.clock.now)() + LEASE).await {
            return;
        }
    }
}

fn settle(
    claim: &SyncClaim,
    source: &Source,
    ended: std::result::Result<Option<SyncSummary>, Broken>,
    now: Timestamp,
) -> (SyncEnd, Option<SyncSummary>) {
    let next = || schedule(source).and_then(|schedule| schedule.next(now, source.id.as_str()));
    let end = |state, reason, run_after| SyncEnd {
        state,
        reason,
        run_after,
        listed: None,
        summary: None,
        succeeded: false,
        is_settled: false,
    };
    match ended {
        Ok(summary) => {
            // The failures have a table of their own.
            let counts = summary.as_ref().map(|summary| SyncSummary { failures: Vec::new(), ..summary.clone() });
            let end = SyncEnd {
                listed: summary.as_ref().and_then(|summary| summary.listed),
                summary: counts.and_then(|counts| serde_json::to_string(&counts).ok()),
                succeeded: true,
                is_settled: true,
                ..end(SyncState::Idle, None, next())
            };
            (end, summary)
        }
        Err(Broken::Later(reason, at)) => {
            (SyncEnd { is_settled: true, ..end(SyncState::Idle, Some(reason), at) }, None)
        }
        Err(Broken::Retry(reason, asked)) => {
            let wait = FIRST_WAIT * 2_i32.saturating_pow(claim.attempts.saturating_sub(1).min(10));
            let asked = asked.map(|asked| SignedDuration::try_from(asked).unwrap_or(MOST_PATIENCE).min(MOST_PATIENCE));
            let at = now.checked_add(wait.min(MOST_WAIT).max(asked.unwrap_or_default())).ok();
            (end(SyncState::Waiting, Some(reason), at), None)
        }
        Err(Broken::GiveUp(reason)) => (end(SyncState::Failed, Some(reason), next()), None),
    }
}

fn schedule(source: &Source) -> Option<Schedule> {
    let rhythm = source.settings.schedule.as_deref()?;
    Schedule::parse(rhythm, source.settings.hours.as_deref()).ok()
}
