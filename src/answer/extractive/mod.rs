//! Answers without a language model: the sentences of the passages that answer the question best, verbatim.

mod features;
mod question;

use std::{cmp::Ordering, sync::Arc};

use async_trait::async_trait;
use domain::{
    Embedder, EngineResult, Generator, GeneratorProfile, Prompt, PromptPassage, Terms, TokenStream, sentences, slice,
    terms,
};
use futures::stream;

pub use features::{FEATURES, Features};
use features::{Scene, score};

/// Sentences embedded per question: the dear part, about 3 ms each on two cores.
const EMBEDDED: usize = 24;
/// Sentences shown at most.
const SHOWN: usize = 3;
/// A further sentence is shown when its score is this near to the best.
const MARGIN: f32 = 1.0;
/// Sentences that share more of their terms than this say the same.
const SAME: f32 = 0.6;

/// Picks sentences; needs the embedder for meaning.
pub struct ExtractiveGenerator {
    embedder: Arc<dyn Embedder>,
    profile: GeneratorProfile,
}

/// A sentence of a passage that could be shown.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Index into the prompt's passages.
    pub passage: usize,
    /// Exactly the passage's characters.
    pub text: String,
    /// Position among the passage's sentences.
    pub position: usize,
    pub features: Features,
    /// Higher is better; comparable within one question.
    pub score: f32,
    terms: Terms,
}

impl ExtractiveGenerator {
    pub fn new(embedder: Arc<dyn Embedder>) -> Self {
        let profile =
            GeneratorProfile { model: "extractive".into(), weights_sha256: String::new(), context_tokens: 1 << 20 };
        Self { embedder, profile }
    }
}

/// The most promising sentences with all their evidence, best first.
pub async fn candidates(
    embedder: &dyn Embedder,
    question: &str,
    passages: &[PromptPassage],
) -> EngineResult<Vec<Candidate>> {
    let mut candidates = split(passages);
    let scene = Scene::of(question, passages, candidates.iter().map(|candidate| &candidate.terms));
    for candidate in &mut candidates {
        candidate.features = scene.lexical(candidate.passage, &candidate.text, &candidate.terms);
        candidate.score = score(&candidate.features);
    }
    add_neighbours(&mut candidates, &scene);
    candidates.sort_by(best_first);
    candidates.truncate(EMBEDDED);
    let asked = embedder.embed_query(question).await?;
    let texts: Vec<String> = candidates.iter().map(|candidate| candidate.text.clone()).collect();
    let vectors = embedder.embed_passages(&texts).await?;
    for (candidate, vector) in candidates.iter_mut().zip(&vectors) {
        let cosine: f32 = asked.iter().zip(vector).map(|(a, b)| a * b).sum();
        candidate.features.set_cosine(cosine);
        candidate.score = score(&candidate.features);
    }
    candidates.sort_by(best_first);
    Ok(candidates)
}

#[async_trait]
impl Generator for ExtractiveGenerator {
    fn profile(&self) -> &GeneratorProfile {
        &self.profile
    }

    /// Nothing is generated, so a word count is exact enough for budgets.
    fn count_tokens(&self, text: &str) -> usize {
        text.split_whitespace().count()
    }

    async fn generate(&self, prompt: Arc<Prompt>) -> EngineResult<TokenStream> {
        let candidates = candidates(&*self.embedder, &prompt.question, &prompt.passages).await?;
        let mut pieces = Vec::new();
        let mut tokens = 0;
        let statements = candidates.into_iter().filter(|candidate| !candidate.text.starts_with('#')).collect();
        for candidate in in_reading_order(choose(statements)) {
            tokens += self.count_tokens(&candidate.text);
            if !pieces.is_empty() && tokens > prompt.max_tokens {
                break;
            }
            let n = prompt.passages.get(candidate.passage).map_or(0, |passage| passage.n);
            let ends = candidate.text.ends_with(['.', '!', '?', '…', '。']);
            pieces.push(Ok(format!("{} [{n}]{}", candidate.text, if ends { " " } else { "\n\n" })));
        }
        Ok(Box::pin(stream::iter(pieces)))
    }
}

fn split(passages: &[PromptPassage]) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (index, passage) in passages.iter().enumerate() {
        for (position, span) in sentences(&passage.text).into_iter().enumerate() {
            let text = slice(&passage.text, span).to_owned();
            let terms = terms(&text);
            candidates.push(Candidate {
                passage: index,
                text,
                position,
                features: Features::default(),
                score: 0.0,
                terms,
            });
        }
    }
    candidates
}

/// What the sentence before covers helps one that only says "it" or "they".
fn add_neighbours(candidates: &mut [Candidate], scene: &Scene) {
    for index in 1..candidates.len() {
        let (before, here) = candidates.split_at_mut(index);
        let (Some(before), Some(here)) = (before.last(), here.first_mut()) else { continue };
        if before.passage == here.passage {
            let both: Terms = before.terms.union(&here.terms).cloned().collect();
            here.features.set_with_previous(scene.coverage(&both));
            here.score = score(&here.features);
        }
    }
}

/// The best sentence, and up to two more that are nearly as good and say something else.
fn choose(candidates: Vec<Candidate>) -> Vec<Candidate> {
    let mut chosen: Vec<Candidate> = Vec::new();
    let Some(best) = candidates.first().map(|candidate| candidate.score) else { return chosen };
    for candidate in candidates {
        if chosen.len() == SHOWN || candidate.score < best - MARGIN {
            break;
        }
        if chosen.iter().all(|other| likeness(&other.terms, &candidate.terms) <= SAME) {
            chosen.push(candidate);
        }
    }
    chosen
}

/// By passage in the order of each passage's best sentence; inside a passage as written.
fn in_reading_order(chosen: Vec<Candidate>) -> Vec<Candidate> {
    let mut passages: Vec<usize> = Vec::new();
    for candidate in &chosen {
        if !passages.contains(&candidate.passage) {
            passages.push(candidate.passage);
        }
    }
    let mut ordered = chosen;
    ordered.sort_by_key(|candidate| (passages.iter().position(|p| *p == candidate.passage), candidate.position));
    ordered
}

/// Shared share of two term sets (Jaccard).
fn likeness(a: &Terms, b: &Terms) -> f32 {
    let shared = a.intersection(b).count() as f32;
    shared / ((a.len() + b.len()) as f32 - shared).max(1.0)
}

fn best_first(a: &Candidate, b: &Candidate) -> Ordering {
    b.score.total_cmp(&a.score).then(a.passage.cmp(&b.passage)).then(a.position.cmp(&b.position))
}
