//! Word-level evidence shared by selection, citation and judgement: content terms, numbers, names, negation.

use std::collections::{BTreeMap, BTreeSet};

use rust_stemmers::{Algorithm, Stemmer};
use unicode_segmentation::UnicodeSegmentation;

/// Distinct content terms of a text: lower case, stemmed, without stop words.
pub type Terms = BTreeSet<String>;

const STOP_WORDS: &[&str] = &[
    "a", "about", "after", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because",
    "been", "before", "being", "between", "both", "but", "by", "can", "could", "did", "do", "does", "doing", "during",
    "each", "for", "from", "further", "had", "has", "have", "having", "he", "her", "here", "hers", "him", "his", "how",
    "i", "if", "in", "into", "is", "it", "its", "itself", "just", "may", "me", "might", "more", "most", "must", "my",
    "of", "off", "on", "once", "one", "only", "or", "other", "our", "ours", "out", "over", "own", "shall", "she",
    "should", "so", "some", "such", "than", "that", "the", "their", "theirs", "them", "then", "there", "these", "they",
    "this", "those", "through", "to", "too", "under", "until", "up", "upon", "us", "very", "was", "we", "were", "what",
    "when", "where", "which", "while", "who", "whom", "whose", "why", "will", "with", "would", "you", "your", "yours",
];

const NEGATIONS: &[&str] = &[
    "not",
    "no",
    "never",
    "none",
    "neither",
    "nor",
    "cannot",
    "without",
    "nobody",
    "nothing",
    "don't",
    "doesn't",
    "didn't",
    "isn't",
    "aren't",
    "wasn't",
    "weren't",
    "won't",
    "can't",
    "couldn't",
    "shouldn't",
    "wouldn't",
    "mustn't",
    "hasn't",
    "haven't",
    "hadn't",
];

/// Stems one lower-case English word (Porter 2).
pub fn stem(word: &str) -> String {
    Stemmer::create(Algorithm::English).stem(word).into_owned()
}

/// Distinct stemmed content terms of `text`.
pub fn terms(text: &str) -> Terms {
    let stemmer = Stemmer::create(Algorithm::English);
    text.unicode_words()
        .map(str::to_lowercase)
        .filter(|word| !STOP_WORDS.contains(&word.as_str()))
        .map(|word| stemmer.stem(word.strip_suffix("'s").unwrap_or(&word)).into_owned())
        .collect()
}

/// Numbers of `text` in one spelling: `1,200` and `1200` agree, `3.50` and `3.5` too.
pub fn numbers(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for word in text.split(|c: char| !(c.is_alphanumeric() || c == '.' || c == ',')) {
        let digits = word.trim_matches(|c: char| !c.is_ascii_digit());
        if digits.is_empty() {
            continue;
        }
        let plain = digits.replace(',', "");
        let plain = match plain.split_once('.') {
            Some((whole, part)) if !part.contains('.') => {
                format!("{whole}.{part}").trim_end_matches('0').trim_end_matches('.').to_owned()
            }
            _ => plain,
        };
        found.insert(plain);
    }
    found
}

/// Lower-case capitalised words that do not start a sentence: names of people, places and products.
pub fn names(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut starts_sentence = true;
    for word in text.split_whitespace() {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let capital = bare.chars().next().is_some_and(char::is_uppercase);
        if capital && !starts_sentence && bare.chars().count() > 1 {
            found.insert(bare.trim_end_matches("'s").to_lowercase());
        }
        if !bare.is_empty() || word.ends_with(['.', ':', '!', '?']) {
            starts_sentence = word.ends_with(['.', '!', '?', ':']);
        }
    }
    found
}

/// Whether the text negates: `not`, `never`, `no`, a contraction.
pub fn is_negated(text: &str) -> bool {
    let text = text.replace('’', "'").to_lowercase();
    text.unicode_words().any(|word| NEGATIONS.contains(&word))
}

/// How rare each term is in a small collection of texts; used to weigh overlaps.
#[derive(Clone, Debug, Default)]
pub struct Lexicon {
    texts: usize,
    frequency: BTreeMap<String, usize>,
}

impl Lexicon {
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a Terms>) -> Self {
        let mut lexicon = Self::default();
        for terms in texts {
            lexicon.texts += 1;
            for term in terms {
                *lexicon.frequency.entry(term.clone()).or_default() += 1;
            }
        }
        lexicon
    }

    /// Smoothed inverse document frequency, at least 0.2: even a common term says something.
    pub fn weight(&self, term: &str) -> f32 {
        let texts = self.texts as f32;
        let frequency = self.frequency.get(term).copied().unwrap_or(0) as f32;
        ((texts - frequency + 0.5) / (frequency + 0.5) + 1.0).ln().max(0.2)
    }

    /// Weighted share of `wanted` found in `text`, in 0..=1; 0 when nothing is wanted.
    pub fn coverage(&self, wanted: &Terms, text: &Terms) -> f32 {
        let total: f32 = wanted.iter().map(|term| self.weight(term)).sum();
        if total == 0.0 {
            return 0.0;
        }
        wanted.intersection(text).map(|term| self.weight(term)).sum::<f32>() / total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_stemmed_and_without_stop_words() {
        assert_eq!(
            terms("The employees' requests are approved"),
            Terms::from(["employe", "request", "approv"].map(String::from))
        );
    }

    #[test]
    fn numbers_agree_across_spellings() {
        assert_eq!(numbers("1,200 euros (3.50)."), numbers("3.5 and 1200"));
        assert_ne!(numbers("25 days"), numbers("26 days"));
    }

    #[test]
    fn names_skip_sentence_starts() {
        assert_eq!(
            names("The team in Lisbon met. Anna asked Berta."),
            BTreeSet::from(["lisbon".into(), "berta".into()])
        );
    }

    #[test]
    fn negation_is_seen_in_contractions() {
        assert!(is_negated("You can’t carry it over"));
        assert!(!is_negated("You can carry it over"));
    }

    #[test]
    fn rare_terms_weigh_more() {
        let texts = [terms("leave policy"), terms("leave form"), terms("leave carry")];
        let lexicon = Lexicon::of(&texts);
        assert!(lexicon.weight("carri") > lexicon.weight("leav"));
        assert!(lexicon.coverage(&terms("carry leave"), &texts[2]) > 0.99);
    }
}
