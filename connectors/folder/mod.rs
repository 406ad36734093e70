//! A folder of files as a source: walks it in path order, reads batches, applies its access rules.

mod access;
mod read;
mod walk;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use domain::{Batch, Clock, Connector, EngineError, EngineResult, Principal, Since};
use futures::{StreamExt, stream, stream::BoxStream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use walk::Plan;
pub(crate) use walk::{is_leftover, unknown_extension};

use crate::{Parts, SourceConfig, globs::Globs};

/// Settings of a folder source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FolderConfig {
    /// The folder. Links to it are followed, links inside it are not.
    pub path: PathBuf,
    /// Only files that match one of these patterns are read; all when there is none. `docs/**` and
    /// `docs` mean everything below `docs`, `*.md` means such files at any depth.
    #[serde(default)]
    pub include: Vec<String>,
    /// Files that match one of these patterns are not read, even if included.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Largest file that is read, in bytes.
    #[serde(default = "default_max_file_bytes")]
    pub max_file_bytes: u64,
    /// Whether a running server reads it as soon as a file in it changes. File systems that other machines write to do
    /// not tell: give them a schedule.
    #[serde(default = "default_watch")]
    pub watch: bool,
}

fn default_max_file_bytes() -> u64 {
    64 << 20
}

fn default_watch() -> bool {
    true
}

impl FolderConfig {
    /// The whole folder.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let (max_file_bytes, watch) = (default_max_file_bytes(), default_watch());
        Self { path: path.into(), include: Vec::new(), exclude: Vec::new(), max_file_bytes, watch }
    }
}

/// Reports a folder's files. Every sync is a full listing; only what has changed is read.
pub struct FolderConnector {
    settings: Arc<Settings>,
}

/// The config in the form that walking and reading need.
struct Settings {
    path: PathBuf,
    include: Option<Globs>,
    exclude: Globs,
    max_file_bytes: u64,
    readers: Vec<Principal>,
    clock: Clock,
}

impl SourceConfig for FolderConfig {
    const KIND: &'static str = "folder";
    const TITLE: &'static str = "Folder";
    const SEES_READERS: bool = false;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let readers = parts.rule(Self::TITLE)?;
        Ok(Box::new(FolderConnector::new(self, readers, parts.clock)?))
    }

    fn watched(&self) -> Option<&Path> {
        self.watch.then_some(&self.path)
    }
}

impl FolderConnector {
    /// `readers` may read the files that no rule in the folder's `access.toml` matches.
    /// Fails for a pattern that is none and for an empty list of readers.
    pub fn new(config: FolderConfig, readers: Vec<Principal>, clock: Clock) -> EngineResult<Self> {
        if readers.is_empty() {
            return Err(EngineError::give_up("folder: `readers` is empty, so nobody could read anything"));
        }
        let include = if config.include.is_empty() { None } else { Some(Globs::new(&config.include)?) };
        let exclude = Globs::new(&config.exclude)?;
        let FolderConfig { path, max_file_bytes, .. } = config;
        let settings = Settings { path, include, exclude, max_file_bytes, readers, clock };
        Ok(Self { settings: Arc::new(settings) })
    }
}

/// Where a sync stands.
enum Step {
    Walk(Since),
    /// Files before the number are done.
    Read(Arc<Plan>, Since, usize),
    Done,
}

impl Connector for FolderConnector {
    fn changes(&self, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
        stream::try_unfold(Step::Walk(since), move |step| self.advance(step)).boxed()
    }
}

impl FolderConnector {
    async fn advance(&self, step: Step) -> EngineResult<Option<(Batch, Step)>> {
        let settings = Arc::clone(&self.settings);
        let (plan, since, first) = match step {
            Step::Done => return Ok(None),
            Step::Read(plan, since, first) => (plan, since, first),
            Step::Walk(since) => {
                let known = since.clone();
                (Arc::new(blocking(move || walk::plan(&settings, &known)).await??), since, 0)
            }
        };
        let (settings, reading, held) = (Arc::clone(&self.settings), Arc::clone(&plan), since.clone());
        let (batch, next) = blocking(move || read::batch(&settings, &reading, &held, first)).await?;
        let step = if next < plan.files.len() { Step::Read(plan, since, next) } else { Step::Done };
        Ok(Some((batch, step)))
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> EngineResult<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| EngineError::give_up(format!("read folder: {error}")))
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod tests;
