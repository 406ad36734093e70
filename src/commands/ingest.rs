//! `footnote ingest PATH`: brings the workspace in line with a folder.

use std::{path::PathBuf, sync::Mutex, time::Instant};

use anyhow::Context;
use domain::Principal;
use ingest::{Progress, SyncSummary};
use serde_json::json;

use super::Global;
use crate::{output, usage::Usage, wiring::House};

#[derive(clap::Args)]
pub struct Ingest {
    /// Folder to read; its access.toml says who may read what
    path: PathBuf,
    /// Who may read what access.toml does not name: everyone, user:EMAIL or group:NAME; may be repeated
    #[arg(long, value_name = "PRINCIPAL")]
    reader: Vec<String>,
}

pub async fn run(global: &Global, args: Ingest) -> anyhow::Result<()> {
    let readers: Vec<Principal> =
        args.reader.iter().map(|text| text.parse().map_err(Usage)).collect::<Result<_, _>>()?;
    let path = args.path.canonicalize().with_context(|| format!("open the folder {}", args.path.display()))?;
    let house = House::open(global, "ingest").await?;
    let started = Instant::now();
    let bars = Bars::default();
    let ctx = house.ingest_context();
    let (source, connector) = house.folder_source(&path, readers).await?;
    let show = |progress| bars.show(&progress);
    let done = house.index_beside(ingest::sync(ctx, &source, None, &*connector, &show), &show).await;
    bars.clear();
    let (synced, indexed) = done?;
    let mut summary = synced?;
    summary.name_put_off(ctx, &source).await?;
    house.mention_settings().await?;
    let seconds = started.elapsed().as_secs_f64();
    if global.json {
        return output::json(
            &json!({ "source": source.name, "summary": summary, "chunks_indexed": indexed, "seconds": seconds }),
        );
    }
    output::text(&report(&summary, Some((indexed, seconds))))
}

/// One bar at a time: files while the folder is read, chunks while they are indexed.
#[derive(Default)]
pub struct Bars(Mutex<Option<(&'static str, indicatif::ProgressBar)>>);

impl Bars {
    pub fn show(&self, progress: &Progress) {
        let (unit, done, total, name) = match progress {
            Progress::Visited { done, total, name } => ("files", *done, *total, name.as_str()),
            Progress::Indexed { done, total } => ("chunks", *done, Some(*total), ""),
        };
        let Ok(mut current) = self.0.lock() else { return };
        if current.as_ref().is_none_or(|(shown, _)| *shown != unit) {
            *current = Some((unit, output::bar(total, unit)));
        }
        if let Some((_, bar)) = current.as_ref() {
            bar.set_position(done);
            bar.set_message(name.to_owned());
        }
    }

    pub fn clear(&self) {
        let current = self.0.lock().ok().and_then(|mut current| current.take());
        if let Some((_, bar)) = current {
            bar.finish_and_clear();
        }
    }
}

/// What a sync did, and how many chunks were indexed in how many seconds.
pub fn report(summary: &SyncSummary, indexed: Option<(u64, f64)>) -> String {
    let SyncSummary { added, changed, unchanged, deleted, access_changed, duplicates, failures, .. } = summary;
    let indexed =
        indexed.map(|(chunks, seconds)| format!("; {chunks} chunks indexed in {seconds:.1} s")).unwrap_or_default();
    let mut lines = vec![format!(
        "{added} added, {changed} changed, {unchanged} unchanged, {deleted} deleted, {access_changed} with other readers, \
         {duplicates} exact duplicates, {} failed{indexed}",
        failures.len()
    )];
    lines.extend(failures.iter().map(|failure| format!("  failed: {}: {}", failure.external_id, failure.reason)));
    lines.join("\n")
}
