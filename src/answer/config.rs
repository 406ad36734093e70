//! Settings of answering; the defaults are the measured ones.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[answer]` of the configuration file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AnswerConfig {
    pub retrieve: RetrieveConfig,
    pub fuse: FuseConfig,
    pub abstain: AbstainConfig,
}

/// `[answer.retrieve]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetrieveConfig {
    /// Chunks asked of each index.
    pub candidates: usize,
    /// Passages an answer may draw on.
    pub passages: usize,
    /// Most tokens of an answer.
    pub answer_tokens: usize,
}

impl Default for RetrieveConfig {
    fn default() -> Self {
        Self { candidates: 200, passages: 6, answer_tokens: 160 }
    }
}

/// `[answer.fuse]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FuseConfig {
    /// Share of the keyword leg in a fused score before any word is counted, in 0..=1; the vector leg has the rest.
    pub keyword_base: f32,
    /// What each distinct content word of the question adds: the more words, the more sure their overlap.
    pub keyword_per_word: f32,
    /// The most it adds up to, and the share at once for an identifier such as E-4512.
    pub keyword_most: f32,
}

impl Default for FuseConfig {
    fn default() -> Self {
        Self { keyword_base: 0.15, keyword_per_word: 0.05, keyword_most: 0.6 }
    }
}

/// `[answer.abstain]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AbstainConfig {
    /// Answers whose evidence scores below this are refused, in 0..=1.
    pub threshold: f32,
}

impl Default for AbstainConfig {
    fn default() -> Self {
        Self { threshold: 0.34 }
    }
}
