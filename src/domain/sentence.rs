//! Splits text into sentences, each a range of the text, none crossing a line that ends a block.

use unicode_segmentation::UnicodeSegmentation;

use crate::Span;

/// Words whose full stop does not end a sentence.
const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "sr", "jr", "st", "vs", "etc", "e.g", "i.e", "eg", "ie", "cf", "fig", "figs",
    "eq", "no", "nos", "vol", "pp", "p", "al", "inc", "ltd", "co", "corp", "approx", "dept", "est", "jan", "feb",
    "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "u.s", "u.k", "a.m", "p.m",
];

/// Longer words before a colon are no name of a column.
const MOST_NAME_CHARS: usize = 80;

/// The sentences of `text` in order, without surrounding white space, as character ranges.
/// A line break inside a paragraph does not end a sentence; a blank line, list item, heading or table row does.
pub fn sentences(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut chars = 0;
    for block in blocks(text) {
        if is_record(block.trim()) {
            push_trimmed(block, chars, &mut spans);
            chars += block.chars().count();
            continue;
        }
        let mut start = 0;
        let mut at = 0;
        for piece in block.split_sentence_bounds() {
            at += piece.len();
            if at < block.len() && !ends_sentence(&block[start..at], &block[at..]) {
                continue;
            }
            push_trimmed(&block[start..at], chars, &mut spans);
            chars += block[start..at].chars().count();
            start = at;
        }
    }
    spans
}

/// Cuts text into blocks whose concatenation is the text: a block ends before a blank line, list item,
/// heading or table row, and after a heading or table row.
fn blocks(text: &str) -> Vec<&str> {
    let mut blocks = Vec::new();
    let (mut start, mut at) = (0, 0);
    let mut previous_stands_alone = false;
    for line in text.split_inclusive('\n') {
        let stands_alone = stands_alone(line);
        if at > start && (stands_alone || previous_stands_alone || starts_item(line)) {
            blocks.push(&text[start..at]);
            start = at;
        }
        at += line.len();
        previous_stands_alone = stands_alone;
    }
    if at > start {
        blocks.push(&text[start..at]);
    }
    blocks
}

fn stands_alone(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#') || is_row(line)
}

/// Whether a line is a row of a table: `| a | b |`, cells between tabs, or `Name: value; Name: value`.
pub fn is_row(line: &str) -> bool {
    line.starts_with('|') || line.contains('\t') || is_record(line)
}

/// A row that repeats the names of its columns: its first two parts are `Name: value`.
fn is_record(line: &str) -> bool {
    let is_named = |part: &str| {
        part.split_once(": ").is_some_and(|(name, value)| !value.is_empty() && name.chars().count() <= MOST_NAME_CHARS)
    };
    let mut parts = line.split("; ");
    !line.contains('\n') && [parts.next(), parts.next()].into_iter().all(|part| part.is_some_and(is_named))
}

fn starts_item(line: &str) -> bool {
    let line = line.trim_start();
    let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = number.len() < line.len() && (number.starts_with(". ") || number.starts_with(") "));
    numbered || ["- ", "* ", "+ ", "• ", "– ", "> "].iter().any(|mark| line.starts_with(mark))
}

fn ends_sentence(before: &str, after: &str) -> bool {
    let before = before.trim_end();
    if !before.ends_with(['.', '!', '?', '…', '。', '！', '？', ':', '"', '”', ')', '\'', '’', ']']) {
        return false;
    }
    let Some(head) = before.strip_suffix('.') else { return true };
    let last = head.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    let initial = last.chars().count() == 1 && last.chars().all(char::is_uppercase);
    let continues = after.trim_start().starts_with(|c: char| c.is_lowercase());
    !(initial || continues || ABBREVIATIONS.contains(&last.to_lowercase().as_str()))
}

fn push_trimmed(piece: &str, before: usize, spans: &mut Vec<Span>) {
    let trimmed = piece.trim();
    if trimmed.chars().any(char::is_alphanumeric) {
        let lead = piece.chars().count() - piece.trim_start().chars().count();
        let start = before + lead;
        spans.push(Span { start, end: start + trimmed.chars().count() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slice;

    fn split(text: &str) -> Vec<&str> {
        sentences(text).into_iter().map(|span| slice(text, span)).collect()
    }

    #[test]
    fn splits_at_ends_and_keeps_abbreviations() {
        let text = "Dr. Meier left. Who pays, e.g. for travel? We do.";
        assert_eq!(split(text), ["Dr. Meier left.", "Who pays, e.g. for travel?", "We do."]);
    }

    #[test]
    fn a_wrapped_line_is_one_sentence_and_a_list_item_its_own() {
        let text = "Leave is\n25 days. Ask early.\n\n- first item\n- second é item\n\n# Head\nBody text";
        assert_eq!(
            split(text),
            ["Leave is\n25 days.", "Ask early.", "- first item", "- second é item", "# Head", "Body text"]
        );
    }

    #[test]
    fn a_row_is_one_sentence_however_it_is_written() {
        let text =
            "Prices:\nArticle: Rime 3; Price: 129 EUR\nArticle: Gannet; Price: 520 EUR. Ask first.\n| a | b |\nEnd.";
        let rows =
            ["Prices:", "Article: Rime 3; Price: 129 EUR", "Article: Gannet; Price: 520 EUR. Ask first.", "| a | b |"];
        assert_eq!(split(text), [&rows[..], &["End."]].concat());
        assert!(!is_row("Note: prices change; ask first.") && !is_row("It is so; that is: enough."));
    }

    #[test]
    fn numbers_and_versions_do_not_split() {
        assert_eq!(split("Version 3.11 costs 4.50 euros. Done."), ["Version 3.11 costs 4.50 euros.", "Done."]);
    }

    proptest::proptest! {
        #[test]
        fn spans_are_ordered_inside_and_nothing_is_lost(text in "\\PC{0,200}") {
            let spans = sentences(&text);
            let mut end = 0;
            for span in &spans {
                assert!(span.start >= end && !span.is_empty());
                end = span.end;
            }
            let kept: usize = spans.iter().map(|s| slice(&text, *s).chars().filter(|c| c.is_alphanumeric()).count()).sum();
            assert_eq!(kept, text.chars().filter(|c| c.is_alphanumeric()).count());
        }
    }
}
