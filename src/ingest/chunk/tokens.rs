//! Counts tokens of any part of a text quickly, from one count per distinct word.

use std::collections::HashMap;

use text_splitter::ChunkSizer;

/// Longest run of letters that is counted as one word.
const MAX_WORD_BYTES: usize = 64;

/// Token counts of a text's words, summed up from its start. Tokenizers cut at white space and
/// punctuation, so sums are exact for them, or a little high.
pub(super) struct TokenTable<'a> {
    text: &'a str,
    count_tokens: &'a dyn Fn(&str) -> usize,
    /// Byte position of every word, and the text's length last.
    starts: Vec<usize>,
    /// Tokens before each of `starts`.
    before: Vec<usize>,
}

impl<'a> TokenTable<'a> {
    pub(super) fn new(text: &'a str, count_tokens: &'a dyn Fn(&str) -> usize) -> Self {
        let mut known: HashMap<&str, usize> = HashMap::new();
        let (mut starts, mut before) = (Vec::new(), Vec::new());
        let mut sum = 0;
        for (start, word) in words(text) {
            starts.push(start);
            before.push(sum);
            sum += *known.entry(word).or_insert_with(|| count_tokens(word));
        }
        starts.push(text.len());
        before.push(sum);
        Self { text, count_tokens, starts, before }
    }

    fn size_of(&self, start: usize, end: usize) -> usize {
        let first = self.starts.partition_point(|&word| word < start);
        let last = self.starts.partition_point(|&word| word <= end).saturating_sub(1);
        let part = |from: usize, to: usize| match self.text.get(from..to) {
            Some(part) if !part.trim().is_empty() => (self.count_tokens)(part),
            _ => 0,
        };
        let (Some(&head), Some(&tail)) = (self.starts.get(first), self.starts.get(last)) else {
            return part(start, end);
        };
        if head > tail {
            return part(start, end);
        }
        let whole = self.before.get(last).zip(self.before.get(first)).map_or(0, |(to, from)| to - from);
        part(start, head) + whole + part(tail, end)
    }
}

impl ChunkSizer for TokenTable<'_> {
    fn size(&self, chunk: &str) -> usize {
        let start = (chunk.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        let end = start.wrapping_add(chunk.len());
        if start <= end && end <= self.text.len() { self.size_of(start, end) } else { (self.count_tokens)(chunk) }
    }
}

/// Runs of letters and digits, and every other visible character by itself.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let start = at + rest.find(|c: char| !c.is_whitespace())?;
        let rest = text.get(start..)?;
        let first = rest.chars().next()?;
        let length = if joins(first) {
            let end = rest.char_indices().find(|&(i, c)| !joins(c) || i >= MAX_WORD_BYTES);
            end.map_or(rest.len(), |(i, _)| i)
        } else {
            first.len_utf8()
        };
        at = start + length;
        Some((start, text.get(start..at)?))
    })
}

/// Whether a character makes one word with its neighbours: not so in scripts without spaces.
fn joins(c: char) -> bool {
    c.is_alphanumeric()
        && !matches!(c, '\u{2E80}'..='\u{A4CF}' | '\u{AC00}'..='\u{D7FF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..)
        || matches!(c, '\u{300}'..='\u{36F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_sum_up_to_what_their_words_count() {
        let count = |text: &str| text.split_whitespace().map(|word| word.chars().count().div_ceil(4)).sum();
        let text = "One  twothree, 漢字 four\n\nfivesixseven";
        let table = TokenTable::new(text, &count);
        assert_eq!(
            words(text).map(|(_, word)| word).collect::<Vec<_>>(),
            ["One", "twothree", ",", "漢", "字", "four", "fivesixseven"]
        );
        assert_eq!(table.size(text), 1 + 2 + 1 + 1 + 1 + 1 + 3);
        assert_eq!(table.size(&text[5..9]), 1);
        assert_eq!(table.size(&text[7..14]), 2 + 1);
        assert_eq!(table.size(&text[3..5]), 0);
        assert_eq!(table.size(""), 0);
    }
}
