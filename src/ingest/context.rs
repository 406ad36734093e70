//! Everything ingesting needs, handed over by the wiring.

use std::sync::Arc;

use domain::Clock;
use store::Store;
use tokio::sync::Mutex;

use crate::{Generations, IngestConfig, ParserPool};

/// The engines behind sync and index; cheap to clone.
#[derive(Clone)]
pub struct IngestContext {
    pub store: Store,
    pub parsers: Arc<ParserPool>,
    pub generations: Generations,
    pub config: IngestConfig,
    pub clock: Clock,
    /// This process among all on the database that sync and index.
    pub worker: String,
    /// Held by whoever indexes or builds a generation: embedding takes every core there is.
    pub indexing: Arc<Mutex<()>>,
}
