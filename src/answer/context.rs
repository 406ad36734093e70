//! Everything answering needs, handed over by the wiring.

use std::sync::{Arc, PoisonError, RwLock};

use domain::{Clock, Embedder, GenerationId, Generator, GroundednessJudge, KeywordIndex, Reranker, VectorIndex};
use store::Store;

use crate::AnswerConfig;

/// The engines behind one `answer()`; cheap to clone.
#[derive(Clone)]
pub struct AnswerContext {
    pub store: Store,
    /// Of the two indexes and the embedder, which belong together.
    pub generation: GenerationId,
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

/// The context that questions are answered with now. Replaced as a whole: a question that asked for it once never meets an
/// embedder or an index of another generation. Clones share it.
#[derive(Clone)]
pub struct CurrentContext(Arc<RwLock<Arc<AnswerContext>>>);

impl CurrentContext {
    pub fn new(ctx: AnswerContext) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(ctx))))
    }

    /// Ask once for each question.
    pub fn now(&self) -> Arc<AnswerContext> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn replace(&self, ctx: AnswerContext) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ctx);
    }
}
