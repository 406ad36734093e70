//! Everything answering needs, handed over by the wiring.

use std::sync::Arc;

use domain::{Clock, Embedder, Generator, GroundednessJudge, KeywordIndex, Reranker, VectorIndex};
use store::Store;

use crate::AnswerConfig;

/// The engines behind one `answer()`; cheap to clone.
#[derive(Clone)]
pub struct AnswerContext {
    pub store: Store,
    pub embedder: Arc<dyn Embedder>,
    pub keyword: Arc<dyn KeywordIndex>,
    pub vector: Arc<dyn VectorIndex>,
    pub reranker: Option<Arc<dyn Reranker>>,
    pub generator: Arc<dyn Generator>,
    /// Quotes the evidence verbatim when nothing the generator wrote is supported.
    pub quoter: Arc<dyn Generator>,
    pub judge: Arc<dyn GroundednessJudge>,
    pub config: AnswerConfig,
    pub clock: Clock,
}
