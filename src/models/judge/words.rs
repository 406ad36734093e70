//! Word-level comparisons the judge makes beyond those in `domain`.

use std::collections::BTreeSet;

use domain::{numbers, stem, terms};
use unicode_segmentation::UnicodeSegmentation;

/// Words that turn a statement round when one replaces the other.
const OPPOSITES: &[(&str, &str)] = &[
    ("increase", "decrease"),
    ("increase", "reduce"),
    ("increase", "decline"),
    ("rise", "fall"),
    ("rise", "drop"),
    ("grow", "shrink"),
    ("gain", "lose"),
    ("more", "less"),
    ("more", "fewer"),
    ("most", "least"),
    ("above", "below"),
    ("over", "under"),
    ("before", "after"),
    ("first", "last"),
    ("high", "low"),
    ("higher", "lower"),
    ("highest", "lowest"),
    ("large", "small"),
    ("larger", "smaller"),
    ("largest", "smallest"),
    ("long", "short"),
    ("longer", "shorter"),
    ("early", "late"),
    ("earlier", "later"),
    ("start", "end"),
    ("begin", "end"),
    ("open", "close"),
    ("accept", "reject"),
    ("accept", "decline"),
    ("accept", "refuse"),
    ("allow", "forbid"),
    ("allow", "prohibit"),
    ("approve", "reject"),
    ("include", "exclude"),
    ("win", "lose"),
    ("success", "failure"),
    ("succeed", "fail"),
    ("buy", "sell"),
    ("male", "female"),
    ("old", "new"),
    ("older", "younger"),
    ("positive", "negative"),
    ("better", "worse"),
    ("best", "worst"),
    ("strong", "weak"),
    ("always", "never"),
    ("all", "none"),
    ("all", "some"),
    ("only", "also"),
    ("public", "private"),
    ("internal", "external"),
    ("required", "optional"),
    ("mandatory", "optional"),
    ("north", "south"),
    ("east", "west"),
    ("agree", "disagree"),
    ("support", "oppose"),
    ("with", "without"),
    ("minimum", "maximum"),
    ("major", "minor"),
    ("majority", "minority"),
    ("rich", "poor"),
    ("hot", "cold"),
    ("warm", "cool"),
    ("warming", "cooling"),
    ("true", "false"),
    ("same", "different"),
    ("similar", "different"),
    ("common", "rare"),
    ("often", "rarely"),
    ("paid", "unpaid"),
    ("full", "partial"),
    ("temporary", "permanent"),
    ("outperform", "underperform"),
    ("improve", "worsen"),
    ("present", "absent"),
    ("many", "few"),
    ("up", "down"),
];

const NUMBER_WORDS: &[(&str, &str)] = &[
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
    ("eleven", "11"),
    ("twelve", "12"),
    ("fifteen", "15"),
    ("twenty", "20"),
    ("thirty", "30"),
    ("forty", "40"),
    ("fifty", "50"),
    ("hundred", "100"),
    ("thousand", "1000"),
];

/// Numbers of a text, written as digits or as words.
pub(super) fn quantities(text: &str) -> BTreeSet<String> {
    let mut found = numbers(text);
    for word in text.unicode_words() {
        let word = word.to_lowercase();
        found.extend(NUMBER_WORDS.iter().filter(|(name, _)| *name == word).map(|(_, digits)| (*digits).to_owned()));
    }
    found
}

/// All words of a text in lower case, stop words included.
pub(super) fn vocabulary(text: &str) -> BTreeSet<String> {
    text.unicode_words().map(|word| word.to_lowercase().trim_end_matches("'s").to_owned()).collect()
}

/// Neighbouring content words, stemmed: the order that a bag of words forgets.
pub(super) fn pairs(text: &str) -> BTreeSet<(String, String)> {
    let words: Vec<String> = text.unicode_words().flat_map(terms).collect();
    words.windows(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

/// Whether `claim` says one word where `evidence` says its opposite.
pub(super) fn says_the_opposite(claim: &str, evidence: &str) -> bool {
    let stems =
        |text: &str| -> BTreeSet<String> { text.unicode_words().map(|word| stem(&word.to_lowercase())).collect() };
    let (claim, evidence) = (stems(claim), stems(evidence));
    let turned = |one: &str, other: &str| {
        let (one, other) = (stem(one), stem(other));
        claim.contains(&one) && !evidence.contains(&one) && evidence.contains(&other) && !claim.contains(&other)
    };
    OPPOSITES.iter().any(|(one, other)| turned(one, other) || turned(other, one))
}

/// A sentence as it is compared for being word for word the same: without mark-up, closing punctuation and case.
pub(super) fn plain(sentence: &str) -> String {
    let joined = sentence.split_whitespace().collect::<Vec<_>>().join(" ");
    let bare = joined.trim_start_matches(|c: char| "-*+•–>#|".contains(c) || c.is_whitespace());
    let unnumbered = bare.trim_start_matches(|c: char| c.is_ascii_digit());
    let bare = if unnumbered.len() < bare.len() && (unnumbered.starts_with(". ") || unnumbered.starts_with(") ")) {
        &unnumbered[2..]
    } else {
        bare
    };
    bare.trim_end_matches(|c: char| ".!?…:;|\"”’)".contains(c) || c.is_whitespace()).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opposites_and_number_words_are_seen() {
        assert!(says_the_opposite("Sales increased in May", "Sales decreased in May"));
        assert!(!says_the_opposite("Sales increased in May", "Sales increased, costs decreased"));
        assert_eq!(quantities("three of 12"), quantities("3 of twelve"));
    }

    #[test]
    fn plain_forgets_marks_not_words() {
        assert_eq!(plain("- Leave is\n 25 days."), plain("Leave is 25 days"));
        assert_eq!(plain("1. Ask early!"), "ask early");
        assert_ne!(plain("1.5 days"), plain("5 days"));
    }
}
