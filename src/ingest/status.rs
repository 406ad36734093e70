//! Where a source stands: what it holds, what is indexed, and why they differ.

use domain::{Principal, SourceId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use store::{Source, SourceCounts, Store, SyncState, SyncStatus};

/// What a source is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SourceState {
    Idle,
    /// Not synced until it is resumed.
    Paused,
    Queued,
    Running,
    /// Broke off and is tried again; the reason says why.
    Waiting,
    /// Broke off; the reason says what a person has to do.
    Failed,
    Removing,
}

impl SourceState {
    fn of(source: &Source, sync: &SyncStatus) -> Self {
        match sync.state {
            _ if sync.removes => Self::Removing,
            SyncState::Idle if source.settings.paused => Self::Paused,
            SyncState::Idle => Self::Idle,
            SyncState::Queued => Self::Queued,
            SyncState::Running => Self::Running,
            SyncState::Waiting => Self::Waiting,
            SyncState::Failed => Self::Failed,
            SyncState::Removing => Self::Removing,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Paused => "paused",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::Removing => "removing",
        }
    }
}

/// A source in a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SourceSummary {
    pub id: SourceId,
    pub kind: String,
    pub name: String,
    pub state: SourceState,
    /// Neither synced nor sent documents until it is resumed, whatever it is doing still.
    pub paused: bool,
    /// Why it waits or failed.
    pub reason: Option<String>,
    /// Items the source holds, as far as known.
    pub source_count: u64,
    /// Documents that can be found and answered from.
    pub indexed_count: u64,
    /// Documents that wait for the indexes.
    pub waiting_count: u64,
    /// Documents whose very text another one holds, which answers for them.
    pub duplicate_count: u64,
    /// Items that could not be read or indexed.
    pub failed_count: u64,
    /// RFC 3339.
    #[schemars(with = "Option<String>")]
    pub last_success: Option<Timestamp>,
    /// RFC 3339.
    #[schemars(with = "Option<String>")]
    pub next_sync: Option<Timestamp>,
    pub schedule: Option<String>,
    /// Items visited by a running sync, and how many it will visit, as far as known.
    pub done: Option<u64>,
    pub total: Option<u64>,
    /// Items per second and seconds left, of a running sync.
    pub rate: Option<f64>,
    pub eta_seconds: Option<f64>,
}

/// A source with everything that is known of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SourceStatus {
    #[serde(flatten)]
    pub summary: SourceSummary,
    pub failed: Vec<FailedItem>,
    /// What was left out of documents that were read: scanned pages, hidden text.
    pub notes: Vec<NotedItem>,
    /// Who may read what the source names no readers for.
    pub access: Option<Vec<Principal>>,
    /// Of its kind, without secrets.
    pub settings: Value,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FailedItem {
    pub item: String,
    pub reason: String,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NotedItem {
    pub item: String,
    pub note: String,
}

impl SourceSummary {
    pub async fn read(store: &Store, source: &Source, now: Timestamp) -> store::Result<Self> {
        let put_off = store.put_off(&source.id).await?.len() as u64;
        let sync = store.sync_status(&source.id).await?;
        let counts = store.source_counts(&source.id).await?;
        let never_read = store.never_read_count(&source.id).await?;
        Ok(Self::new(source, sync, counts, never_read, counts.failed + put_off, now))
    }

    fn new(
        source: &Source,
        sync: SyncStatus,
        counts: SourceCounts,
        never_read: u64,
        failed_count: u64,
        now: Timestamp,
    ) -> Self {
        let is_running = sync.state == SyncState::Running;
        let seconds = sync.started_at.map(|started| now.duration_since(started).as_secs_f64());
        let rate = seconds.filter(|seconds| is_running && *seconds > 0.0).map(|seconds| sync.done as f64 / seconds);
        let left = sync.total.map(|total| total.saturating_sub(sync.done) as f64);
        Self {
            id: source.id.clone(),
            kind: source.kind.clone(),
            name: source.name.clone(),
            state: SourceState::of(source, &sync),
            paused: source.settings.paused,
            reason: sync.reason,
            source_count: sync.listed.unwrap_or(counts.documents + never_read),
            indexed_count: counts.indexed,
            waiting_count: counts.documents - counts.indexed,
            duplicate_count: counts.duplicates,
            failed_count,
            last_success: sync.succeeded_at,
            next_sync: sync.run_after,
            schedule: source.settings.schedule.clone(),
            done: is_running.then_some(sync.done),
            total: sync.total.filter(|_| is_running),
            rate,
            eta_seconds: rate.zip(left).filter(|(rate, _)| *rate > 0.0).map(|(rate, left)| left / rate),
        }
    }
}

impl SourceStatus {
    /// `settings` are the source's own as they may be shown.
    pub async fn read(store: &Store, source: &Source, settings: Value, now: Timestamp) -> store::Result<Self> {
        let summary = SourceSummary::read(store, source, now).await?;
        let failures = store.failures(Some(&source.id)).await?;
        let failures = failures.into_iter().map(|failure| (failure.external_id, failure.reason));
        let failed = failures.chain(store.put_off(&source.id).await?);
        let notes = store.notes(&source.id).await?;
        Ok(Self {
            summary,
            failed: failed.map(|(item, reason)| FailedItem { item, reason }).collect(),
            notes: notes.into_iter().map(|(item, note)| NotedItem { item, note }).collect(),
            access: source.settings.access.clone(),
            settings,
        })
    }
}
