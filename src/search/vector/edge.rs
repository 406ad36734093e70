//! Vectors in this process: a Qdrant Edge shard with one writer thread beside any number of searches.

use std::{
    path::Path,
    sync::Arc,
    thread::{self, JoinHandle},
};

use async_trait::async_trait;
use domain::{ChunkId, EngineError, EngineResult, Hit, IndexChange, VectorEntry, VectorIndex, VectorQuery};
use qdrant_edge::OperationResult;
use tokio::{
    sync::{mpsc, oneshot},
    task::spawn_blocking,
};

use super::{
    check, settle,
    shard::Shard,
    writer::{self, Command, Job, Shared},
};
use crate::{Result, VectorConfig, directory};

/// Changes waiting for the writer before [`VectorIndex::apply`] waits too.
const QUEUE: usize = 8;

/// A shard in a directory of its own. Searches see a change once `apply` returns; it survives a kill once
/// `flush` returns. Dropping it waits for the writer, unless an optimisation runs.
pub struct EdgeIndex {
    shared: Arc<Shared>,
    dims: usize,
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
}

impl EdgeIndex {
    /// Makes a new, empty index for vectors of `dims` dimensions in `dir`, which must be missing or empty.
    pub fn create(dir: &Path, dims: usize, config: &VectorConfig) -> Result<Self> {
        directory::make_empty(dir)?;
        Self::over(Shard::create(dir, dims, config)?, dir, dims, config)
    }

    /// Opens the index in `dir`; [`crate::Error::Unusable`] when it is missing, damaged or for other vectors.
    pub fn open(dir: &Path, dims: usize, config: &VectorConfig) -> Result<Self> {
        Self::over(Shard::load(dir, dims, config)?, dir, dims, config)
    }

    fn over(shard: Shard, dir: &Path, dims: usize, config: &VectorConfig) -> Result<Self> {
        let shared = Arc::new(Shared::new(shard, dir.to_owned(), dims, config.clone()));
        let (jobs, queue) = mpsc::channel(QUEUE);
        let writing = shared.clone();
        let writer = thread::Builder::new().name("vector-writer".into()).spawn(move || writer::run(&writing, queue));
        let writer = writer.map_err(|error| EngineError::retry(format!("start the vector writer: {error}")))?;
        Ok(Self { shared, dims, jobs: Some(jobs), writer: Some(writer) })
    }

    /// Builds the search graph over what was added: call it after a big load. Takes about a minute per 100,000
    /// vectors on two cores; searches go on, changes wait.
    pub async fn optimize(&self) -> EngineResult<()> {
        self.write(Command::Optimize).await?;
        self.flush().await
    }

    async fn write(&self, command: Command) -> EngineResult<()> {
        let gone = || EngineError::give_up("vector index: its writer has stopped");
        let (done, outcome) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.send(Job { command, done }).await.map_err(|_| gone())?;
        outcome.await.map_err(|_| gone())?
    }

    async fn read<T: Send + 'static>(
        &self,
        task: &'static str,
        work: impl FnOnce(&Shard) -> OperationResult<T> + Send + 'static,
    ) -> EngineResult<T> {
        let shared = self.shared.clone();
        let done = spawn_blocking(move || shared.with(task, work)).await;
        done.map_err(|error| EngineError::retry(format!("vector index: {task} stopped: {error}")))?
    }
}

#[async_trait]
impl VectorIndex for EdgeIndex {
    async fn apply(&self, changes: Vec<IndexChange<VectorEntry>>) -> EngineResult<()> {
        self.write(Command::Apply(settle(changes, self.dims)?)).await
    }

    async fn flush(&self) -> EngineResult<()> {
        self.write(Command::Flush).await
    }

    async fn search(&self, query: VectorQuery) -> EngineResult<Vec<Hit>> {
        if query.access.is_empty() || query.limit == 0 {
            return Ok(Vec::new());
        }
        check(&query.vector, self.dims, || "search".into())?;
        self.read("search", |shard| shard.search(query)).await
    }

    async fn chunk_ids(&self) -> EngineResult<Vec<ChunkId>> {
        self.read("list chunks", Shard::chunk_ids).await
    }
}

impl Drop for EdgeIndex {
    fn drop(&mut self) {
        drop(self.jobs.take());
        let Some(writer) = self.writer.take().filter(|_| !self.shared.is_optimizing()) else { return };
        if writer.join().is_err() {
            tracing::warn!("the vector writer did not end cleanly");
        }
    }
}
