//! Character ranges: everything Footnote points at is counted in Unicode scalar values.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A half-open range `[start, end)` of Unicode scalar values in a stored text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    pub fn len(&self) -> usize {
        self.end.saturating_sub(self.start)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same range counted from `origin` characters further left.
    pub fn shifted(&self, origin: usize) -> Self {
        Self { start: self.start + origin, end: self.end + origin }
    }
}

/// The characters of `text` in `span`; empty where the span lies outside.
pub fn slice(text: &str, span: Span) -> &str {
    let mut bounds = text.char_indices().map(|(byte, _)| byte).chain([text.len()]);
    let Some(start) = bounds.nth(span.start) else { return "" };
    if span.is_empty() {
        return "";
    }
    let Some(end) = bounds.nth(span.len() - 1) else { return "" };
    text.get(start..end).unwrap_or_default()
}

/// Converts between byte and character positions of one text in logarithmic time.
pub struct Offsets {
    /// Byte position of every character, and the text's length last.
    bytes: Vec<usize>,
}

impl Offsets {
    pub fn new(text: &str) -> Self {
        Self { bytes: text.char_indices().map(|(byte, _)| byte).chain([text.len()]).collect() }
    }

    /// Number of characters before byte `byte` (rounded down to a character's start).
    pub fn char_of(&self, byte: usize) -> usize {
        self.bytes.partition_point(|&start| start <= byte).saturating_sub(1)
    }

    /// Byte position of character `char`, at most the text's length.
    pub fn byte_of(&self, char: usize) -> usize {
        self.bytes.get(char).or(self.bytes.last()).copied().unwrap_or(0)
    }

    /// Number of characters in the text.
    pub fn chars(&self) -> usize {
        self.bytes.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_by_characters_not_bytes() {
        assert_eq!(slice("näıve café", Span { start: 6, end: 10 }), "café");
        assert_eq!(slice("abc", Span { start: 0, end: 3 }), "abc");
        assert_eq!(slice("abc", Span { start: 2, end: 9 }), "");
        assert_eq!(slice("abc", Span { start: 1, end: 1 }), "");
    }

    #[test]
    fn offsets_convert_both_ways() {
        let offsets = Offsets::new("aé漢b");
        assert_eq!((offsets.byte_of(3), offsets.char_of(6), offsets.chars()), (6, 3, 4));
        assert_eq!(offsets.char_of(4), 2);
        assert_eq!(offsets.byte_of(99), 7);
    }
}
