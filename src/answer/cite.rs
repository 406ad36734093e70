//! Reads a generator's draft: sentences, and the passages their `[n]` marks name. Invented numbers are dropped.

use domain::{sentences, slice};

/// A sentence of a draft without its marks, and the passages it cites as indices from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DraftSentence {
    pub text: String,
    pub cited: Vec<usize>,
}

/// The draft's sentences in order. Marks that stand between two sentences belong to the first.
pub fn cite(draft: &str, passages: usize) -> Vec<DraftSentence> {
    let mut found: Vec<DraftSentence> = Vec::new();
    for span in sentences(draft) {
        let marked = slice(draft, span);
        let (leading, rest) = leading_marks(marked);
        let (text, own) = strip_marks(rest);
        let mut own = known(&own, passages);
        match found.last_mut() {
            Some(previous) => previous.cited.extend(known(&leading, passages)),
            None => own.extend(known(&leading, passages)),
        }
        // Headings claim nothing, and small models repeat themselves.
        if text.starts_with('#') || found.iter().any(|known| known.text == text) {
            continue;
        }
        if text.chars().any(char::is_alphanumeric) {
            found.push(DraftSentence { text, cited: own });
        } else if let Some(previous) = found.last_mut() {
            previous.cited.extend(own);
        }
    }
    for sentence in &mut found {
        let mut seen = std::collections::BTreeSet::new();
        sentence.cited.retain(|index| seen.insert(*index));
    }
    found
}

/// Marks count passages from 1; a number without a passage is invented.
fn known(numbers: &[usize], passages: usize) -> Vec<usize> {
    numbers.iter().filter(|&&n| (1..=passages).contains(&n)).map(|n| n - 1).collect()
}

fn leading_marks(text: &str) -> (Vec<usize>, &str) {
    let mut numbers = Vec::new();
    let mut rest = text;
    while let Some((found, after)) = mark_at(rest) {
        numbers.extend(found);
        rest = after.trim_start();
    }
    (numbers, rest)
}

/// The text with single spaces and without marks, and the marks' numbers.
fn strip_marks(text: &str) -> (String, Vec<usize>) {
    let mut plain = String::new();
    let mut numbers = Vec::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if let Some((found, after)) = mark_at(rest) {
            numbers.extend(found);
            plain.truncate(plain.trim_end().len());
            rest = after;
        } else {
            plain.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    (plain.split_whitespace().collect::<Vec<_>>().join(" "), numbers)
}

/// A mark such as `[1]` or `[2, 3]` at the start of `text`, and what follows it.
fn mark_at(text: &str) -> Option<(Vec<usize>, &str)> {
    let (inner, after) = text.strip_prefix('[')?.split_once(']')?;
    let numbers: Option<Vec<usize>> = inner.split([',', ';']).map(|n| n.trim().parse().ok()).collect();
    numbers.map(|numbers| (numbers, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(draft: &str) -> Vec<(String, Vec<usize>)> {
        cite(draft, 3).into_iter().map(|s| (s.text, s.cited)).collect()
    }

    #[test]
    fn marks_before_and_after_the_full_stop_are_read() {
        let expected = vec![("Leave is 25 days.".to_owned(), vec![0]), ("Ask early.".to_owned(), vec![1, 2])];
        assert_eq!(read("Leave is 25 days [1]. Ask early [2, 3]."), expected);
        assert_eq!(read("Leave is 25 days. [1] Ask early. [2][3]"), expected);
    }

    #[test]
    fn invented_numbers_are_dropped_and_text_in_brackets_stays() {
        assert_eq!(read("See [7] the form [A-1] [0]."), vec![("See the form [A-1].".to_owned(), vec![])]);
    }

    #[test]
    fn a_mark_at_the_very_start_belongs_to_the_first_sentence() {
        assert_eq!(read("[2] Leave is 25 days."), vec![("Leave is 25 days.".to_owned(), vec![1])]);
    }

    #[test]
    fn headings_and_repetitions_are_no_claims() {
        let draft = "## Leave [1]\n\nLeave is 25 days. [1] Leave is 25 days. [2]";
        assert_eq!(read(draft), vec![("Leave is 25 days.".to_owned(), vec![0, 1])]);
    }

    proptest::proptest! {
        #[test]
        fn any_draft_is_read_without_panic(draft in "[\\[\\]0-9, a-z.é]{0,80}") {
            for sentence in cite(&draft, 2) {
                assert!(sentence.cited.iter().all(|index| *index < 2));
            }
        }
    }
}
