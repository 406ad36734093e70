//! Everything ingesting needs, handed over by the wiring.

use std::sync::Arc;

use domain::{Clock, Embedder, KeywordIndex, VectorIndex};
use store::Store;

use crate::{IngestConfig, ParserPool};

/// The engines behind sync and index; cheap to clone.
#[derive(Clone)]
pub struct IngestContext {
    pub store: Store,
    pub parsers: Arc<ParserPool>,
    pub embedder: Arc<dyn Embedder>,
    pub keyword: Arc<dyn KeywordIndex>,
    pub vector: Arc<dyn VectorIndex>,
    pub config: IngestConfig,
    pub clock: Clock,
    /// This process among all on the database that sync and index.
    pub worker: String,
    /// Held by whoever indexes: embedding takes every core there is.
    pub indexing: Arc<tokio::sync::Mutex<()>>,
}
