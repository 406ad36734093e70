//! The words of the house: ids, documents, chunks, viewers, answers and the seams. No I/O, no runtime, no engine.

mod access;
mod answer;
mod clean;
mod clock;
mod document;
mod error;
mod ids;
mod language;
mod lexical;
mod model;
mod near;
mod prompt;
mod question;
mod seams;
mod sentence;
mod source;
mod text;

pub use access::{AccessClassId, Principal, Viewer};
pub use answer::{Answer, AnswerEvent, Citation, NearestDocument, Sentence, Stage, Verdict, WithheldSentence};
pub use clean::CleanRule;
pub use clock::Clock;
pub use document::{Chunk, Document, Heading, OtherDocument, PageStart, Passage, RawDocument};
pub use error::{EngineError, EngineResult};
pub use ids::{AnswerId, ChunkId, DocumentId, GenerationId, SourceId, UserId, VersionHash, sha256_hex};
pub use language::Language;
pub use lexical::{Lexicon, Terms, is_negated, names, numbers, stem, terms};
pub use model::{EmbedderProfile, GeneratorProfile};
pub use near::{NEAR, Signature};
pub use prompt::{Prompt, PromptPassage};
pub use question::{Leg, Question};
pub use seams::{
    Claim, Connector, Embedder, Generator, GroundednessJudge, Hit, IndexChange, Judgement, KeywordEntry, KeywordIndex,
    KeywordQuery, Reranker, TokenStream, VectorEntry, VectorIndex, VectorQuery,
};
pub use sentence::{is_row, sentences};
pub use source::{Batch, Change, Cursor, Since};
pub use text::{Offsets, Span, slice};
