//! Engines whose every answer is known: words are found by containing them, sentences are supported when cited.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use domain::{
    AccessClassId, ChunkId, Claim, Embedder, EmbedderProfile, EngineError, EngineResult, Generator, GeneratorProfile,
    GroundednessJudge, Hit, IndexChange, Judgement, KeywordEntry, KeywordIndex, KeywordQuery, Passage, Prompt, Span,
    TokenStream, VectorEntry, VectorIndex, VectorQuery, Verdict,
};
use futures::{StreamExt, stream};
use store::Store;

/// What tests can turn on the engines.
#[derive(Default)]
pub struct Switches {
    /// The indexes fail.
    pub indexes_broken: AtomicBool,
    /// The generator starts a sentence and never ends it.
    pub generator_stuck: AtomicBool,
    /// The disk is nearly full.
    pub disk_full: AtomicBool,
    /// Generations that are running.
    pub generating: AtomicUsize,
}

pub struct FlatEmbedder(pub EmbedderProfile);

impl FlatEmbedder {
    pub fn new() -> Self {
        Self(EmbedderProfile {
            model: "flat".into(),
            weights_sha256: String::new(),
            dims: 2,
            max_tokens: 100,
            query_prefix: String::new(),
            passage_prefix: String::new(),
        })
    }
}

#[async_trait]
impl Embedder for FlatEmbedder {
    fn profile(&self) -> &EmbedderProfile {
        &self.0
    }

    fn count_tokens(&self, text: &str) -> usize {
        text.split_whitespace().count()
    }

    async fn embed_passages(&self, texts: &[String]) -> EngineResult<Vec<Vec<f32>>> {
        Ok(vec![vec![1.0, 0.0]; texts.len()])
    }

    async fn embed_query(&self, _: &str) -> EngineResult<Vec<f32>> {
        Ok(vec![1.0, 0.0])
    }
}

/// Only `push` sources are sent their documents.
pub struct PlainKinds(pub Arc<Switches>);

impl server::SourceKinds for PlainKinds {
    fn is_pulled(&self, kind: &str) -> bool {
        kind != "push"
    }

    fn shown_settings(&self, source: &store::Source) -> serde_json::Value {
        source.config.clone()
    }

    fn obstacle(&self) -> Option<String> {
        self.0.disk_full.load(Ordering::Relaxed).then(|| "only 3 MB are free in /secret/path".into())
    }
}

/// Finds every live chunk, whatever the classes: what may not be seen must be stopped by the store's door. Like the real
/// engines it answers a search for no class without looking.
pub struct CarelessIndex {
    pub store: Store,
    pub switches: Arc<Switches>,
}

impl CarelessIndex {
    async fn all(&self, access: &[AccessClassId], limit: usize) -> EngineResult<Vec<Hit>> {
        if access.is_empty() {
            return Ok(Vec::new());
        }
        if self.switches.indexes_broken.load(Ordering::Relaxed) {
            return Err(EngineError::retry("index at /secret/path is gone"));
        }
        let ids = self.store.live_chunk_ids().await.map_err(|error| EngineError::give_up(error.to_string()))?;
        Ok(ids.into_iter().take(limit).map(|chunk| Hit { chunk, score: 0.9 }).collect())
    }
}

#[async_trait]
impl KeywordIndex for CarelessIndex {
    async fn apply(&self, _: Vec<IndexChange<KeywordEntry>>) -> EngineResult<()> {
        Ok(())
    }

    async fn flush(&self) -> EngineResult<()> {
        Ok(())
    }

    async fn search(&self, query: KeywordQuery) -> EngineResult<Vec<Hit>> {
        self.all(&query.access, query.limit).await
    }

    async fn chunk_ids(&self) -> EngineResult<Vec<ChunkId>> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl VectorIndex for CarelessIndex {
    async fn apply(&self, _: Vec<IndexChange<VectorEntry>>) -> EngineResult<()> {
        Ok(())
    }

    async fn flush(&self) -> EngineResult<()> {
        Ok(())
    }

    async fn search(&self, query: VectorQuery) -> EngineResult<Vec<Hit>> {
        self.all(&query.access, query.limit).await
    }

    async fn chunk_ids(&self) -> EngineResult<Vec<ChunkId>> {
        Ok(Vec::new())
    }
}

/// Says the same to everything, word by word.
pub struct ScriptedGenerator {
    pub profile: GeneratorProfile,
    pub script: &'static str,
    pub switches: Arc<Switches>,
}

impl ScriptedGenerator {
    pub fn new(script: &'static str, switches: Arc<Switches>) -> Self {
        let profile =
            GeneratorProfile { model: "scripted".into(), weights_sha256: String::new(), context_tokens: 4_096 };
        Self { profile, script, switches }
    }
}

/// Counts itself as long as it lives.
struct Running(Arc<Switches>);

impl Running {
    fn new(switches: Arc<Switches>) -> Self {
        switches.generating.fetch_add(1, Ordering::SeqCst);
        Self(switches)
    }
}

impl Running {
    /// Called by the stream that owns it.
    fn goes_on(&self) {}
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.generating.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Generator for ScriptedGenerator {
    fn profile(&self) -> &GeneratorProfile {
        &self.profile
    }

    fn count_tokens(&self, text: &str) -> usize {
        text.split_whitespace().count()
    }

    async fn generate(&self, _: Arc<Prompt>) -> EngineResult<TokenStream> {
        let running = Running::new(self.switches.clone());
        let words: Vec<_> = self.script.split_inclusive(' ').map(|word| Ok(word.to_owned())).collect();
        let is_stuck = self.switches.generator_stuck.load(Ordering::Relaxed);
        let said = if is_stuck { 1 } else { words.len() };
        let rest = if is_stuck { stream::pending().left_stream() } else { stream::empty().right_stream() };
        Ok(Box::pin(stream::iter(words).take(said).chain(rest).inspect(move |_| running.goes_on())))
    }
}

/// Supports a claim that cites something.
pub struct CiteJudge;

#[async_trait]
impl GroundednessJudge for CiteJudge {
    async fn judge(&self, claims: &[Claim], passages: &[Passage]) -> EngineResult<Vec<Judgement>> {
        let judge = |claim: &Claim| match claim.cited.first() {
            Some(&passage) if passage < passages.len() => {
                let end = passages[passage].text.chars().count();
                Judgement { verdict: Verdict::Supported, score: 1.0, evidence: Some((passage, Span { start: 0, end })) }
            }
            _ => Judgement { verdict: Verdict::Unsupported, score: 0.0, evidence: None },
        };
        Ok(claims.iter().map(judge).collect())
    }
}
