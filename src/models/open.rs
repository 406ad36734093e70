//! Opens what the configuration names, as the seams. `dir` is always the models directory.

use std::{path::Path, sync::Arc};

use domain::{Embedder, Generator, GroundednessJudge, Reranker};

use crate::{
    EmbedderConfig, GeneratorConfig, JudgeConfig, LocalJudge, ModelsConfig, Result,
    embed::{HttpEmbedder, OnnxEmbedder},
    generate::{CandleGenerator, OpenAiGenerator},
    rerank::OnnxReranker,
};

/// The embedder. Opening takes about a second: files are hashed and the model loaded.
pub fn open_embedder(config: &ModelsConfig, dir: &Path) -> Result<Arc<dyn Embedder>> {
    Ok(match &config.embedder {
        EmbedderConfig::Onnx(config) => Arc::new(OnnxEmbedder::open(config, dir)?),
        EmbedderConfig::Http(config) => Arc::new(HttpEmbedder::new(config)?),
    })
}

/// The language model; `None` where answers are extractive and need none.
pub fn open_generator(config: &ModelsConfig, dir: &Path) -> Result<Option<Arc<dyn Generator>>> {
    Ok(match &config.generator {
        GeneratorConfig::Extractive {} => None,
        GeneratorConfig::Candle(config) => Some(Arc::new(CandleGenerator::open(config, dir)?)),
        GeneratorConfig::OpenAi(config) => Some(Arc::new(OpenAiGenerator::new(config)?)),
    })
}

/// The judge, which compares sentences with `embedder`.
pub fn open_judge(config: &ModelsConfig, embedder: Arc<dyn Embedder>) -> Result<Arc<dyn GroundednessJudge>> {
    Ok(match &config.judge {
        JudgeConfig::Local(config) => Arc::new(LocalJudge::new(config, embedder)?),
    })
}

/// The reranker, where one is configured.
pub fn open_reranker(config: &ModelsConfig, dir: &Path) -> Result<Option<Arc<dyn Reranker>>> {
    let Some(config) = &config.reranker else { return Ok(None) };
    Ok(Some(Arc::new(OnnxReranker::open(config, dir)?)))
}
