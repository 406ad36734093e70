//! Joins lines into paragraphs, mends words broken at line ends and finds headings by size.

use std::collections::{HashMap, HashSet};

use super::{Draft, lines::Line};

/// A heading's letters are at least this much larger than the body's.
const HEADING_SIZE: f64 = 1.14;
const MAX_HEADING_CHARS: usize = 160;
/// Lines further apart than this many usual steps start a new paragraph.
const PARAGRAPH_STEP: f64 = 1.4;

pub(super) fn write(pages: &[Vec<Line>], draft: &mut Draft) {
    let style = Style::of(pages);
    for (number, lines) in (1..).zip(pages) {
        draft.push("\n\n");
        draft.page(number);
        let mut rest = lines.as_slice();
        while !rest.is_empty() {
            let (block, after) = rest.split_at(style.block_len(rest));
            draft.push("\n\n");
            style.write_block(block, draft);
            rest = after;
        }
    }
}

/// What is usual in a document.
struct Style {
    /// Font sizes of headings, largest first, in tenths.
    heading_sizes: Vec<i64>,
    /// Usual distance of lines, in font sizes.
    step: f64,
    words: HashSet<String>,
}

impl Style {
    fn of(pages: &[Vec<Line>]) -> Self {
        let lines = || pages.iter().flatten();
        let mut chars_of_size: HashMap<i64, usize> = HashMap::new();
        for line in lines() {
            *chars_of_size.entry(tenths(line.size)).or_default() += line.text.len();
        }
        let body = chars_of_size.iter().max_by_key(|(size, chars)| (**chars, **size)).map_or(0, |(size, _)| *size);
        let mut style = Self { heading_sizes: Vec::new(), step: usual_step(pages, body), words: words(pages) };
        let is_large = |line: &Line| tenths(line.size) as f64 > body as f64 * HEADING_SIZE && is_heading_text(line);
        let large = lines().filter(|line| is_large(line)).count();
        if large * 4 <= lines().count() {
            let sizes: HashSet<i64> = lines().filter(|line| is_large(line)).map(|line| tenths(line.size)).collect();
            style.heading_sizes = sizes.into_iter().collect();
            style.heading_sizes.sort_unstable_by(|a, b| b.cmp(a));
        }
        style
    }

    fn heading_level(&self, line: &Line) -> Option<u8> {
        let rank = self.heading_sizes.iter().position(|size| *size == tenths(line.size))?;
        is_heading_text(line).then(|| u8::try_from(rank.min(5)).unwrap_or(5) + 1)
    }

    /// How many of the first lines stand together: same size, usual distance, same kind.
    fn block_len(&self, lines: &[Line]) -> usize {
        let apart = |pair: &[Line]| match pair {
            [above, below] => {
                let same_size = (above.size - below.size).abs() <= 0.08 * above.size.max(below.size);
                let step = above.baseline - below.baseline;
                let near = step >= -0.1 * above.size && step <= self.step * PARAGRAPH_STEP * above.size.max(below.size);
                let same_kind = self.heading_level(above) == self.heading_level(below);
                !(same_size && near && same_kind && above.is_horizontal == below.is_horizontal)
            }
            _ => false,
        };
        lines.windows(2).position(apart).map_or(lines.len(), |last| last + 1)
    }

    fn write_block(&self, block: &[Line], draft: &mut Draft) {
        let Some(first) = block.first() else { return };
        if let Some(level) = self.heading_level(first) {
            let words: Vec<&str> = block.iter().map(|line| line.text.as_str()).collect();
            draft.heading(level, &words.join(" ").split_whitespace().collect::<Vec<_>>().join(" "));
            return;
        }
        let right = block.iter().map(|line| line.right).fold(f64::MIN, f64::max);
        let mut text = String::new();
        let mut above: Option<&Line> = None;
        for line in block {
            if let Some(above) = above {
                self.join(&mut text, above, line, right);
            }
            text.push_str(&line.text);
            above = Some(line);
        }
        draft.push(&text);
    }

    /// Puts between two lines of a block what a reader sees there: nothing, a space, or a line end.
    fn join(&self, text: &mut String, above: &Line, below: &Line, right: f64) {
        if above.text.contains('\t') || below.text.contains('\t') || starts_item(&below.text) {
            text.push('\n');
        } else if let Some(head) = broken_word(text, &below.text) {
            if !self.keeps_hyphen(&head, &below.text) {
                text.pop();
            }
        } else if has_room_for_next_word(above, below, right) {
            text.push('\n');
        } else {
            text.push(' ');
        }
    }

    /// Whether `well-` + `known` is written with its hyphen elsewhere in the document.
    fn keeps_hyphen(&self, head: &str, below: &str) -> bool {
        let tail = first_word(below);
        let whole = format!("{head}{tail}").to_lowercase();
        let hyphenated = format!("{head}-{tail}").to_lowercase();
        !self.words.contains(&whole) && self.words.contains(&hyphenated)
    }
}

fn tenths(size: f64) -> i64 {
    (size * 10.0).round() as i64
}

fn is_heading_text(line: &Line) -> bool {
    let letters = line.text.chars().filter(|c| c.is_alphabetic()).count();
    line.is_horizontal && letters >= 2 && line.text.chars().count() <= MAX_HEADING_CHARS && !line.text.contains('\t')
}

/// Median distance of neighbouring body lines, in font sizes.
fn usual_step(pages: &[Vec<Line>], body: i64) -> f64 {
    let mut steps: Vec<f64> = Vec::new();
    for pair in pages.iter().flat_map(|lines| lines.windows(2)) {
        if let [above, below] = pair {
            let step = (above.baseline - below.baseline) / above.size.max(1e-3);
            let is_body = tenths(above.size) == body && tenths(below.size) == body;
            if is_body && (0.8..2.6).contains(&step) {
                steps.push(step);
            }
        }
    }
    steps.sort_by(f64::total_cmp);
    steps.get(steps.len() / 2).copied().unwrap_or(1.3)
}

fn words(pages: &[Vec<Line>]) -> HashSet<String> {
    let lines = pages.iter().flatten();
    let inner = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !(c.is_alphanumeric() || c == '-'));
        words.filter(|word| !word.ends_with('-') && word.len() > 2).map(str::to_lowercase).collect()
    };
    lines.flat_map(|line| inner(&line.text)).collect()
}

fn first_word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// The part before the hyphen where a word is broken at the line's end.
fn broken_word(text: &str, below: &str) -> Option<String> {
    let head = text.strip_suffix(['-', '\u{2010}', '\u{AD}'])?;
    let start = head
        .rfind(|c: char| !c.is_alphanumeric())
        .map_or(0, |at| at + head.get(at..).and_then(|r| r.chars().next()).map_or(0, char::len_utf8));
    let word = head.get(start..).unwrap_or_default();
    let goes_on =
        below.starts_with(char::is_lowercase) && word.chars().count() >= 2 && word.ends_with(char::is_alphabetic);
    goes_on.then(|| word.to_owned())
}

/// Whether the line was ended on purpose: the next word would have fitted on it.
fn has_room_for_next_word(above: &Line, below: &Line, right: f64) -> bool {
    let chars = below.text.chars().count().max(1) as f64;
    let char_width = (below.right - below.left) / chars;
    let word = below.text.split_whitespace().next().unwrap_or_default().chars().count() as f64;
    above.right + (word + 1.5) * char_width < right
}

fn starts_item(text: &str) -> bool {
    let mut chars = text.chars();
    match chars.next() {
        Some('•' | '▪' | '◦' | '●' | '■' | '‣' | '–' | '—' | '*' | '\u{F0B7}' | '\u{F0A7}') => true,
        Some('-') => chars.next().is_some_and(char::is_whitespace),
        Some('(') => text.find(')').is_some_and(|end| (2..=4).contains(&end)),
        Some(c) if c.is_ascii_digit() => {
            let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
            text.len() - rest.len() <= 2 && (rest.starts_with(". ") || rest.starts_with(") "))
        }
        _ => false,
    }
}
