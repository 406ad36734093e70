//! An answer with its footnotes, and the events that build it up.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AnswerId, DocumentId, OtherDocument, Passage, Span, VersionHash};

/// How well the cited passages support a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Unsupported,
    Partial,
    Supported,
}

/// One shown sentence of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sentence {
    pub text: String,
    pub verdict: Verdict,
    /// The judge's confidence in 0..=1 that the citations support the text.
    pub score: f32,
    /// Numbers of [`Citation`]s.
    pub citations: Vec<usize>,
}

/// A sentence the model wrote and the judge did not let through.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WithheldSentence {
    pub text: String,
    pub verdict: Verdict,
    pub score: f32,
}

/// Exact characters of an exact version of a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Citation {
    pub n: usize,
    pub document_id: DocumentId,
    pub version: VersionHash,
    pub title: String,
    pub uri: String,
    /// Range of `quote` in the version's stored text, in Unicode scalar values.
    #[serde(flatten)]
    pub span: Span,
    pub page: Option<u32>,
    pub quote: String,
    /// Other documents that say the same and that the viewer may read now; at most a few are named.
    #[serde(default)]
    pub also_in: Vec<OtherDocument>,
}

/// A document offered when nothing supports an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NearestDocument {
    pub document_id: DocumentId,
    pub title: String,
    pub uri: String,
    pub score: f32,
}

/// The whole answer; also the JSON contract of `footnote ask --json` and the API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub id: AnswerId,
    /// The shown sentences with their `[n]` marks, or the line that says why there are none.
    pub answer: String,
    pub abstained: bool,
    pub sentences: Vec<Sentence>,
    pub withheld: Vec<WithheldSentence>,
    pub citations: Vec<Citation>,
    pub passages: Vec<Passage>,
    /// Filled when `abstained`.
    pub nearest: Vec<NearestDocument>,
    pub model: String,
    pub prompt_hash: String,
    /// Milliseconds per stage, and `total`.
    pub timings_ms: BTreeMap<String, f64>,
}

/// A stage of the answer recipe, as shown while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    Retrieving,
    Generating,
    Judging,
}

/// What the pipeline tells whoever watches, in this order: status, passages, tokens (an unverified
/// draft), citations and verdicts, then exactly one of done and error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", content = "data", rename_all = "lowercase")]
pub enum AnswerEvent {
    Status {
        stage: Stage,
    },
    Passages {
        passages: Vec<Passage>,
    },
    Token {
        text: String,
    },
    Citation(Citation),
    /// Sentence number `index` (from 0) of the final answer.
    Verdict {
        index: usize,
        sentence: Sentence,
    },
    Done(Box<Answer>),
    Error {
        code: String,
        detail: String,
    },
}
