//! Which models to use, and how.

use std::path::PathBuf;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

/// Models of this workspace.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelsConfig {
    /// Where pulled models lie; without it, `models` in the platform's cache directory.
    pub dir: Option<PathBuf>,
    /// Turns text into vectors.
    pub embedder: EmbedderConfig,
    /// Writes answers.
    pub generator: GeneratorConfig,
    /// Decides whether passages support a sentence.
    pub judge: JudgeConfig,
    /// Reorders retrieved passages; none by default.
    pub reranker: Option<RerankerConfig>,
}

/// Where vectors come from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum EmbedderConfig {
    /// A pulled ONNX model, in this process.
    Onnx(OnnxEmbedderConfig),
    /// A server with an OpenAI-compatible `/v1/embeddings`.
    Http(HttpEmbedderConfig),
}

impl Default for EmbedderConfig {
    fn default() -> Self {
        Self::Onnx(OnnxEmbedderConfig::default())
    }
}

/// A pulled ONNX embedder.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OnnxEmbedderConfig {
    /// Name in the registry (`footnote models list`).
    pub model: String,
    /// CPU threads per run; every core when absent.
    pub threads: Option<usize>,
    /// How many vectors of short texts (sentences, questions) are kept in memory.
    pub cached_vectors: u64,
}

impl Default for OnnxEmbedderConfig {
    fn default() -> Self {
        Self { model: "all-minilm-l6-v2".into(), threads: None, cached_vectors: 20_000 }
    }
}

/// An embedding server.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpEmbedderConfig {
    /// Base address that ends in `/v1`, e.g. `http://localhost:8001/v1`.
    pub url: String,
    /// Model name the server knows.
    pub model: String,
    /// Length of the vectors it returns.
    pub dims: usize,
    /// Longest input in tokens.
    #[serde(default = "default_embedder_tokens")]
    pub max_tokens: usize,
    /// Sent as a bearer token.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub api_key: Option<SecretString>,
    /// Put before a question, e.g. `query: ` for E5.
    #[serde(default)]
    pub query_prefix: String,
    /// Put before a passage, e.g. `passage: ` for E5.
    #[serde(default)]
    pub passage_prefix: String,
    /// The model's `tokenizer.json`, for exact token counts; estimated from above without it.
    #[serde(default)]
    pub tokenizer: Option<PathBuf>,
}

fn default_embedder_tokens() -> usize {
    512
}

/// Where answers come from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum GeneratorConfig {
    /// No language model: the best supported sentences, verbatim.
    Extractive {},
    /// A pulled GGUF model, in this process.
    Candle(CandleConfig),
    /// A server with an OpenAI-compatible `/v1/chat/completions`.
    OpenAi(OpenAiConfig),
}

impl Default for GeneratorConfig {
    fn default() -> Self {
        Self::Extractive {}
    }
}

/// A pulled GGUF generator.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CandleConfig {
    /// Name in the registry (`footnote models list`).
    pub model: String,
    /// Questions that may wait for the model; one more is told to try again.
    pub queue: usize,
    /// Use at most this many tokens of the model's context, prompt and answer together.
    pub context_tokens: usize,
}

impl Default for CandleConfig {
    fn default() -> Self {
        Self { model: "smollm2-135m-instruct".into(), queue: 16, context_tokens: 4096 }
    }
}

/// A chat completions server: vLLM, llama.cpp, Ollama, OpenAI.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenAiConfig {
    /// Base address that ends in `/v1`, e.g. `http://localhost:8000/v1`.
    pub url: String,
    /// Model name the server knows.
    pub model: String,
    /// Sent as a bearer token.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub api_key: Option<SecretString>,
    /// Prompt and answer together, in tokens.
    #[serde(default = "default_context_tokens")]
    pub context_tokens: usize,
    /// Sampling temperature; 0 is greedy.
    #[serde(default)]
    pub temperature: f32,
    /// Seconds to connect.
    #[serde(default = "default_connect_timeout_secs")]
    pub connect_timeout_secs: u64,
    /// Seconds until the first piece of text, and between two pieces.
    #[serde(default = "default_token_timeout_secs")]
    pub token_timeout_secs: u64,
    /// Attempts before the first piece of text; later failures are never retried.
    #[serde(default = "default_attempts")]
    pub attempts: u32,
    /// The model's `tokenizer.json`, for exact token counts; estimated from above without it.
    #[serde(default)]
    pub tokenizer: Option<PathBuf>,
}

fn default_context_tokens() -> usize {
    8192
}

fn default_connect_timeout_secs() -> u64 {
    5
}

fn default_token_timeout_secs() -> u64 {
    60
}

fn default_attempts() -> u32 {
    3
}

/// How support is decided.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum JudgeConfig {
    /// Word, number and vector evidence, weighed by a calibrated logistic regression.
    Local(LocalJudgeConfig),
}

impl Default for JudgeConfig {
    fn default() -> Self {
        Self::Local(LocalJudgeConfig::default())
    }
}

/// The local judge's cuts. The defaults are the measured ones (`eval/judge/README.md`).
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LocalJudgeConfig {
    /// Least probability in 0..=1 called `supported`.
    pub supported: Option<f32>,
    /// Least probability in 0..=1 called `partial`.
    pub partial: Option<f32>,
}

/// A pulled cross-encoder.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RerankerConfig {
    /// Name in the registry (`footnote models list`).
    pub model: String,
    /// CPU threads per run; every core when absent.
    #[serde(default)]
    pub threads: Option<usize>,
}
