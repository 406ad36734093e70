//! Every plug point on one screen.

use std::{pin::Pin, sync::Arc};

use async_trait::async_trait;
use futures::{Stream, stream::BoxStream};

use crate::{
    AccessClassId, Batch, ChunkId, DocumentId, EmbedderProfile, EngineResult, GeneratorProfile, Language, Passage,
    Prompt, Since, Span, Verdict,
};

/// A system that documents come from.
pub trait Connector: Send + Sync {
    /// Everything that changed after `since`, in batches; everything there is when it holds nothing.
    fn changes(&self, since: Since) -> BoxStream<'_, EngineResult<Batch>>;
}

/// Turns text into unit-length vectors.
#[async_trait]
pub trait Embedder: Send + Sync {
    fn profile(&self) -> &EmbedderProfile;
    /// Tokens `text` takes, special tokens excluded.
    fn count_tokens(&self, text: &str) -> usize;
    /// One vector per text, in order. A text's vector does not depend on its neighbours.
    async fn embed_passages(&self, texts: &[String]) -> EngineResult<Vec<Vec<f32>>>;
    async fn embed_query(&self, text: &str) -> EngineResult<Vec<f32>>;
}

/// Words to chunks. Holds no text to show: it returns ids and scores.
#[async_trait]
pub trait KeywordIndex: Send + Sync {
    /// Applies all changes; durable only after [`KeywordIndex::flush`].
    async fn apply(&self, changes: Vec<IndexChange<KeywordEntry>>) -> EngineResult<()>;
    async fn flush(&self) -> EngineResult<()>;
    /// Best first. Any text is a valid query: there is no query syntax.
    async fn search(&self, query: KeywordQuery) -> EngineResult<Vec<Hit>>;
    /// Every chunk held, ascending; to compare with SQL.
    async fn chunk_ids(&self) -> EngineResult<Vec<ChunkId>>;
}

/// Vectors to chunks.
#[async_trait]
pub trait VectorIndex: Send + Sync {
    /// Applies all changes; durable only after [`VectorIndex::flush`].
    async fn apply(&self, changes: Vec<IndexChange<VectorEntry>>) -> EngineResult<()>;
    async fn flush(&self) -> EngineResult<()>;
    /// Best (highest cosine) first.
    async fn search(&self, query: VectorQuery) -> EngineResult<Vec<Hit>>;
    /// Every chunk held, ascending; to compare with SQL.
    async fn chunk_ids(&self) -> EngineResult<Vec<ChunkId>>;
}

/// Scores passages against a question with a cross-encoder.
#[async_trait]
pub trait Reranker: Send + Sync {
    /// One score per passage, in order, higher is better.
    async fn rerank(&self, question: &str, passages: &[String]) -> EngineResult<Vec<f32>>;
}

/// Text as it is generated; dropping it cancels the generation.
pub type TokenStream = Pin<Box<dyn Stream<Item = EngineResult<String>> + Send>>;

/// Writes an answer that refers to passages as `[n]`.
#[async_trait]
pub trait Generator: Send + Sync {
    fn profile(&self) -> &GeneratorProfile;
    /// Tokens `text` takes by this generator's own tokenizer.
    fn count_tokens(&self, text: &str) -> usize;
    async fn generate(&self, prompt: Arc<Prompt>) -> EngineResult<TokenStream>;
}

/// Decides whether passages support claims. Fails closed: an error is no support.
#[async_trait]
pub trait GroundednessJudge: Send + Sync {
    /// One judgement per claim, in order.
    async fn judge(&self, claims: &[Claim], passages: &[Passage]) -> EngineResult<Vec<Judgement>>;
}

/// What an index is told about one document: all its entries, or that it is gone.
#[derive(Clone, Debug, PartialEq)]
pub enum IndexChange<E> {
    Replace { document: DocumentId, entries: Vec<E> },
    Remove { document: DocumentId },
}

/// A chunk as the keyword index holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct KeywordEntry {
    pub chunk: ChunkId,
    pub access: AccessClassId,
    pub title: String,
    pub context: String,
    pub text: String,
    /// Of the document; words of an unknown one are taken as they stand.
    pub language: Option<Language>,
}

/// A chunk as the vector index holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorEntry {
    pub chunk: ChunkId,
    pub access: AccessClassId,
    pub vector: Vec<f32>,
}

/// What the keyword index is asked. Only chunks of the listed access classes are seen.
#[derive(Clone, Debug, PartialEq)]
pub struct KeywordQuery {
    pub text: String,
    pub access: Vec<AccessClassId>,
    pub limit: usize,
}

/// What the vector index is asked. Only chunks of the listed access classes are seen.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorQuery {
    pub vector: Vec<f32>,
    pub access: Vec<AccessClassId>,
    pub limit: usize,
}

/// A chunk an index found. BM25 score or cosine: comparable within one list only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    pub chunk: ChunkId,
    pub score: f32,
}

/// A sentence to judge, with the passages it refers to.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    pub text: String,
    /// Indices into the passages given with it; empty when it cites none.
    pub cited: Vec<usize>,
}

/// What the judge found for one claim.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    pub verdict: Verdict,
    /// Confidence in 0..=1 that the evidence supports the claim.
    pub score: f32,
    /// The sentence that supports it best: passage index and range within that passage's text.
    pub evidence: Option<(usize, Span)>,
}
