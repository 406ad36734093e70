//! Models behind the seams: embedders, rerankers, generators, judges, and the registry they are pulled into.

mod config;
mod embed;
mod error;
mod generate;
mod gguf;
mod http;
mod judge;
mod onnx;
mod open;
mod pull;
pub mod registry;
mod rerank;
mod verify;

pub use config::{
    CandleConfig, EmbedderConfig, GeneratorConfig, HttpEmbedderConfig, JudgeConfig, LocalJudgeConfig, ModelsConfig,
    OnnxEmbedderConfig, OpenAiConfig, RerankerConfig,
};
pub use error::{Error, Result};
pub use judge::{FEATURE_COUNT, FEATURE_NAMES, Finding, LocalJudge};
pub use open::{open_embedder, open_generator, open_judge, open_recorded_embedder, open_reranker};
pub use pull::pull;
pub use verify::verify;
