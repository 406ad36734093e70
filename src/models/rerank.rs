//! Scores passages with a pulled ONNX cross-encoder, through fastembed.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use domain::{EngineError, EngineResult, Reranker};
use fastembed::{RerankInitOptionsUserDefined, TextRerank, UserDefinedRerankingModel};

use crate::{
    Error, RerankerConfig, Result, onnx,
    registry::{Purpose, Registry},
    verify,
};

const BATCH_TEXTS: usize = 8;

pub(crate) struct OnnxReranker {
    model: Arc<Mutex<TextRerank>>,
}

impl OnnxReranker {
    /// Opens the model `config` names in the models directory, after checking its files.
    pub fn open(config: &RerankerConfig, dir: &Path) -> Result<Self> {
        let registry = Registry::read(dir)?;
        let model = registry.model(&config.model, Purpose::Reranker)?;
        verify::check(model, dir)?;
        let source = UserDefinedRerankingModel::new(model.weights_path(dir), onnx::tokenizer_files(model, dir)?);
        let options = RerankInitOptionsUserDefined::new()
            .with_environment(onnx::environment(dir, &registry)?)
            .with_max_length(model.context_tokens)
            .with_intra_threads(onnx::threads(config.threads));
        let opened = TextRerank::try_new_from_user_defined(source, options)
            .map_err(|error| Error::Engine(format!("open {}: {error}", model.name)))?;
        Ok(Self { model: Arc::new(Mutex::new(opened)) })
    }
}

#[async_trait]
impl Reranker for OnnxReranker {
    async fn rerank(&self, question: &str, passages: &[String]) -> EngineResult<Vec<f32>> {
        let (model, question, passages) = (self.model.clone(), question.to_owned(), passages.to_vec());
        let ranked = tokio::task::spawn_blocking(move || {
            let mut model = model.lock().unwrap_or_else(PoisonError::into_inner);
            let count = passages.len();
            model.rerank(question, &passages, false, Some(BATCH_TEXTS)).map(|ranked| (ranked, count))
        });
        let ranked = ranked.await.map_err(|error| EngineError::give_up(format!("rerank: {error}")))?;
        let (ranked, count) = ranked.map_err(|error| EngineError::give_up(format!("rerank: {error}")))?;
        let mut scores = vec![f32::MIN; count];
        for result in ranked {
            if let Some(score) = scores.get_mut(result.index) {
                *score = result.score;
            }
        }
        Ok(scores)
    }
}
