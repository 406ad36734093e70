//! Embeds with a pulled ONNX model on ONNX Runtime, through fastembed.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use async_trait::async_trait;
use domain::{Embedder, EmbedderProfile, EngineError, EngineResult};
use fastembed::{InitOptionsUserDefined, TextEmbedding, UserDefinedEmbeddingModel};

use super::{cache::VectorCache, tokens::TokenCounter};
use crate::{
    Error, OnnxEmbedderConfig, Result, onnx,
    registry::{Model, Pooling, Purpose, Registry},
    verify,
};

/// Passages of at most this many bytes together are those of a question, where questions are asked; longer ones are ingest.
const INTERACTIVE_BYTES: usize = 12_000;
/// Bytes of padded text per run. Measured: beyond it the working set leaves the cache and each text gets slower.
const BATCH_BYTES: usize = 2_000;
/// Texts per run, however short.
const BATCH_TEXTS: usize = 16;

/// An ONNX encoder with two sessions, so that a question never waits behind ingest. Without questions there is only the
/// one: each holds the weights.
pub(crate) struct OnnxEmbedder {
    profile: EmbedderProfile,
    tokens: TokenCounter,
    lanes: Arc<Lanes>,
}

struct Lanes {
    source: Source,
    interactive: OnceLock<Mutex<TextEmbedding>>,
    bulk: OnceLock<Mutex<TextEmbedding>>,
    opening: Mutex<()>,
    cache: VectorCache,
}

/// What a session is opened from, when the first text comes: commands that embed nothing start at once.
struct Source {
    registry: Registry,
    model: Model,
    dims: usize,
    dir: PathBuf,
    threads: usize,
}

impl OnnxEmbedder {
    /// The model that `config` names in the models directory `dir`. Its files are checked before they are loaded.
    pub fn open(config: &OnnxEmbedderConfig, dir: &Path) -> Result<Self> {
        let registry = Registry::read(dir)?;
        let model = registry.model(&config.model, Purpose::Embedder)?.clone();
        let dims = model.dims.ok_or_else(|| Error::mismatch(&model.name, "the registry states no dims"))?;
        let tokens = TokenCounter::read(&model.folder(dir).join("tokenizer.json"))?;
        let profile = profile(&model, dims);
        let threads = onnx::threads(config.threads);
        let lanes = Lanes {
            source: Source { registry, model, dims, dir: dir.to_owned(), threads },
            interactive: OnceLock::new(),
            bulk: OnceLock::new(),
            opening: Mutex::new(()),
            cache: VectorCache::new(config.cached_vectors),
        };
        Ok(Self { profile, tokens, lanes: Arc::new(lanes) })
    }

    async fn run(
        &self,
        embed: impl FnOnce(&Lanes) -> Result<Vec<Vec<f32>>> + Send + 'static,
    ) -> EngineResult<Vec<Vec<f32>>> {
        let lanes = self.lanes.clone();
        let embedded = tokio::task::spawn_blocking(move || embed(&lanes)).await;
        Ok(embedded.map_err(|error| EngineError::give_up(format!("embed: {error}")))??)
    }
}

fn profile(model: &Model, dims: usize) -> EmbedderProfile {
    EmbedderProfile {
        model: model.name.clone(),
        weights_sha256: model.weights_sha256.clone(),
        dims,
        max_tokens: model.context_tokens,
        query_prefix: model.query_prefix.clone(),
        passage_prefix: model.passage_prefix.clone(),
    }
}

#[async_trait]
impl Embedder for OnnxEmbedder {
    fn profile(&self) -> &EmbedderProfile {
        &self.profile
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.tokens.count(text)
    }

    async fn embed_passages(&self, texts: &[String]) -> EngineResult<Vec<Vec<f32>>> {
        let texts: Vec<String> = texts.iter().map(|text| format!("{}{text}", self.profile.passage_prefix)).collect();
        self.run(move |lanes| lanes.embed_passages(&texts)).await
    }

    async fn embed_query(&self, text: &str) -> EngineResult<Vec<f32>> {
        let text = format!("{}{text}", self.profile.query_prefix);
        let vectors = self.run(move |lanes| lanes.embed_at_once(&[text])).await?;
        vectors.into_iter().next().ok_or_else(|| EngineError::give_up("embed: no vector for the question"))
    }
}

impl Lanes {
    fn embed_passages(&self, texts: &[String]) -> Result<Vec<Vec<f32>>> {
        let bytes: usize = texts.iter().map(String::len).sum();
        // Nobody has asked anything yet: this is ingest, which needs no second session.
        if bytes > INTERACTIVE_BYTES || self.interactive.get().is_none() {
            return self.embed_sorted(&self.bulk, texts);
        }
        self.embed_at_once(texts)
    }

    /// Embeds what the cache does not hold, for whoever waits for an answer.
    fn embed_at_once(&self, texts: &[String]) -> Result<Vec<Vec<f32>>> {
        let mut vectors: Vec<Option<Vec<f32>>> = texts.iter().map(|text| self.cache.get(text)).collect();
        let missing: Vec<usize> = (0..texts.len()).filter(|&index| vectors[index].is_none()).collect();
        let wanted: Vec<&str> = missing.iter().map(|&index| texts[index].as_str()).collect();
        let embedded = self.embed_sorted(&self.interactive, &wanted)?;
        for (&index, vector) in missing.iter().zip(embedded) {
            self.cache.put(&texts[index], &vector);
            vectors[index] = Some(vector);
        }
        Ok(vectors.into_iter().flatten().collect())
    }

    /// Embeds in batches of similar length, giving the session free between two batches.
    fn embed_sorted<S: AsRef<str>>(&self, lane: &OnceLock<Mutex<TextEmbedding>>, texts: &[S]) -> Result<Vec<Vec<f32>>> {
        let mut vectors = vec![Vec::new(); texts.len()];
        for batch in batches(texts.iter().map(|text| text.as_ref().len())) {
            let wanted: Vec<&str> = batch.iter().map(|&index| texts[index].as_ref()).collect();
            for (&index, vector) in batch.iter().zip(self.embed(lane, &wanted)?) {
                vectors[index] = vector;
            }
        }
        Ok(vectors)
    }

    fn embed(&self, lane: &OnceLock<Mutex<TextEmbedding>>, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        let mut session = self.session(lane)?.lock().unwrap_or_else(PoisonError::into_inner);
        let vectors = session.embed(texts, Some(texts.len().max(1)));
        let vectors = vectors.map_err(|error| Error::Engine(format!("embed {} texts: {error}", texts.len())))?;
        if vectors.len() != texts.len() {
            return Err(Error::Engine(format!("embed: {} vectors for {} texts", vectors.len(), texts.len())));
        }
        Ok(vectors)
    }

    /// A lane's session, opened when it is first needed.
    fn session<'a>(&'a self, lane: &'a OnceLock<Mutex<TextEmbedding>>) -> Result<&'a Mutex<TextEmbedding>> {
        if let Some(session) = lane.get() {
            return Ok(session);
        }
        let _one_opener = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if lane.get().is_none() {
            let _ = lane.set(Mutex::new(self.source.open()?));
        }
        lane.get().ok_or_else(|| Error::Engine("open the embedder: no session".into()))
    }
}

impl Source {
    fn open(&self) -> Result<TextEmbedding> {
        verify::check(&self.model, &self.dir)?;
        let path = self.model.weights_path(&self.dir);
        let weights = std::fs::read(&path).map_err(Error::io("read", &path))?;
        let pooling = match self.model.pooling {
            Some(Pooling::Cls) => fastembed::Pooling::Cls,
            _ => fastembed::Pooling::Mean,
        };
        let tokenizer = onnx::tokenizer_files(&self.model, &self.dir)?;
        let model = UserDefinedEmbeddingModel::new(weights, tokenizer).with_pooling(pooling);
        let options = InitOptionsUserDefined::new()
            .with_environment(onnx::environment(&self.dir, &self.registry)?)
            .with_max_length(self.model.context_tokens)
            .with_intra_threads(self.threads)
            // Waiting threads that spin steal the cores that the rest of the process needs.
            .with_session_config("session.intra_op.allow_spinning", "0");
        let opened = TextEmbedding::try_new_from_user_defined(model, options);
        let mut session = opened.map_err(|error| Error::Engine(format!("open {}: {error}", path.display())))?;
        let probe = session.embed(["probe"], None).map_err(|error| Error::Engine(format!("embed: {error}")))?;
        if probe.iter().any(|vector| vector.len() != self.dims) {
            return Err(Error::mismatch(&self.model.name, format!("its vectors are not {} long", self.dims)));
        }
        Ok(session)
    }
}

/// Groups texts of similar length: indices, shortest first.
fn batches(lengths: impl Iterator<Item = usize>) -> Vec<Vec<usize>> {
    let mut order: Vec<(usize, usize)> = lengths.enumerate().map(|(index, length)| (length, index)).collect();
    order.sort_unstable();
    let mut batches: Vec<Vec<usize>> = Vec::new();
    for (length, index) in order {
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH_TEXTS && (batch.len() + 1) * length <= BATCH_BYTES => batch.push(index),
            _ => batches.push(vec![index]),
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
    use super::*;

    #[test]
    fn a_models_directory_without_models_is_an_error_with_the_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let error = OnnxEmbedder::open(&OnnxEmbedderConfig::default(), dir.path()).err().unwrap().to_string();
        assert!(error.contains("footnote models pull all-minilm-l6-v2"), "{error}");
        let error = onnx::environment(dir.path(), &Registry::default()).err().map(|error| error.to_string());
        assert!(error.is_none_or(|error| error.contains("onnxruntime")));
    }

    #[tokio::test(flavor = "multi_thread")]
    #[expect(clippy::disallowed_methods, reason = "the test script says where the pulled models are")]
    async fn a_vector_does_not_depend_on_its_neighbours() {
        let Some(dir) = std::env::var_os("FOOTNOTE_MODELS_DIR").map(std::path::PathBuf::from) else {
            eprintln!("skipped: FOOTNOTE_MODELS_DIR names no directory of pulled models");
            return;
        };
        let config = OnnxEmbedderConfig { cached_vectors: 0, ..OnnxEmbedderConfig::default() };
        let embedder = OnnxEmbedder::open(&config, &dir).unwrap();
        let short = "How do I reset my password?".to_owned();
        let near = "To reset a password open the settings page and click forgot password.".to_owned();
        let far = "Bananas are yellow fruit.".to_owned();
        let alone = embedder.embed_query(&short).await.unwrap();
        let mut texts = vec![near, far, short];
        texts.extend((0..60).map(|i| format!("{i} {}", "travel is booked by the office ".repeat(1 + i % 20))));
        let together = embedder.embed_passages(&texts).await.unwrap();
        let cosine = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
        assert_eq!((together.len(), alone.len()), (63, 384));
        assert!(together.iter().all(|vector| (cosine(vector, vector) - 1.0).abs() < 1e-4));
        assert!(alone.iter().zip(&together[2]).all(|(a, b)| (a - b).abs() < 1e-5), "not beyond float noise");
        assert!(cosine(&alone, &together[0]) > 0.6 && cosine(&alone, &together[1]) < 0.2);
        assert_eq!(embedder.count_tokens("leave policy"), 2);
    }

    #[tokio::test(flavor = "multi_thread")]
    #[expect(clippy::disallowed_methods, reason = "the test script says where the pulled models are")]
    async fn passages_alone_open_one_session() {
        let Some(dir) = std::env::var_os("FOOTNOTE_MODELS_DIR").map(std::path::PathBuf::from) else {
            eprintln!("skipped: FOOTNOTE_MODELS_DIR names no directory of pulled models");
            return;
        };
        let embedder = OnnxEmbedder::open(&OnnxEmbedderConfig::default(), &dir).unwrap();
        let many = vec!["travel is booked by the office ".repeat(20); 40];
        embedder.embed_passages(&many[..1]).await.unwrap();
        embedder.embed_passages(&many).await.unwrap();
        assert!(embedder.lanes.interactive.get().is_none() && embedder.lanes.bulk.get().is_some());
        embedder.embed_query("who books travel?").await.unwrap();
        assert!(embedder.lanes.interactive.get().is_some(), "a question does not wait behind passages");
    }

    #[test]
    fn batches_hold_every_text_once_and_stay_small() {
        let lengths: Vec<usize> = (0..500).map(|i| (i * 7919) % 3000).collect();
        let batches = batches(lengths.iter().copied());
        let mut seen: Vec<usize> = batches.concat();
        seen.sort_unstable();
        assert_eq!(seen, (0..500).collect::<Vec<_>>());
        for batch in batches {
            let longest = batch.iter().map(|&i| lengths[i]).max().unwrap_or(0);
            assert!(batch.len() == 1 || (batch.len() <= BATCH_TEXTS && batch.len() * longest <= BATCH_BYTES));
        }
    }
}
