//! The one thread that writes to a shard: the engine panics when a flush meets a running update.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use domain::{EngineError, EngineResult};
use qdrant_edge::OperationResult;
use tokio::sync::{mpsc, oneshot};

use super::{Settled, shard::Shard};
use crate::VectorConfig;

const LOST: &str = "vector index: it broke and was reopened: apply what came after the last flush again";

pub(super) enum Command {
    Apply(Settled),
    Flush,
    Optimize,
}

pub(super) struct Job {
    pub command: Command,
    pub done: oneshot::Sender<EngineResult<()>>,
}

/// The shard that searches and the writer share; `None` while it cannot be reopened.
pub(super) struct Shared {
    shard: RwLock<Option<Shard>>,
    optimizing: AtomicBool,
    dir: PathBuf,
    dims: usize,
    config: VectorConfig,
}

impl Shared {
    pub fn new(shard: Shard, dir: PathBuf, dims: usize, config: VectorConfig) -> Self {
        Self { shard: RwLock::new(Some(shard)), optimizing: AtomicBool::new(false), dir, dims, config }
    }

    pub fn is_optimizing(&self) -> bool {
        self.optimizing.load(Ordering::Acquire)
    }

    pub fn with<T>(&self, task: &str, work: impl FnOnce(&Shard) -> OperationResult<T>) -> EngineResult<T> {
        let held = self.shard.read().unwrap_or_else(PoisonError::into_inner);
        let Some(shard) = held.as_ref() else {
            return Err(EngineError::retry(format!("vector index: {task}: it could not be reopened")));
        };
        work(shard).map_err(|error| EngineError::retry(format!("vector index: {task}: {error}")))
    }

    /// Waits for running searches, then lets go of the shard and its lock. It flushes as it is dropped.
    fn close(&self) {
        let mut held = self.shard.write().unwrap_or_else(PoisonError::into_inner);
        let shard = held.take();
        if catch_unwind(AssertUnwindSafe(|| drop(shard))).is_err() {
            tracing::warn!(dir = %self.dir.display(), "vector index could not flush as it was closed");
        }
    }

    fn reopen(&self) -> EngineResult<()> {
        self.close();
        let shard = Shard::load(&self.dir, self.dims, &self.config)?;
        *self.shard.write().unwrap_or_else(PoisonError::into_inner) = Some(shard);
        Ok(())
    }
}

/// Works until every sender is gone, then closes the shard.
pub(super) fn run(shared: &Shared, mut jobs: mpsc::Receiver<Job>) {
    let mut lost = false;
    while let Some(job) = jobs.blocking_recv() {
        let outcome = perform(shared, job.command, &mut lost);
        if job.done.send(outcome).is_err() {
            tracing::debug!("nobody waits for this change any more");
        }
    }
    shared.close();
}

fn perform(shared: &Shared, command: Command, lost: &mut bool) -> EngineResult<()> {
    let is_flush = matches!(command, Command::Flush);
    if is_flush && std::mem::take(lost) {
        return Err(EngineError::retry(LOST));
    }
    match catch_unwind(AssertUnwindSafe(|| execute(shared, command))) {
        Ok(outcome) => outcome,
        Err(_) => {
            *lost = !is_flush;
            shared.reopen()?;
            Err(EngineError::retry("vector index: the engine broke while writing and was reopened"))
        }
    }
}

fn execute(shared: &Shared, command: Command) -> EngineResult<()> {
    match command {
        Command::Apply(settled) => shared.with("apply", |shard| shard.apply(settled)),
        Command::Flush => {
            let flushed = |shard: &Shard| {
                shard.flush();
                Ok(shard.should_reopen())
            };
            if shared.with("flush", flushed)? { shared.reopen() } else { Ok(()) }
        }
        Command::Optimize => {
            shared.optimizing.store(true, Ordering::Release);
            let outcome = shared.with("optimize", Shard::optimize);
            shared.optimizing.store(false, Ordering::Release);
            outcome
        }
    }
}
