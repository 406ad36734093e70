//! Turns a question into a tantivy query that any text is valid for and only visible chunks match.

use domain::AccessClassId;
use tantivy::{
    Term,
    query::{
        BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, Occur, PhraseQuery, Query, TermQuery,
        TermSetQuery,
    },
    schema::{Field, IndexRecordOption},
};

use super::{analysis, schema::Fields};
use crate::KeywordConfig;

/// More distinct words than this make a question slower, not better.
const MAX_TERMS: usize = 64;

/// `None` when the text holds no word.
pub(super) fn build(
    text: &str,
    access: &[AccessClassId],
    languages: &[String],
    fields: &Fields,
    config: &KeywordConfig,
) -> Option<BooleanQuery> {
    let words = words(text, languages, fields, config)?;
    let visible = TermSetQuery::new(access.iter().map(|class| Term::from_field_i64(fields.access, class.0)));
    let visible = ConstScoreQuery::new(Box::new(visible), 0.0);
    Some(BooleanQuery::intersection(vec![Box::new(visible), Box::new(words)]))
}

fn words(text: &str, languages: &[String], fields: &Fields, config: &KeywordConfig) -> Option<BooleanQuery> {
    let wanted = analysis::wanted(text, languages, MAX_TERMS);
    if wanted.words.is_empty() {
        return None;
    }
    let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
    let weighted = [(fields.text, 1.0), (fields.title, config.title_boost), (fields.context, config.context_boost)];
    for (field, weight) in weighted.into_iter().filter(|(_, weight)| *weight > 0.0) {
        clauses.extend(wanted.words.iter().map(|terms| (Occur::Should, boosted(word_query(field, terms), weight))));
    }
    if config.identifier_boost > 0.0 {
        for parts in wanted.identifiers {
            let terms = parts.into_iter().map(|(at, term)| (at, Term::from_field_text(fields.text, &term))).collect();
            let together = Box::new(PhraseQuery::new_with_offset(terms));
            clauses.push((Occur::Should, boosted(together, config.identifier_boost)));
        }
    }
    Some(BooleanQuery::new(clauses))
}

/// The word counts once, as what it is in the language of the text.
fn word_query(field: Field, terms: &[String]) -> Box<dyn Query> {
    let mut queries = terms.iter().map(|term| {
        let term = Term::from_field_text(field, term);
        Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs)) as Box<dyn Query>
    });
    match (queries.next(), terms.len()) {
        (Some(only), 1) => only,
        (first, _) => Box::new(DisjunctionMaxQuery::new(first.into_iter().chain(queries).collect())),
    }
}

fn boosted(query: Box<dyn Query>, weight: f32) -> Box<dyn Query> {
    if weight == 1.0 { query } else { Box::new(BoostQuery::new(query, weight)) }
}
