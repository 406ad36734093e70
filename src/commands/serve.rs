//! `footnote serve`: the portal and the API over one workspace.

use std::{sync::Arc, time::Duration};

use answer::CurrentContext;

use super::Global;
use crate::{
    generations::{Advance, Wanted},
    output,
    watch::watch_folders,
    wiring::{self, House},
};

/// How often the server looks for a sync that is due.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// How often it looks for documents to index, and how long it waits when an engine fails.
const BETWEEN_JOBS: Duration = Duration::from_millis(200);
const AFTER_FAILURE: Duration = Duration::from_secs(5);

#[derive(clap::Args)]
pub struct Serve {
    /// Port to listen on [default: server.port of the configuration]
    #[arg(long, short)]
    port: Option<u16>,
    /// Who writes the answers: the configured generator, or one of these
    #[arg(long, value_enum)]
    generator: Option<wiring::GeneratorChoice>,
}

pub async fn run(global: &Global, args: Serve) -> anyhow::Result<()> {
    let house = House::open(global, "serve").await?;
    house.converge().await?;
    house.warm_up().await?;
    let mut config = house.config().server.clone();
    config.port = args.port.unwrap_or(config.port);
    tell(house.shelf().begin_wanted().await?);
    let current = CurrentContext::new(house.answer_context(args.generator).await?);
    let ctx = server::ServerContext {
        store: house.store().clone(),
        answer: current.clone(),
        ingest: house.ingest_context().clone(),
        kinds: house.source_kinds(),
        clock: wiring::clock(),
    };
    if let Some(login) = server::first_run(&ctx).await? {
        output::text(&format!(
            "email: {}\npassword: {}   (shown this once; `footnote user password {}` makes another one)",
            login.email, login.password, login.email
        ))?;
    }
    let announce = |address: &str| {
        let _ = output::text(&format!("Footnote serves on {address}"));
    };
    let serving = server::run(Arc::new(ctx), config, &announce);
    tokio::select! {
        served = serving => Ok(served?),
        () = sync_when_due(&house) => Ok(()),
        () = index_when_due(&house) => Ok(()),
        () = watch_folders(house.store()) => Ok(()),
        () = keep_indexes(&house, &current) => Ok(()),
    }
}

/// Says what becomes of settings that are not those of the indexes.
fn tell(wanted: Wanted) {
    match wanted {
        Wanted::Live => {}
        Wanted::Building => eprintln!("going on building new indexes in the background"),
        Wanted::Missing => eprintln!("building new indexes in the background: `footnote reindex status` says how far"),
        Wanted::Previous => eprintln!(
            "the settings are those of the previous indexes, but answers come from the others: `footnote reindex rollback` \
             exchanges them"
        ),
    }
}

/// Builds new indexes, switches to them, and follows what `footnote reindex` decides, for as long as the server runs.
async fn keep_indexes(house: &House, current: &CurrentContext) {
    loop {
        match house.advance(current).await {
            Ok(Advance::Built) => {
                tokio::task::yield_now().await;
                continue;
            }
            Ok(Advance::Switched(id)) => tracing::info!(generation = %id, "the new indexes answer now"),
            Ok(Advance::Idle) => {}
            Err(error) => {
                tracing::warn!(error = %output::one_line(&error), "keep the indexes");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// Brings the indexes in line with what syncs and pushes have stored, for as long as the server runs.
async fn index_when_due(house: &House) {
    let mut unsettled = 0;
    loop {
        match house.index_due(&|_| {}).await {
            Ok(0) => {
                match house.settle(unsettled).await {
                    Ok(true) => unsettled = 0,
                    Ok(false) => {}
                    Err(error) => tracing::warn!(error = %output::one_line(&error), "build the vector graph"),
                }
                tokio::time::sleep(BETWEEN_JOBS).await;
            }
            Ok(indexed) => unsettled += indexed,
            Err(error) => {
                tracing::warn!(error = %output::one_line(&error), "index");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
}

/// Runs syncs as they become due, several sources at once, for as long as the server runs.
async fn sync_when_due(house: &House) {
    let lanes = (0..house.config().ingest.syncs_at_once.get()).map(|_| run_syncs(house));
    futures::future::join_all(lanes).await;
}

async fn run_syncs(house: &House) {
    loop {
        match house.run_due(None, &|_| {}).await {
            Ok(Some(ended)) => {
                tracing::info!(source = %ended.source, state = ?ended.state, reason = ended.reason, "sync ended");
                continue;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(error = %output::one_line(&error), "run syncs"),
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}
