//! The sentences of the passages a claim is held against, and which of them come nearest by words.

use std::collections::BTreeSet;

use domain::{Lexicon, Span, Terms, sentences, slice, terms};

use super::words::{plain, vocabulary};

/// Longest verbatim quote recognised, in sentences.
const QUOTED: usize = 4;

/// All passages, split once for all claims.
pub(super) struct Evidence {
    pub units: Vec<Unit>,
    pub lexicon: Lexicon,
    passages: Vec<PassageWords>,
}

/// One sentence of one passage.
pub(super) struct Unit {
    pub passage: usize,
    pub span: Span,
    pub text: String,
    pub terms: Terms,
    plain: String,
}

struct PassageWords {
    terms: Terms,
    vocabulary: BTreeSet<String>,
}

impl Evidence {
    pub fn of(passages: &[&str]) -> Self {
        let mut units = Vec::new();
        for (passage, text) in passages.iter().enumerate() {
            for span in sentences(text) {
                let sentence = slice(text, span);
                units.push(Unit {
                    passage,
                    span,
                    text: sentence.to_owned(),
                    terms: terms(sentence),
                    plain: plain(sentence),
                });
            }
        }
        let words = |text: &&str| PassageWords { terms: terms(text), vocabulary: vocabulary(text) };
        Self {
            lexicon: Lexicon::of(units.iter().map(|unit| &unit.terms)),
            passages: passages.iter().map(words).collect(),
            units,
        }
    }

    /// Where `claim` stands word for word as whole sentences.
    pub fn quote(&self, claim: &str, allowed: &[usize]) -> Option<(usize, Span)> {
        let wanted = whole(claim);
        if wanted.is_empty() {
            return None;
        }
        for first in 0..self.units.len() {
            let Some(start) = self.units.get(first).filter(|unit| allowed.contains(&unit.passage)) else { continue };
            let mut joined = String::new();
            for unit in self.units.iter().skip(first).take(QUOTED).take_while(|unit| unit.passage == start.passage) {
                if !joined.is_empty() {
                    joined.push(' ');
                }
                joined.push_str(&unit.plain);
                if joined == wanted {
                    return Some((start.passage, Span { start: start.span.start, end: unit.span.end }));
                }
                if joined.len() > wanted.len() {
                    break;
                }
            }
        }
        None
    }

    /// Indices of the `most` sentences that cover the claim's terms best, best first.
    pub fn nearest(&self, wanted: &Terms, allowed: &[usize], most: usize) -> Vec<usize> {
        let mut scored: Vec<(f32, usize)> = (0..self.units.len())
            .filter(|&index| allowed.contains(&self.units[index].passage))
            .map(|index| (self.lexicon.coverage(wanted, &self.units[index].terms), index))
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        scored.into_iter().take(most).map(|(_, index)| index).collect()
    }

    /// The sentence itself and its neighbours in the same passage, at most `reach` away.
    pub fn around(&self, unit: usize, reach: usize) -> impl Iterator<Item = &Unit> {
        let passage = self.units.get(unit).map(|unit| unit.passage);
        let range = unit.saturating_sub(reach)..(unit + reach + 1).min(self.units.len());
        self.units.get(range).into_iter().flatten().filter(move |other| Some(other.passage) == passage)
    }

    /// Terms of all allowed passages together.
    pub fn terms(&self, allowed: &[usize]) -> Terms {
        allowed
            .iter()
            .filter_map(|&index| self.passages.get(index))
            .flat_map(|words| words.terms.iter().cloned())
            .collect()
    }

    /// Whether a lower-case word stands in an allowed passage.
    pub fn has_word(&self, word: &str, allowed: &[usize]) -> bool {
        allowed.iter().filter_map(|&index| self.passages.get(index)).any(|words| words.vocabulary.contains(word))
    }
}

/// A claim of several sentences in the spelling that joined units have.
fn whole(claim: &str) -> String {
    let spans = sentences(claim);
    let parts: Vec<String> = spans.iter().map(|span| plain(slice(claim, *span))).collect();
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_found_only_as_whole_sentences() {
        let text = "Leave is 25 days. You cannot carry over\nmore than 5 days. Ask early.";
        let evidence = Evidence::of(&["Nothing here.", text]);
        let all = [0, 1];
        assert_eq!(evidence.quote("Leave is 25 days", &all), Some((1, Span { start: 0, end: 17 })));
        let two = evidence.quote("You cannot carry over more than 5 days. Ask early.", &all);
        assert_eq!(
            two.map(|(_, span)| slice(text, span).to_owned()),
            Some("You cannot carry over\nmore than 5 days. Ask early.".into())
        );
        assert_eq!(evidence.quote("carry over more than 5 days", &all), None);
        assert_eq!(evidence.quote("Leave is 25 days", &[0]), None);
        assert_eq!(evidence.quote("", &all), None);
    }
}
