//! What a generator is asked: rendered messages, and the parts they were rendered from.

/// A composed prompt. `system` and `user` are the rendered messages; the generator applies its own chat template.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    pub system: String,
    pub user: String,
    pub question: String,
    /// In the order they are numbered in the prompt.
    pub passages: Vec<PromptPassage>,
    /// Most tokens to generate.
    pub max_tokens: usize,
    /// Sampling seed; generation is greedy unless the generator is configured otherwise.
    pub seed: u64,
}

/// A passage as the prompt numbers it.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptPassage {
    /// From 1; what `[n]` in the answer refers to.
    pub n: usize,
    pub title: String,
    pub context: String,
    /// The passage's own characters, whole or cut at a sentence's end.
    pub text: String,
    /// Fused retrieval score in 0..=1.
    pub score: f32,
}
