//! Splits text into the terms that are stored and looked up.

use tantivy::{
    Index,
    tokenizer::{
        AsciiFoldingFilter, Language, LowerCaser, RemoveLongFilter, SimpleTokenizer, Stemmer, TextAnalyzer, TokenStream,
    },
};

/// Names the analysis in the schema: change it with the analysis, and older indexes are found unusable.
pub(super) const ANALYZER: &str = "english-1";

/// Longest term in bytes; longer runs are encoded data.
const MAX_TERM_BYTES: usize = 64;
/// Words longer than this are not looked up as identifiers.
const MAX_IDENTIFIER_BYTES: usize = 200;
const MAX_IDENTIFIER_PARTS: usize = 12;

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
    /// Distinct terms in order of appearance.
    pub terms: Vec<String>,
    /// Words made of several terms, as `(position, term)`: identifiers, versions, hyphenated words.
    pub identifiers: Vec<Vec<(usize, String)>>,
}

pub(super) fn register(index: &Index) {
    index.tokenizers().register(ANALYZER, analyzer());
}

/// Lower case, accents folded, English stems (Porter 2), over-long runs dropped.
pub(super) fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(MAX_TERM_BYTES))
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .filter(Stemmer::new(Language::English))
        .build()
}

/// The first `limit` distinct terms of `text` without stop words; with them when there is nothing else.
pub(super) fn wanted(text: &str, limit: usize) -> Wanted {
    let found = collect(text, limit, |term| !STOP_WORDS.contains(&term));
    if found.terms.is_empty() { collect(text, limit, |_| true) } else { found }
}

fn collect(text: &str, limit: usize, keep: impl Fn(&str) -> bool) -> Wanted {
    let mut analyzer = analyzer();
    let mut found = Wanted::default();
    for word in text.split_whitespace() {
        let mut parts = Vec::new();
        analyzer.token_stream(word).process(&mut |token| parts.push((token.position, token.text.clone())));
        let whole = parts.len() > 1;
        for (_, term) in &parts {
            if found.terms.len() < limit && keep(term) && !found.terms.contains(term) {
                found.terms.push(term.clone());
            }
        }
        let is_identifier = whole && parts.len() <= MAX_IDENTIFIER_PARTS && word.len() <= MAX_IDENTIFIER_BYTES;
        let is_contraction = word.contains(['\'', '’']);
        if is_identifier && !is_contraction && !found.identifiers.contains(&parts) {
            found.identifiers.push(parts);
        }
        if found.terms.len() >= limit {
            break;
        }
    }
    found
}
