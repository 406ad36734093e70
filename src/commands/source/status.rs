//! Where a source stands, for people and programs: what it holds, what is indexed, and why they differ.

use connectors::Kind;
use domain::SourceId;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use store::{Source, Store, SyncState};

use crate::secrets;

/// Failures named in the text for people; JSON has them all.
const SHOWN: usize = 20;

#[derive(Debug, Serialize)]
pub struct Status {
    pub id: SourceId,
    pub kind: String,
    pub name: String,
    pub state: &'static str,
    /// Why it waits or failed.
    reason: Option<String>,
    /// Items the source holds, as far as known.
    source_count: u64,
    /// Documents that can be found and answered from.
    indexed_count: u64,
    /// Documents that wait for the indexes.
    waiting_count: u64,
    /// Documents whose very text another one holds, which answers for them.
    duplicate_count: u64,
    failed: Vec<Failed>,
    /// What was left out of documents that were read: scanned pages, hidden text.
    notes: Vec<Note>,
    last_success: Option<Timestamp>,
    next_sync: Option<Timestamp>,
    schedule: Option<String>,
    /// Items per second and seconds left, of a running sync.
    rate: Option<f64>,
    eta_seconds: Option<f64>,
    settings: Value,
}

#[derive(Debug, Serialize)]
struct Note {
    item: String,
    note: String,
}

#[derive(Debug, Serialize)]
struct Failed {
    item: String,
    reason: String,
}

impl Status {
    pub async fn read(store: &Store, source: &Source, now: Timestamp) -> anyhow::Result<Self> {
        let sync = store.sync_status(&source.id).await?;
        let counts = store.source_counts(&source.id).await?;
        let failures = store.failures(Some(&source.id)).await?;
        let put_off = store.put_off(&source.id).await?;
        let failed: Vec<Failed> = failures
            .into_iter()
            .map(|failure| (failure.external_id, failure.reason))
            .chain(put_off)
            .map(|(item, reason)| Failed { item, reason })
            .collect();
        let is_running = sync.state == SyncState::Running;
        let seconds = sync.started_at.map(|started| now.duration_since(started).as_secs_f64());
        let rate = seconds.filter(|seconds| is_running && *seconds > 0.0).map(|seconds| sync.done as f64 / seconds);
        let left = sync.total.map(|total| total.saturating_sub(sync.done) as f64);
        let state = match sync.state {
            SyncState::Idle if source.settings.paused => "paused",
            SyncState::Idle => "idle",
            SyncState::Queued => "queued",
            SyncState::Running => "running",
            SyncState::Waiting => "waiting",
            SyncState::Failed => "failed",
            SyncState::Removing => "removing",
        };
        let never_read = store.never_read_count(&source.id).await?;
        Ok(Self {
            id: source.id.clone(),
            kind: source.kind.clone(),
            name: source.name.clone(),
            state,
            reason: sync.reason,
            source_count: sync.listed.unwrap_or(counts.documents + never_read),
            indexed_count: counts.indexed,
            waiting_count: counts.documents - counts.indexed,
            duplicate_count: counts.duplicates,
            failed,
            notes: store.notes(&source.id).await?.into_iter().map(|(item, note)| Note { item, note }).collect(),
            last_success: sync.succeeded_at,
            next_sync: sync.run_after,
            schedule: source.settings.schedule.clone(),
            rate,
            eta_seconds: rate.zip(left).filter(|(rate, _)| *rate > 0.0).map(|(rate, left)| left / rate),
            settings: secrets::hidden(kind(source), source.config.clone()),
        })
    }

    /// One line of a list.
    pub fn line(&self) -> String {
        let Self { id, kind, name, state, source_count, indexed_count, failed, .. } = self;
        format!("{id}  {kind}  {name}: {state}, {indexed_count} of {source_count} indexed, {} failed", failed.len())
    }

    /// The whole of it.
    pub fn told(&self) -> String {
        let mut lines = vec![self.line()];
        lines.extend(self.reason.as_ref().map(|reason| format!("  {}: {reason}", self.state)));
        if self.duplicate_count > 0 {
            lines.push(format!(
                "  {} hold the very text of another document, which answers for them",
                self.duplicate_count
            ));
        }
        if self.waiting_count > 0 {
            lines.push(format!("  {} wait for the indexes", self.waiting_count));
        }
        let rate = self.rate.map(|rate| match self.eta_seconds {
            Some(left) => format!("  {rate:.1} items a second, about {left:.0} s left"),
            None => format!("  {rate:.1} items a second"),
        });
        lines.extend(rate);
        lines.extend(self.last_success.map(|at| format!("  last success: {at:.0}")));
        lines.extend(self.next_sync.map(|at| format!("  next sync: {at:.0}")));
        lines.extend(
            self.failed.iter().take(SHOWN).map(|failed| format!("  failed: {}: {}", failed.item, failed.reason)),
        );
        if self.failed.len() > SHOWN {
            lines.push(format!("  and {} more failures: --json names them all", self.failed.len() - SHOWN));
        }
        lines.extend(self.notes.iter().take(SHOWN).map(|note| format!("  note: {}: {}", note.item, note.note)));
        if self.notes.len() > SHOWN {
            lines.push(format!("  and {} more notes: --json has them all", self.notes.len() - SHOWN));
        }
        lines.join("\n")
    }
}

fn kind(source: &Source) -> Option<&'static Kind> {
    connectors::kind(&source.kind)
}
