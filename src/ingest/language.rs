//! Tells which language a text is written in.

use std::collections::BTreeMap;

use domain::Language;
use whatlang::{Detector, Lang};

/// Languages that words are stemmed in, and some that would be taken for one of these: the fewer, the surer.
const KNOWN: &[Lang] = &[
    Lang::Ara,
    Lang::Ces,
    Lang::Cmn,
    Lang::Dan,
    Lang::Deu,
    Lang::Ell,
    Lang::Eng,
    Lang::Fin,
    Lang::Fra,
    Lang::Heb,
    Lang::Hun,
    Lang::Ita,
    Lang::Jpn,
    Lang::Kor,
    Lang::Nld,
    Lang::Nob,
    Lang::Pol,
    Lang::Por,
    Lang::Ron,
    Lang::Rus,
    Lang::Spa,
    Lang::Swe,
    Lang::Tam,
    Lang::Tur,
    Lang::Ukr,
];

/// Places of a long text that are looked at, spread evenly, and words in each.
const PLACES: usize = 7;
const PLACE_WORDS: usize = 80;
/// From this many words the likeliest language is taken, below only a sure one.
const ENOUGH_WORDS: usize = 12;

/// The language of most of the text: a cover, an appendix or a quotation in another one is outvoted. `None` where there are
/// too few words to tell.
pub(crate) fn language(text: &str) -> Option<Language> {
    let words: Vec<&str> = text
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphabetic()))
        .filter(|word| !word.is_empty() && word.chars().all(|c| c.is_alphabetic() || matches!(c, '\'' | '’' | '-')))
        .collect();
    let detector = Detector::with_allowlist(KNOWN.to_vec());
    let mut votes: Vec<(Lang, usize)> = Vec::new();
    for place in places(&words) {
        let Some(guess) = detector.detect(&place.join(" ")) else { continue };
        if !guess.is_reliable() && place.len() < ENOUGH_WORDS {
            continue;
        }
        match votes.iter_mut().find(|(lang, _)| *lang == guess.lang()) {
            Some((_, count)) => *count += 1,
            None => votes.push((guess.lang(), 1)),
        }
    }
    // Of two with as many votes the one that comes first in the text.
    let (lang, _) = votes.into_iter().rev().max_by_key(|(_, count)| *count)?;
    Some(Language::new(lang.code()))
}

/// How many texts are written in which language.
#[derive(Default)]
pub(crate) struct Tally(BTreeMap<Language, u64>);

impl Tally {
    pub(crate) fn of(counts: BTreeMap<Language, u64>) -> Self {
        Self(counts)
    }

    pub(crate) fn count(&mut self, language: Option<&Language>) {
        if let Some(language) = language {
            *self.0.entry(language.clone()).or_default() += 1;
        }
    }

    /// What a text that is too short to tell is most likely written in.
    pub(crate) fn most(&self) -> Option<Language> {
        self.0.iter().max_by_key(|(_, count)| **count).map(|(language, _)| language.clone())
    }
}

/// The whole of a short text, pieces of a long one.
fn places<'a, 't>(words: &'a [&'t str]) -> Vec<&'a [&'t str]> {
    if words.len() <= PLACES * PLACE_WORDS {
        return vec![words];
    }
    let step = (words.len() - PLACE_WORDS) / (PLACES - 1);
    (0..PLACES).filter_map(|n| words.get(n * step..n * step + PLACE_WORDS)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Option<String> {
        language(text).map(|language| language.to_string())
    }

    #[test]
    fn texts_of_a_few_sentences_are_told_apart() {
        let texts = [
            ("eng", "Employees may carry over up to five days of leave into the next year, when their manager agrees."),
            (
                "nld",
                "Medewerkers mogen maximaal vijf verlofdagen meenemen naar het volgende jaar, als de leidinggevende het goed vindt.",
            ),
            (
                "deu",
                "Beschäftigte dürfen bis zu fünf Urlaubstage in das nächste Jahr mitnehmen, wenn die Führungskraft zustimmt.",
            ),
            (
                "fra",
                "Les salariés peuvent reporter jusqu’à cinq jours de congé sur l’année suivante, avec l’accord de leur responsable.",
            ),
            (
                "spa",
                "Los empleados pueden pasar hasta cinco días de vacaciones al año siguiente, si su responsable está de acuerdo.",
            ),
        ];
        for (expected, text) in texts {
            assert_eq!(code(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn numbers_and_a_word_or_two_tell_nothing() {
        assert_eq!(code("12.5 % 2024-01-02 €"), None);
        assert_eq!(code("Total"), None);
        assert_eq!(code(""), None);
    }

    #[test]
    fn what_most_texts_are_in_is_the_guess_for_the_others() {
        let mut tally = Tally::of(BTreeMap::from([(Language::new("eng"), 1)]));
        assert_eq!(tally.most(), Some(Language::new("eng")));
        for language in [Some(Language::new("nld")), None, Some(Language::new("nld"))] {
            tally.count(language.as_ref());
        }
        assert_eq!(tally.most(), Some(Language::new("nld")));
        assert_eq!(Tally::default().most(), None);
    }

    #[test]
    fn the_text_counts_and_not_its_cover() {
        let cover = "Deze pagina is in het Nederlands, de rest van het document niet. ".repeat(3);
        let text = "Employees may carry over up to five days of leave into the next year. Whoever falls ill while on \
                    holiday gets those days back, as long as a doctor confirms it. Questions go to the people team. "
            .repeat(60);
        assert_eq!(code(&format!("{cover}{text}")).as_deref(), Some("eng"));
    }
}
