//! `footnote doctor`: checks configuration, models, indexes against SQL, and disk; each problem with its remedy.

use std::collections::BTreeSet;

use domain::ChunkId;
use ingest::Generation;
use serde::Serialize;
use serde_json::json;

use super::Global;
use crate::{
    data_dir::DataDir,
    output,
    wiring::{self, House},
};

/// Free space below which ingesting is risky: a full disk breaks memory-mapped indexes.
const LOW_DISK_BYTES: u64 = 2 * 1024 * 1024 * 1024;

#[derive(clap::Args)]
pub struct Doctor {
    /// Finish what an interrupted run left undone before checking
    #[arg(long)]
    repair: bool,
}

#[derive(Serialize)]
struct Check {
    name: String,
    ok: bool,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

pub async fn run(global: &Global, args: Doctor) -> anyhow::Result<()> {
    let mut checks = vec![models(global), disk(global)];
    let opened = if args.repair { House::open(global, "doctor").await } else { House::inspect(global, "doctor").await };
    match opened {
        Ok(house) => {
            if args.repair {
                house.converge().await?;
            }
            checks.extend(workspace(&house).await?);
        }
        Err(error) => checks.push(failed(
            "workspace",
            output::one_line(&error),
            "follow the message, or run `footnote doctor --repair`",
        )),
    }
    let ok = checks.iter().all(|check| check.ok);
    if global.json {
        output::json(&json!({ "ok": ok, "checks": checks }))?;
    } else {
        for check in &checks {
            let remedy = check.remedy.as_deref().map(|remedy| format!("\n      remedy: {remedy}")).unwrap_or_default();
            output::text(&format!(
                "{}  {}: {}{remedy}",
                if check.ok { "ok  " } else { "FAIL" },
                check.name,
                check.detail
            ))?;
        }
    }
    let broken = checks.iter().filter(|check| !check.ok).count();
    if broken == 0 { Ok(()) } else { anyhow::bail!("{broken} of {} checks failed", checks.len()) }
}

fn models(global: &Global) -> Check {
    let verified = wiring::models_dir(global).and_then(|dir| wiring::verify_models(&dir));
    match verified {
        Ok(names) => passed("models", format!("{} agree with their hashes", names.join(", "))),
        Err(error) => failed("models", output::one_line(&error), "run `footnote models pull`"),
    }
}

fn disk(global: &Global) -> Check {
    let free = DataDir::new(global.data_dir.clone()).and_then(|dir| Ok(fs4::available_space(dir.root())?));
    match free {
        Ok(free) if free >= LOW_DISK_BYTES => passed("disk", format!("{:.1} GB free", free as f64 / 1e9)),
        Ok(free) => failed("disk", format!("{:.1} GB free", free as f64 / 1e9), "free at least 2 GB before ingesting"),
        Err(error) => failed("disk", output::one_line(&error), "choose a writable --data-dir"),
    }
}

/// SQL is the truth: both indexes must hold exactly its live chunks.
async fn workspace(house: &House) -> anyhow::Result<Vec<Check>> {
    let counts = house.store().counts().await?;
    let pending = house.store().pending_job_count().await?;
    let truth: BTreeSet<ChunkId> = house.store().live_chunk_ids().await?.into_iter().collect();
    let mut checks = vec![passed(
        "documents",
        format!("{} live with {} chunks, {} could not be read", counts.live, truth.len(), counts.failures),
    )];
    checks.push(match pending {
        0 => passed("jobs", "none pending".into()),
        _ => failed(
            "jobs",
            format!("{pending} documents wait for the indexes"),
            "run `footnote doctor --repair` or ingest again",
        ),
    });
    let open = house.ingest_context().generations.now();
    checks.extend(indexes("", &open.live, truth).await?);
    for other in &open.others {
        // Until its jobs are done it may hold anything.
        if house.store().job_count(other.id).await? == 0 {
            let truth = house.store().chunk_ids(other.id).await?.into_iter().collect();
            checks.extend(indexes(&format!(" of generation {}", other.id), other, truth).await?);
        }
    }
    Ok(checks)
}

async fn indexes(whose: &str, generation: &Generation, truth: BTreeSet<ChunkId>) -> anyhow::Result<Vec<Check>> {
    let mut checks = Vec::new();
    for (name, held) in
        [("keyword", generation.keyword.chunk_ids().await?), ("vector", generation.vector.chunk_ids().await?)]
    {
        let name = format!("{name} index{whose}");
        let held: BTreeSet<ChunkId> = held.into_iter().collect();
        let (missing, extra) = (truth.difference(&held).count(), held.difference(&truth).count());
        checks.push(match (missing, extra) {
            (0, 0) => passed(&name, format!("{} chunks, the same as SQL", held.len())),
            _ => failed(
                &name,
                format!("{missing} chunks missing, {extra} too many"),
                "run `footnote doctor --repair`; if that does not help, delete the folders `index` and `indexes` in the data directory",
            ),
        });
    }
    Ok(checks)
}

fn passed(name: &str, detail: String) -> Check {
    Check { name: name.into(), ok: true, detail, remedy: None }
}

fn failed(name: &str, detail: String, remedy: &str) -> Check {
    Check { name: name.into(), ok: false, detail, remedy: Some(remedy.into()) }
}
