//! What speaks for and against a claim, as numbers.

use std::collections::BTreeSet;

use domain::{Terms, is_negated, names, terms};

use super::{
    evidence::{Evidence, Unit},
    words::{pairs, quantities, says_the_opposite},
};

/// Number of features.
pub const FEATURE_COUNT: usize = 13;
/// Names of the features, in order; the weights are listed by these names.
pub const FEATURE_NAMES: [&str; FEATURE_COUNT] = [
    "cosine",
    "coverage_sentence",
    "coverage_pair",
    "coverage_passages",
    "word_pairs",
    "numbers_missing",
    "numbers_missing_near",
    "names_missing",
    "negation_differs",
    "opposite",
    "terms_missing",
    "rarest_missing",
    "length",
];

/// What one claim wants, computed once.
pub(super) struct Wanted {
    pub terms: Terms,
    quantities: BTreeSet<String>,
    names: BTreeSet<String>,
    pairs: BTreeSet<(String, String)>,
    is_negated: bool,
}

/// A claim held against the allowed passages.
pub(super) struct Comparison {
    pub features: [f32; FEATURE_COUNT],
    /// A number that the sentence itself does not state, or a statement turned round: never shown.
    pub is_contradicted: bool,
}

impl Wanted {
    pub fn of(claim: &str) -> Self {
        Self {
            terms: terms(claim),
            quantities: quantities(claim),
            names: names(claim),
            pairs: pairs(claim),
            is_negated: is_negated(claim),
        }
    }
}

/// Compares `claim` with the passages `allowed`, of which sentence `best` comes nearest, with that cosine.
pub(super) fn compare(
    claim: &str,
    wanted: &Wanted,
    evidence: &Evidence,
    allowed: &[usize],
    best: usize,
    cosine: f32,
) -> Comparison {
    let Some(unit) = evidence.units.get(best) else {
        return Comparison { features: [0.0; FEATURE_COUNT], is_contradicted: true };
    };
    let lexicon = &evidence.lexicon;
    let near: Vec<&Unit> = evidence.around(best, 1).collect();
    let near_text = near.iter().map(|unit| unit.text.as_str()).collect::<Vec<_>>().join(" ");
    let near_terms: Terms = near.iter().flat_map(|unit| unit.terms.iter().cloned()).collect();
    let held = evidence.terms(allowed);
    let allowed_text: Vec<&str> =
        evidence.units.iter().filter(|unit| allowed.contains(&unit.passage)).map(|unit| unit.text.as_str()).collect();
    let all_pairs: BTreeSet<_> = allowed_text.iter().flat_map(|text| pairs(text)).collect();
    let all_quantities: BTreeSet<_> = allowed_text.iter().flat_map(|text| quantities(text)).collect();

    let missing: Vec<&String> = wanted.terms.difference(&held).collect();
    let rarest = missing.iter().map(|term| lexicon.weight(term)).fold(0.0, f32::max);
    let numbers_missing = share_missing(&wanted.quantities, |number| all_quantities.contains(number));
    let near_quantities = quantities(&near_text);
    let numbers_missing_near = share_missing(&wanted.quantities, |number| near_quantities.contains(number));
    let names_missing = share_missing(&wanted.names, |name| evidence.has_word(name, allowed));
    let negation_differs =
        wanted.is_negated != is_negated(&unit.text) && !(wanted.is_negated && is_negated(&near_text));
    let opposite = says_the_opposite(claim, &near_text);
    let coverage_sentence = lexicon.coverage(&wanted.terms, &unit.terms);
    Comparison {
        features: [
            cosine,
            coverage_sentence,
            lexicon.coverage(&wanted.terms, &near_terms),
            lexicon.coverage(&wanted.terms, &held),
            1.0 - share_missing(&wanted.pairs, |pair| all_pairs.contains(pair)),
            numbers_missing,
            numbers_missing_near,
            names_missing,
            f32::from(u8::from(negation_differs)),
            f32::from(u8::from(opposite)),
            (missing.len() as f32 / 5.0).min(1.0),
            rarest / lexicon.weight("\u{0}").max(1.0),
            (wanted.terms.len() as f32 / 20.0).min(1.0),
        ],
        // A neighbour's number proves nothing: "5 days of leave" beside "25 days" and "5 days carry over".
        is_contradicted: wanted.quantities.difference(&quantities(&unit.text)).next().is_some()
            || negation_differs
            || opposite,
    }
}

/// Share of `wanted` that is not there; 0 when nothing is wanted.
fn share_missing<T>(wanted: &BTreeSet<T>, is_there: impl Fn(&T) -> bool) -> f32 {
    let missing = wanted.iter().filter(|item| !is_there(item)).count();
    missing as f32 / wanted.len().max(1) as f32
}
