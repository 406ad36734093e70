//! Cuts a document into overlapping windows that fit the embedder, each with its heading path.

mod context;
mod tokens;

use domain::{Chunk, Document, Offsets, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use text_splitter::{ChunkCapacity, MarkdownSplitter, TextSplitter};

use context::Contexts;
use tokens::TokenTable;

/// Tokens that the embedder puts round every text.
const SPECIAL_TOKENS: usize = 2;
/// Most tokens of the heading path, and its share of a small embedder's window.
const MAX_CONTEXT_TOKENS: usize = 40;
const CONTEXT_SHARE: usize = 4;
const MAX_SECTION_BYTES: usize = 64 << 10;

/// How documents are cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChunkConfig {
    /// Most tokens of text in a chunk, by the embedder's tokenizer. Lowered to what the embedder can take.
    pub tokens: usize,
    /// Tokens that neighbouring chunks may share, at most half of `tokens`.
    pub overlap: usize,
}

impl Default for ChunkConfig {
    fn default() -> Self {
        Self { tokens: 200, overlap: 40 }
    }
}

/// What is embedded for a chunk: its heading path, then its text.
pub fn passage_text(context: &str, text: &str) -> String {
    format!("{context}\n{text}")
}

/// Cuts `document` at its headings, paragraphs and sentences into chunks in reading order.
///
/// `count_tokens` counts without special tokens; `max_tokens` is the embedder's window with them.
/// No chunk's [`passage_text`] is longer than that window, and every word is in some chunk.
pub fn chunk(
    document: &Document,
    title: &str,
    config: &ChunkConfig,
    count_tokens: &dyn Fn(&str) -> usize,
    max_tokens: usize,
) -> Vec<Chunk> {
    let window = max_tokens.saturating_sub(SPECIAL_TOKENS).max(1);
    let context_tokens = MAX_CONTEXT_TOKENS.min(window / CONTEXT_SHARE);
    let capacity = config.tokens.min(window - context_tokens).max(1);
    let contexts = Contexts::new(document, title, context_tokens, count_tokens);
    let cut = Cut { offsets: Offsets::new(&document.text), document, contexts, count_tokens, window };
    let mut chunks: Vec<Chunk> = Vec::new();
    for (start, text) in split(document, capacity, config.overlap.min(capacity / 2), count_tokens) {
        let reach = chunks.last().map_or(0, |last| last.span.end);
        cut.push(start, text, reach, &mut chunks);
    }
    chunks
}

/// Byte positions and texts of the windows.
fn split<'d>(
    document: &'d Document,
    capacity: usize,
    overlap: usize,
    count_tokens: &dyn Fn(&str) -> usize,
) -> Vec<(usize, &'d str)> {
    let text = document.text.as_str();
    let sizer = TokenTable::new(text, count_tokens);
    let config = text_splitter::ChunkConfig::new(ChunkCapacity::new(capacity)).with_sizer(sizer);
    let Ok(config) = config.with_overlap(overlap) else { return vec![(0, text)] };
    let mut windows = Vec::new();
    if is_markdown(document) {
        let splitter = MarkdownSplitter::new(config);
        for (start, section) in sections(text) {
            windows.extend(splitter.chunk_indices(section).map(|(at, window)| (start + at, window)));
        }
    } else {
        let splitter = TextSplitter::new(config);
        for (start, section) in sections(text) {
            windows.extend(splitter.chunk_indices(section).map(|(at, window)| (start + at, window)));
        }
    }
    windows
}

/// The text in bounded pieces, cut at a heading, paragraph, line or space: splitting a text without
/// such breaks takes time that grows with the square of its length.
fn sections(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut start = 0;
    while text.len() - start > MAX_SECTION_BYTES {
        let limit = (start + MAX_SECTION_BYTES..text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
        let half = (start + MAX_SECTION_BYTES / 2..limit).find(|&at| text.is_char_boundary(at)).unwrap_or(limit);
        let tail = text.get(half..limit).unwrap_or_default();
        let end = ["\n#", "\n\n", "\n", " "].iter().find_map(|edge| tail.rfind(edge)).map_or(limit, |at| half + at);
        found.push((start, text.get(start..end).unwrap_or_default()));
        start = end;
    }
    found.push((start, text.get(start..).unwrap_or_default()));
    found
}

/// Whether headings are marked with `#`, as Markdown, HTML and DOCX give them.
fn is_markdown(document: &Document) -> bool {
    let Some(heading) = document.headings.first() else { return false };
    let before: Vec<char> = document.text.chars().take(heading.start).collect();
    before.ends_with(&['#', ' '])
}

struct Cut<'a> {
    document: &'a Document,
    offsets: Offsets,
    contexts: Contexts<'a>,
    count_tokens: &'a dyn Fn(&str) -> usize,
    window: usize,
}

impl Cut<'_> {
    /// Adds the window that starts at byte `start`, in parts where the tokenizer counts more for the
    /// whole than for its words. Windows without words, or inside the last one (up to `reach`), are left out.
    fn push(&self, start: usize, text: &str, reach: usize, chunks: &mut Vec<Chunk>) {
        let span = Span { start: self.offsets.char_of(start), end: self.offsets.char_of(start + text.len()) };
        let Some(first_word) = text.chars().position(char::is_alphanumeric).filter(|_| span.end > reach) else {
            return;
        };
        let first_word = span.start + first_word;
        let context = self.contexts.at(first_word);
        let tokens = (self.count_tokens)(&passage_text(context, text));
        let (context, tokens) = match tokens > self.window {
            true => ("", (self.count_tokens)(&passage_text("", text))),
            false => (context, tokens),
        };
        if tokens > self.window
            && let Some(middle) = middle(text)
        {
            let (left, right) = text.split_at(middle);
            self.push(start, left, reach, chunks);
            self.push(start + middle, right, reach, chunks);
            return;
        }
        let page = self.document.pages.partition_point(|page| page.start <= first_word).checked_sub(1);
        chunks.push(Chunk {
            span,
            text: text.to_owned(),
            context: context.to_owned(),
            page: page.and_then(|index| self.document.pages.get(index)).map(|page| page.number),
            tokens,
        });
    }
}

/// A place near the middle to cut at, after white space where there is some.
fn middle(text: &str) -> Option<usize> {
    let half = (text.len() / 2..text.len()).find(|&at| text.is_char_boundary(at))?;
    let space = text.get(..half).and_then(|left| left.rfind(char::is_whitespace));
    let after = |at: usize| text.get(at..).and_then(|rest| rest.chars().next()).map_or(at, |c| at + c.len_utf8());
    let at = space.map(after).filter(|at| *at > text.len() / 4).unwrap_or(half);
    (at > 0 && at < text.len()).then_some(at)
}

#[cfg(test)]
mod tests;
