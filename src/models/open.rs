//! Opens what the configuration names, as the seams. `dir` is always the models directory.

use std::{path::Path, sync::Arc};

use domain::{Embedder, EmbedderProfile, Generator, GroundednessJudge, Reranker};

use crate::{
    EmbedderConfig, Error, GeneratorConfig, HttpEmbedderConfig, JudgeConfig, LocalJudge, ModelsConfig,
    OnnxEmbedderConfig, Result,
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

/// The embedder that made the vectors of `profile`, whichever is configured now: another pulled model, or another one of the
/// configured server.
///
/// # Errors
/// When there is no such model any more.
pub fn open_recorded_embedder(
    config: &ModelsConfig,
    dir: &Path,
    profile: &EmbedderProfile,
) -> Result<Arc<dyn Embedder>> {
    let embedder = match &config.embedder {
        EmbedderConfig::Http(http) if profile.weights_sha256.is_empty() => EmbedderConfig::Http(HttpEmbedderConfig {
            model: profile.model.clone(),
            dims: profile.dims,
            max_tokens: profile.max_tokens,
            query_prefix: profile.query_prefix.clone(),
            passage_prefix: profile.passage_prefix.clone(),
            tokenizer: http.tokenizer.clone().filter(|_| http.model == profile.model),
            ..http.clone()
        }),
        EmbedderConfig::Onnx(onnx) => {
            EmbedderConfig::Onnx(OnnxEmbedderConfig { model: profile.model.clone(), ..onnx.clone() })
        }
        EmbedderConfig::Http(_) => {
            EmbedderConfig::Onnx(OnnxEmbedderConfig { model: profile.model.clone(), ..OnnxEmbedderConfig::default() })
        }
    };
    let opened = open_embedder(&ModelsConfig { embedder, ..config.clone() }, dir)?;
    if opened.profile() == profile {
        return Ok(opened);
    }
    Err(Error::mismatch(&profile.model, "it is not the one that the indexes were built with"))
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
