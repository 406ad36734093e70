//! Where a source stands, told to people.

use connectors::Kind;
use ingest::{SourceStatus, SourceSummary};
use jiff::Timestamp;
use store::{Source, Store};

use crate::secrets;

/// Failures named in the text for people; JSON has them all.
const SHOWN: usize = 20;

pub async fn read(store: &Store, source: &Source, now: Timestamp) -> anyhow::Result<SourceStatus> {
    let settings = secrets::hidden(kind(source), source.config.clone());
    Ok(SourceStatus::read(store, source, settings, now).await?)
}

/// One line of a list.
pub fn line(summary: &SourceSummary) -> String {
    let SourceSummary { id, kind, name, state, source_count, indexed_count, failed_count, .. } = summary;
    let state = state.name();
    format!("{id}  {kind}  {name}: {state}, {indexed_count} of {source_count} indexed, {failed_count} failed")
}

/// The whole of it.
pub fn told(status: &SourceStatus) -> String {
    let summary = &status.summary;
    let mut lines = vec![line(summary)];
    lines.extend(summary.reason.as_ref().map(|reason| format!("  {}: {reason}", summary.state.name())));
    if summary.duplicate_count > 0 {
        let count = summary.duplicate_count;
        lines.push(format!("  {count} hold the very text of another document, which answers for them"));
    }
    if summary.waiting_count > 0 {
        lines.push(format!("  {} wait for the indexes", summary.waiting_count));
    }
    let rate = summary.rate.map(|rate| match summary.eta_seconds {
        Some(left) => format!("  {rate:.1} items a second, about {left:.0} s left"),
        None => format!("  {rate:.1} items a second"),
    });
    lines.extend(rate);
    lines.extend(summary.last_success.map(|at| format!("  last success: {at:.0}")));
    lines.extend(summary.next_sync.map(|at| format!("  next sync: {at:.0}")));
    let failed = status.failed.iter().take(SHOWN);
    lines.extend(failed.map(|failed| format!("  failed: {}: {}", failed.item, failed.reason)));
    if status.failed.len() > SHOWN {
        lines.push(format!("  and {} more failures: --json names them all", status.failed.len() - SHOWN));
    }
    lines.extend(status.notes.iter().take(SHOWN).map(|note| format!("  note: {}: {}", note.item, note.note)));
    if status.notes.len() > SHOWN {
        lines.push(format!("  and {} more notes: --json has them all", status.notes.len() - SHOWN));
    }
    lines.join("\n")
}

fn kind(source: &Source) -> Option<&'static Kind> {
    connectors::kind(&source.kind)
}
