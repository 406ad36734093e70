//! Decides before generating whether the passages can hold an answer at all.

use domain::{
    Embedder, EngineResult, Lexicon, NearestDocument, Passage, PromptPassage, Question, Terms, names, numbers,
    sentences, slice, terms,
};
use serde::{Deserialize, Serialize};

use crate::{extractive::candidates, retrieve::Retrieved};

/// Passages an answer is looked for in; the rest only say which words are rare.
const LOOKED_AT: usize = 6;
/// A picker's score this high is as good as certain.
const HIGHEST_PICK: f32 = 16.0;

/// What speaks for an answer being in the passages; each feature is in 0..=1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Cosine of the question to the nearest chunk.
    pub cosine: f32,
    /// How far that chunk stands out from the tenth.
    pub gap: f32,
    /// Fused score of the best passage: 1 when both legs agree on it.
    pub agreement: f32,
    /// Cosine of the question to the nearest sentence.
    pub sentence_cosine: f32,
    /// Score of the sentence that an extractive answer would begin with.
    pub pick: f32,
    /// Whether one of the three best sentences holds the kind of answer asked for.
    pub kind: f32,
    /// Rarity-weighted share of the question's terms in the best passage with its title and headings.
    pub passage_coverage: f32,
    /// The same in the best single sentence with its title and headings.
    pub sentence_coverage: f32,
    /// Share of the question's terms that stand in any passage.
    pub known: f32,
    /// Share of the question's names and numbers that one passage holds; 1 when it has none.
    pub specifics: f32,
    /// Share of the question's names with a number (`Rime 4`, `Q4 2025`) that stand together in some passage.
    pub versions: f32,
}

/// In the order of the fields. Learned by logistic regression on the train half of the sample suite, on its questions asked
/// without the documents that answer them, and on SQuAD 2.0; `versions` is set by hand. See `eval/README.md`.
const WEIGHTS: [f32; 11] = [1.15, 0.66, 0.75, 1.67, 0.89, -0.16, 0.93, 1.18, 0.87, 1.23, 2.5];
const BIAS: f32 = -8.62;

impl Evidence {
    /// Weighs what was found, best first, against the question.
    pub async fn of(question: &Question, found: &Retrieved, embedder: &dyn Embedder) -> EngineResult<Self> {
        let wanted = terms(question.as_str());
        let held: Vec<Terms> = found.passages.iter().map(|p| terms(&with_headings(p, &p.text))).collect();
        let lexicon = Lexicon::of(&held);
        let everything: Terms = held.iter().flatten().cloned().collect();
        let best: Vec<PromptPassage> = found.passages.iter().take(LOOKED_AT).map(numbered).collect();
        let picks = candidates(embedder, question.as_str(), &best).await?;
        Ok(Self {
            cosine: found.cosine.clamp(0.0, 1.0),
            gap: found.gap.clamp(0.0, 1.0),
            agreement: found.passages.first().map_or(0.0, |passage| passage.score),
            sentence_cosine: picks.iter().map(|pick| pick.features.cosine()).fold(0.0, f32::max),
            pick: picks.first().map_or(0.0, |pick| pick.score / HIGHEST_PICK).clamp(0.0, 1.0),
            kind: picks.iter().take(3).map(|pick| pick.features.kind()).fold(0.0, f32::max),
            passage_coverage: held
                .iter()
                .take(LOOKED_AT)
                .map(|held| lexicon.coverage(&wanted, held))
                .fold(0.0, f32::max),
            sentence_coverage: sentence_coverage(&wanted, &lexicon, &found.passages),
            known: wanted.intersection(&everything).count() as f32 / wanted.len().max(1) as f32,
            specifics: specifics(question, &found.passages),
            versions: versions(question, &found.passages),
        })
    }

    /// Probability in 0..=1 that the passages hold an answer.
    pub fn score(&self) -> f32 {
        let sum: f32 = self.features().iter().zip(WEIGHTS).map(|(x, w)| x * w).sum();
        1.0 / (1.0 + (-(sum + BIAS)).exp())
    }

    fn features(&self) -> [f32; 11] {
        let Self { cosine, gap, agreement, sentence_cosine, pick, kind, .. } = *self;
        let Self { passage_coverage, sentence_coverage, known, specifics, versions, .. } = *self;
        [
            cosine,
            gap,
            agreement,
            sentence_cosine,
            pick,
            kind,
            passage_coverage,
            sentence_coverage,
            known,
            specifics,
            versions,
        ]
    }
}

/// The documents of the best passages, each once, to offer instead of an answer.
pub fn nearest(passages: &[Passage]) -> Vec<NearestDocument> {
    let mut nearest: Vec<NearestDocument> = Vec::new();
    for passage in passages {
        if nearest.len() == 3 {
            break;
        }
        if nearest.iter().all(|known| known.document_id != passage.document_id) {
            nearest.push(NearestDocument {
                document_id: passage.document_id.clone(),
                title: passage.title.clone(),
                uri: passage.uri.clone(),
                score: passage.score,
            });
        }
    }
    nearest
}

fn with_headings(passage: &Passage, text: &str) -> String {
    format!("{} {} {}", passage.title, passage.context, text)
}

fn numbered(passage: &Passage) -> PromptPassage {
    PromptPassage {
        n: 0,
        title: passage.title.clone(),
        context: passage.context.clone(),
        text: passage.text.clone(),
        score: passage.score,
    }
}

fn sentence_coverage(wanted: &Terms, lexicon: &Lexicon, passages: &[Passage]) -> f32 {
    let mut best = 0.0;
    for passage in passages.iter().take(LOOKED_AT) {
        for span in sentences(&passage.text) {
            let held = terms(&with_headings(passage, slice(&passage.text, span)));
            best = f32::max(best, lexicon.coverage(wanted, &held));
        }
    }
    best
}

fn specifics(question: &Question, passages: &[Passage]) -> f32 {
    let (names, numbers) = (names(question.as_str()), numbers(question.as_str()));
    let in_one = |passage: &Passage| {
        let text = with_headings(passage, &passage.text);
        let (held_numbers, held) = (domain::numbers(&text), text.to_lowercase());
        let numbers = numbers.iter().map(|number| held_numbers.contains(number));
        share(numbers.chain(names.iter().map(|name| held.contains(name.as_str()))))
    };
    passages.iter().take(LOOKED_AT).map(in_one).fold(0.0, f32::max)
}

fn versions(question: &Question, passages: &[Passage]) -> f32 {
    let held: Vec<String> = words(&all_text(passages));
    let asked = words(question.as_str());
    let raw: Vec<&str> = question.as_str().split_whitespace().collect();
    let is_number = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
    let named = asked
        .windows(2)
        .zip(raw.windows(2))
        .filter(|(pair, raw)| is_number(&pair[1]) && !pair[0].is_empty() && raw[0].starts_with(char::is_uppercase));
    share(named.map(|(pair, _)| held.windows(2).any(|other| other == pair)))
}

/// Lower-case words without the punctuation round them, one for each piece between white space.
fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()).collect()
}

fn all_text(passages: &[Passage]) -> String {
    passages.iter().map(|p| with_headings(p, &p.text) + "\n").collect()
}

fn share(found: impl Iterator<Item = bool>) -> f32 {
    let found: Vec<bool> = found.collect();
    if found.is_empty() {
        return 1.0;
    }
    found.iter().filter(|yes| **yes).count() as f32 / found.len() as f32
}
