//! `footnote reindex`: new indexes after other settings, beside those that answer; how far they are, and the way back.

use std::time::Duration;

use answer::CurrentContext;
use jiff::Timestamp;
use serde::Serialize;
use store::{GenerationState, IndexGeneration, Store};

use super::Global;
use crate::{
    data_dir::InUse,
    generations::{Advance, Wanted},
    output,
    wiring::{self, House},
};

/// How often it is tried again to build, and how many times: longer than a lease of index jobs lasts.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);
const MOST_WAITS: u32 = 60;

#[derive(clap::Subcommand)]
pub enum Reindex {
    /// Show which indexes there are, and how far new ones are
    Status,
    /// Begin new indexes by today's settings, whether those changed or not; a running server builds them
    Start,
    /// Build new indexes now, where the settings ask for them or `start` did; no server may run
    Run,
    /// Answer from the previous indexes again, at once
    Rollback,
    /// Delete the previous indexes, which are kept up to date until then
    Finish,
}

pub async fn run(global: &Global, args: Reindex) -> anyhow::Result<()> {
    match args {
        Reindex::Status => status(global).await,
        Reindex::Start => start(global).await,
        Reindex::Run => build(global).await,
        Reindex::Rollback => {
            let live = House::open_store_only(global).await?.roll_back((wiring::clock().now)()).await?;
            report(global, &format!("answers come from generation {live} again"))
        }
        Reindex::Finish => finish(global).await,
    }
}

/// A generation as people and programs see it.
#[derive(Serialize)]
struct Status {
    id: i64,
    state: GenerationState,
    embedder: Option<String>,
    chunking: Option<serde_json::Value>,
    created_at: Timestamp,
    switched_at: Option<Timestamp>,
    /// Documents with chunks of their own, and how many of them are in these indexes.
    documents: u64,
    documents_done: u64,
    /// Put off because an engine refused them.
    documents_refused: u64,
    chunks: u64,
    /// Of one that is being built, at the pace until now.
    eta_seconds: Option<f64>,
}

impl Status {
    async fn read(store: &Store, row: IndexGeneration, now: Timestamp) -> anyhow::Result<Self> {
        let progress = store.generation_progress(row.id).await?;
        let done = progress.documents.saturating_sub(progress.left + progress.refused);
        let seconds = now.duration_since(row.created_at).as_secs_f64();
        let is_moving = row.state == GenerationState::Building && done > 0;
        Ok(Self {
            id: row.id.0,
            state: row.state,
            embedder: row.profile.map(|profile| profile.model),
            chunking: row.chunking,
            created_at: row.created_at,
            switched_at: row.switched_at,
            documents: progress.documents,
            documents_done: done,
            documents_refused: progress.refused,
            chunks: progress.chunks,
            eta_seconds: is_moving.then(|| seconds / done as f64 * progress.left as f64),
        })
    }

    fn line(&self) -> String {
        let Self { id, state, documents, documents_done, chunks, .. } = self;
        let embedder = self.embedder.as_deref().unwrap_or("no embedder yet");
        let chunking = self.chunking.as_ref().map(|chunking| format!(", chunks {chunking}")).unwrap_or_default();
        let left = self.eta_seconds.map(|seconds| format!(", about {seconds:.0} s left")).unwrap_or_default();
        let refused = match self.documents_refused {
            0 => String::new(),
            refused => format!(", {refused} refused"),
        };
        format!(
            "{id}  {:8}  {documents_done} of {documents} documents, {chunks} chunks{refused}{left}  ({embedder}{chunking})",
            state.as_str()
        )
    }
}

async fn status(global: &Global) -> anyhow::Result<()> {
    let store = House::open_store_only(global).await?;
    let now = (wiring::clock().now)();
    let mut generations = Vec::new();
    for row in store.generations().await? {
        generations.push(Status::read(&store, row, now).await?);
    }
    if global.json {
        return output::json(&serde_json::json!({ "generations": generations }));
    }
    generations.iter().try_for_each(|generation| output::text(&generation.line()))
}

async fn start(global: &Global) -> anyhow::Result<()> {
    let store = House::open_store_only(global).await?;
    let (profile, chunking) = House::index_settings(global)?;
    let id = store.begin_generation(&profile, &chunking, (wiring::clock().now)()).await?;
    report(global, &format!("generation {id} is begun: a running server builds it, or `footnote reindex run`"))
}

/// Killed at any moment, it goes on where it was when it is run again.
async fn build(global: &Global) -> anyhow::Result<()> {
    let house = House::open(global, "reindex").await?;
    house.converge().await?;
    if house.shelf().begin_wanted().await? == Wanted::Previous {
        return report(
            global,
            "the settings are those of the previous indexes: `footnote reindex rollback` returns to them, `footnote reindex \
             start` builds them anew",
        );
    }
    let current = CurrentContext::new(house.answer_context(Some(wiring::GeneratorChoice::Extractive)).await?);
    let mut bar: Option<indicatif::ProgressBar> = None;
    let mut idle = 0;
    loop {
        let advance = house.advance(&current).await?;
        let rows = house.store().generations().await?;
        let building = rows.iter().find(|row| row.state == GenerationState::Building);
        match (advance, building) {
            (Advance::Built, Some(row)) => {
                let progress = house.store().generation_progress(row.id).await?;
                let bar = bar.get_or_insert_with(|| output::bar(Some(progress.documents), "documents"));
                bar.set_length(progress.documents);
                bar.set_position(progress.documents.saturating_sub(progress.left));
                idle = 0;
            }
            (Advance::Switched(id), _) => {
                if let Some(bar) = bar {
                    bar.finish_and_clear();
                }
                return report(
                    global,
                    &format!("answers come from generation {id} now; `footnote reindex finish` deletes the one before"),
                );
            }
            (_, None) => {
                return report(
                    global,
                    "the indexes are those that the settings ask for: `footnote reindex start` builds new ones",
                );
            }
            // Another process, or one that was killed, may hold jobs for a while.
            (Advance::Idle, Some(_)) if idle < MOST_WAITS => {
                idle += 1;
                tokio::time::sleep(BETWEEN_LOOKS).await;
                continue;
            }
            (Advance::Idle, Some(row)) => anyhow::bail!("generation {} cannot be built now: see the log (-v)", row.id),
        }
    }
}

async fn finish(global: &Global) -> anyhow::Result<()> {
    let id = House::open_store_only(global).await?.give_up_previous().await?;
    match House::open(global, "reindex").await {
        Ok(house) => {
            house.shelf().delete_given_up().await?;
            report(global, &format!("generation {id} is deleted"))
        }
        Err(error) if error.is::<InUse>() => report(global, &format!("the server deletes generation {id}")),
        Err(error) => Err(error),
    }
}

fn report(global: &Global, what: &str) -> anyhow::Result<()> {
    if global.json { output::json(&serde_json::json!({ "done": what })) } else { output::text(what) }
}
