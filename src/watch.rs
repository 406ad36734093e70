//! Watched folders: a change in one makes its source's sync due.

use std::{collections::HashMap, path::PathBuf, time::Duration};

use connectors::FolderWatch;
use domain::SourceId;
use store::Store;
use tokio::task::AbortHandle;

use crate::{output, wiring};

/// How often sources that came, went or were changed are looked for.
const BETWEEN_LOOKS: Duration = Duration::from_secs(5);
/// How often a sync is asked for again that could not be made due because one was running.
const BETWEEN_REQUESTS: Duration = Duration::from_millis(500);
/// How long a folder that cannot be watched is left alone.
const AFTER_FAILURE: Duration = Duration::from_secs(60);

/// Watches the folders of all sources that want it, for as long as it is polled.
pub async fn watch_folders(store: &Store) {
    let mut tasks = tokio::task::JoinSet::new();
    let mut watched: HashMap<(SourceId, PathBuf), AbortHandle> = HashMap::new();
    loop {
        match wanted(store).await {
            Ok(wanted) => {
                watched.retain(|key, task| {
                    let stays = wanted.contains(key) && !task.is_finished();
                    if !stays {
                        task.abort();
                    }
                    stays
                });
                for key in wanted {
                    let task = || tasks.spawn(watch(store.clone(), key.0.clone(), key.1.clone()));
                    watched.entry(key.clone()).or_insert_with(task);
                }
            }
            Err(error) => tracing::warn!(%error, "list the folders to watch"),
        }
        while tasks.try_join_next().is_some() {}
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

async fn wanted(store: &Store) -> store::Result<Vec<(SourceId, PathBuf)>> {
    let sources = store.sources().await?.into_iter().filter(|source| !source.settings.paused);
    let folder = |source: store::Source| Some((source.id, connectors::kind(&source.kind)?.watched(source.config)?));
    Ok(sources.filter_map(folder).collect())
}

async fn watch(store: Store, source: SourceId, path: PathBuf) {
    let mut watch = match FolderWatch::new(&path) {
        Ok(watch) => watch,
        Err(error) => {
            tracing::warn!(%source, error = error.message, "watch");
            return tokio::time::sleep(AFTER_FAILURE).await;
        }
    };
    tracing::info!(%source, path = %path.display(), "watching");
    // What changed before the watch began was not told.
    loop {
        while !requested(&store, &source).await {
            tokio::time::sleep(BETWEEN_REQUESTS).await;
        }
        watch.changed().await;
    }
}

async fn requested(store: &Store, source: &SourceId) -> bool {
    store.schedule_sync(source, Some((wiring::clock().now)())).await.unwrap_or_else(|error| {
        tracing::warn!(%source, error = %output::one_line(&error.into()), "ask for a sync");
        false
    })
}
