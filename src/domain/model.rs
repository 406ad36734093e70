//! What is recorded about a model wherever its output is stored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Identity and limits of an embedder; vectors of different profiles are never mixed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EmbedderProfile {
    /// e.g. `all-minilm-l6-v2`.
    pub model: String,
    /// SHA-256 of the weights; empty for a remote model.
    pub weights_sha256: String,
    pub dims: usize,
    /// Longest input in tokens, special tokens included.
    pub max_tokens: usize,
    pub query_prefix: String,
    pub passage_prefix: String,
}

/// Identity and limits of a generator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GeneratorProfile {
    /// e.g. `smollm2-135m-instruct` or `extractive`.
    pub model: String,
    /// SHA-256 of the weights; empty where there are none here.
    pub weights_sha256: String,
    /// Prompt and answer together, in tokens.
    pub context_tokens: usize,
}
