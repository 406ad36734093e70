//! Splits text into the terms that are stored and looked up, by the language it is written in.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::LazyLock,
};

use domain::Language;
use tantivy::{
    Index,
    tokenizer::{
        AsciiFoldingFilter, Language as Stems, LowerCaser, PreTokenizedString, RemoveLongFilter, SimpleTokenizer,
        Stemmer, StopWordFilter, TextAnalyzer, TextAnalyzerBuilder, TokenStream, Tokenizer,
    },
};

/// Names the analysis in the schema: change it with the analysis, and older indexes are found unusable.
pub(super) const ANALYZER: &str = "languages-1";

/// What the index calls the language of a text when nobody knows it, or has no stems for it.
pub(super) const PLAIN: &str = "und";
const ENGLISH: &str = "eng";

/// Longest term in bytes; longer runs are encoded data.
const MAX_TERM_BYTES: usize = 64;
/// Words longer than this are not looked up as identifiers.
const MAX_IDENTIFIER_BYTES: usize = 200;
const MAX_IDENTIFIER_PARTS: usize = 12;

/// Languages with stems, by their ISO 639-3 codes.
const STEMMED: &[(&str, Stems)] = &[
    ("ara", Stems::Arabic),
    ("dan", Stems::Danish),
    ("deu", Stems::German),
    ("ell", Stems::Greek),
    (ENGLISH, Stems::English),
    ("fin", Stems::Finnish),
    ("fra", Stems::French),
    ("hun", Stems::Hungarian),
    ("ita", Stems::Italian),
    ("nld", Stems::Dutch),
    ("nob", Stems::Norwegian),
    ("por", Stems::Portuguese),
    ("ron", Stems::Romanian),
    ("rus", Stems::Russian),
    ("spa", Stems::Spanish),
    ("swe", Stems::Swedish),
    ("tam", Stems::Tamil),
    ("tur", Stems::Turkish),
];

/// Asked for in almost any question and found in almost any text.
const STOP_WORDS: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "can", "did", "do", "does", "for", "from", "had", "has",
    "have", "how", "i", "if", "in", "into", "is", "it", "its", "me", "my", "no", "not", "of", "on", "or", "our", "s",
    "she", "such", "t", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was", "we", "were",
    "what", "when", "where", "which", "who", "whom", "why", "will", "with", "would", "you", "your",
];

/// What a question asks the index for.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Wanted {
    /// Distinct words in order of appearance, each as the terms that it is in the languages of the index.
    pub words: Vec<Vec<String>>,
    /// Words made of several terms, as `(position, term)`: identifiers, versions, hyphenated words.
    pub identifiers: Vec<Vec<(usize, String)>>,
}

pub(super) fn register(index: &Index) {
    index.tokenizers().register(ANALYZER, analyzer(PLAIN));
}

/// What the index calls a language: its code where there are stems for it.
pub(super) fn name(language: Option<&Language>) -> &'static str {
    let known = language.and_then(|language| STEMMED.iter().find(|(code, _)| *code == language.as_str()));
    known.map_or(PLAIN, |(code, _)| code)
}

/// `text` as the terms of a language that [`name`] gave.
pub(super) fn terms(language: &str, text: &str) -> PreTokenizedString {
    let mut tokens = Vec::new();
    analyzer(language).token_stream(text).process(&mut |token| tokens.push(token.clone()));
    PreTokenizedString { text: String::new(), tokens }
}

/// Lower case, accents folded, stems of the language, over-long runs dropped. English words are stemmed without their
/// accents, those of other languages with them.
fn analyzer(language: &str) -> TextAnalyzer {
    static ANALYZERS: LazyLock<HashMap<&str, TextAnalyzer>> = LazyLock::new(|| {
        let plain = lower().filter(AsciiFoldingFilter).build();
        let stemmed = STEMMED.iter().map(|&(code, stems)| {
            let analyzer = match code {
                ENGLISH => lower().filter(AsciiFoldingFilter).filter(Stemmer::new(stems)).build(),
                _ => lower().filter(Stemmer::new(stems)).filter(AsciiFoldingFilter).build(),
            };
            (code, analyzer)
        });
        stemmed.chain([(PLAIN, plain)]).collect()
    });
    ANALYZERS.get(language).or_else(|| ANALYZERS.get(PLAIN)).cloned().unwrap_or_default()
}

/// The first `limit` distinct words of `text` without stop words; with them when there is nothing else.
/// `languages` are those the index holds.
pub(super) fn wanted(text: &str, languages: &[String], limit: usize) -> Wanted {
    let languages: Vec<&str> = match languages {
        [] => vec![ENGLISH],
        held => held.iter().map(String::as_str).collect(),
    };
    let foreign = foreign_stop_words(text, &languages);
    let english = languages.iter().position(|language| *language == ENGLISH);
    let is_asked = |word: &str, terms: &[&str]| {
        let term = english.and_then(|at| terms.get(at)).copied().unwrap_or(word);
        !STOP_WORDS.contains(&term) && !foreign.contains(word)
    };
    let found = collect(text, &languages, limit, is_asked);
    if found.words.is_empty() { collect(text, &languages, limit, |_, _| true) } else { found }
}

/// `keep` is told a word as it stands and its term in each language.
fn collect(text: &str, languages: &[&str], limit: usize, keep: impl Fn(&str, &[&str]) -> bool) -> Wanted {
    let mut plain = analyzer(PLAIN);
    let mut stemmed: Vec<TextAnalyzer> = languages.iter().map(|language| analyzer(language)).collect();
    let mut found = Wanted::default();
    for word in text.split_whitespace() {
        let whole = split(&mut plain, word);
        let variants: Vec<Vec<(usize, String)>> = stemmed.iter_mut().map(|analyzer| split(analyzer, word)).collect();
        for (n, (_, part)) in whole.iter().enumerate() {
            let terms: Vec<&str> = variants.iter().filter_map(|parts| Some(parts.get(n)?.1.as_str())).collect();
            if found.words.len() >= limit || !keep(part, &terms) {
                continue;
            }
            let distinct: BTreeSet<String> = terms.into_iter().map(str::to_owned).collect();
            let word: Vec<String> = distinct.into_iter().collect();
            if !found.words.contains(&word) {
                found.words.push(word);
            }
        }
        let is_identifier =
            whole.len() > 1 && whole.len() <= MAX_IDENTIFIER_PARTS && word.len() <= MAX_IDENTIFIER_BYTES;
        let is_contraction = word.contains(['\'', '’']);
        for parts in variants.into_iter().filter(|_| is_identifier && !is_contraction) {
            if !found.identifiers.contains(&parts) {
                found.identifiers.push(parts);
            }
        }
        if found.words.len() >= limit {
            break;
        }
    }
    found
}

fn split(analyzer: &mut TextAnalyzer, word: &str) -> Vec<(usize, String)> {
    let mut parts = Vec::new();
    analyzer.token_stream(word).process(&mut |token| parts.push((token.position, token.text.clone())));
    parts
}

/// The stop words of the question in the language that has most of them there, when it is not English: two at least.
fn foreign_stop_words(text: &str, languages: &[&str]) -> HashSet<String> {
    let words = split(&mut lower().build(), text);
    let english = words.iter().filter(|(_, word)| STOP_WORDS.contains(&word.as_str())).count();
    let mut most = HashSet::new();
    for (_, stems) in STEMMED.iter().filter(|(code, _)| *code != ENGLISH && languages.contains(code)) {
        let Some(filter) = StopWordFilter::new(*stems) else { continue };
        let left: HashSet<usize> =
            split(&mut lower().filter(filter).build(), text).into_iter().map(|(position, _)| position).collect();
        let stops: Vec<&str> =
            words.iter().filter(|(at, _)| !left.contains(at)).map(|(_, word)| word.as_str()).collect();
        if stops.len() >= 2 && stops.len() > english.max(most.len()) {
            let folded = split(&mut analyzer(PLAIN), &stops.join(" "));
            most = folded.into_iter().map(|(_, word)| word).collect();
        }
    }
    most
}

/// Words in lower case: what every analysis begins with.
fn lower() -> TextAnalyzerBuilder<impl Tokenizer> {
    TextAnalyzer::builder(SimpleTokenizer::default()).filter(RemoveLongFilter::limit(MAX_TERM_BYTES)).filter(LowerCaser)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, languages: &[&str]) -> Vec<String> {
        let languages: Vec<String> = languages.iter().map(ToString::to_string).collect();
        wanted(text, &languages, 64).words.into_iter().map(|terms| terms.join("|")).collect()
    }

    fn stored(language: &str, text: &str) -> Vec<String> {
        terms(language, text).tokens.into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn words_are_stemmed_by_their_language() {
        assert_eq!(stored("eng", "The policies of Employés"), ["the", "polici", "of", "employ"]);
        assert_eq!(stored("nld", "Vergoedingen voor medewerkers"), stored("nld", "vergoeding voor medewerker"));
        assert_eq!(stored("deu", "Überstunden"), stored("deu", "überstunde"));
        assert_eq!(stored("fra", "congés payés"), stored("fra", "congé payé"));
        assert_eq!(stored("spa", "vacaciones"), stored("spa", "vacación"));
        assert_eq!(stored("und", "Policies Überstunden"), ["policies", "uberstunden"]);
    }

    #[test]
    fn a_word_is_looked_up_in_every_language_of_the_index() {
        assert_eq!(words("the policies", &["eng"]), ["polici"]);
        assert_eq!(words("the policies", &["eng", "und"]), ["polici|policies"]);
        assert_eq!(words("the policies", &[]), ["polici"]);
        assert_eq!(
            words("zijn er vergoedingen en wanneer", &["eng", "nld"]),
            ["vergoed|vergoedingen", "wanneer"],
            "without stop words"
        );
    }

    #[test]
    fn one_foreign_stop_word_in_an_english_question_is_a_word() {
        assert_eq!(words("die casting", &["deu", "eng"]).len(), 2);
        assert_eq!(words("what is the die for", &["deu", "eng"]), ["die"]);
    }

    #[test]
    fn only_languages_with_stems_have_names() {
        assert_eq!(name(Some(&Language::new("nld"))), "nld");
        assert_eq!(name(Some(&Language::new("pol"))), PLAIN);
        assert_eq!(name(None), PLAIN);
        assert!(STEMMED.iter().all(|(code, _)| *code != PLAIN));
    }
}
