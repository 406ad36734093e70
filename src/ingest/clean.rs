//! Takes out of a parsed document what a source's rules name; headings and pages move with the text.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use domain::{CleanRule, Document, Heading, Offsets, PageStart};
use regex::{Regex, RegexBuilder};

/// Most rules of a source, and bytes of one pattern or replacement.
const MAX_RULES: usize = 50;
const MAX_PATTERN_BYTES: usize = 2_000;
/// Bytes of a compiled pattern, and of the states it is followed by.
const MAX_COMPILED_BYTES: usize = 1 << 20;
/// A replacement may make the text longer, but not without bounds.
const MAX_TEXT_BYTES: usize = 64 << 20;

/// Lines at the top and at the bottom of a page that may be boilerplate, blank ones not counted.
const EDGE_LINES: usize = 4;
/// Pages from which a line can recur, and the share of them that it must stand on.
const MIN_PAGES: usize = 3;
const MOST_PAGES: f64 = 0.6;
/// Characters of a line that is still boilerplate.
const MAX_LINE_CHARS: usize = 200;
/// Pieces that a cleaning remembers having taken out, and characters shown of each.
const SHOWN: usize = 5;
const SHOWN_CHARS: usize = 80;

/// The rules of a source, ready to apply.
#[derive(Debug, Default)]
pub struct Cleaner {
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    RemoveLines(Regex),
    Replace(Regex, String),
    CutBefore(Regex),
    CutAfter(Regex),
    Boilerplate,
}

/// What the rules did to a document.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Cleaned {
    /// Characters that were taken out.
    pub removed: usize,
    /// The beginnings of the first pieces of them.
    pub pieces: Vec<String>,
}

/// Characters `range` (in bytes of the text before) are replaced.
struct Edit {
    range: Range<usize>,
    with: String,
}

impl Cleaner {
    /// # Errors
    /// Which rule cannot be used, and why: a pattern that is none or is too large.
    pub fn new(rules: &[CleanRule]) -> Result<Self, String> {
        if rules.len() > MAX_RULES {
            return Err(format!("{} cleaning rules: a source has {MAX_RULES} at most", rules.len()));
        }
        let steps = rules.iter().enumerate().map(|(n, rule)| {
            step(rule).map_err(|reason| format!("cleaning rule {} ({}): {reason}", n + 1, rule.name()))
        });
        Ok(Self { steps: steps.collect::<Result<_, _>>()? })
    }

    /// Applies the rules in their order. Headings whose text is taken out go with it.
    pub fn clean(&self, document: &mut Document) -> Cleaned {
        let mut cleaned = Cleaned::default();
        for step in &self.steps {
            let edits = step.edits(document);
            cleaned.note(&document.text, &edits);
            apply(document, &edits);
        }
        cleaned
    }
}

impl Cleaned {
    fn note(&mut self, text: &str, edits: &[Edit]) {
        for edit in edits {
            let piece = text.get(edit.range.clone()).unwrap_or_default();
            self.removed += piece.chars().count().saturating_sub(edit.with.chars().count());
            let shown = piece.split_whitespace().collect::<Vec<_>>().join(" ");
            if self.pieces.len() < SHOWN && !shown.is_empty() {
                self.pieces.push(shown.chars().take(SHOWN_CHARS).collect());
            }
        }
    }
}

fn step(rule: &CleanRule) -> Result<Step, String> {
    Ok(match rule {
        CleanRule::RemoveLines(pattern) => Step::RemoveLines(compiled(pattern)?),
        CleanRule::Replace { with, .. } if with.len() > MAX_PATTERN_BYTES => {
            return Err(format!("`with` is over {MAX_PATTERN_BYTES} bytes long"));
        }
        CleanRule::Replace { with, .. } if with.contains('\0') => return Err("`with` holds a NUL character".into()),
        CleanRule::Replace { pattern, with } => Step::Replace(compiled(pattern)?, with.clone()),
        CleanRule::CutBefore(pattern) => Step::CutBefore(compiled(pattern)?),
        CleanRule::CutAfter(pattern) => Step::CutAfter(compiled(pattern)?),
        CleanRule::Boilerplate => Step::Boilerplate,
    })
}

fn compiled(pattern: &str) -> Result<Regex, String> {
    if pattern.is_empty() {
        return Err("the pattern is empty".into());
    }
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(format!("the pattern is over {MAX_PATTERN_BYTES} bytes long"));
    }
    let built = RegexBuilder::new(pattern)
        .multi_line(true)
        .size_limit(MAX_COMPILED_BYTES)
        .dfa_size_limit(MAX_COMPILED_BYTES)
        .build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => format!("`{pattern}` compiles to more than {MAX_COMPILED_BYTES} bytes"),
        other => {
            // The first lines draw the pattern with an arrow; the last one says what is wrong.
            let reason = other.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            format!("`{pattern}` is no regular expression: {reason}")
        }
    })
}

impl Step {
    /// In order, without overlap.
    fn edits(&self, document: &Document) -> Vec<Edit> {
        let text = document.text.as_str();
        match self {
            Self::RemoveLines(pattern) => {
                without_lines(text, lines(text).filter(|line| pattern.is_match(&text[line.clone()])))
            }
            Self::Replace(pattern, with) => replaced(text, pattern, with),
            Self::CutBefore(pattern) => cut(pattern.find(text).map(|found| 0..found.start())),
            Self::CutAfter(pattern) => cut(pattern.find(text).map(|found| found.end()..text.len())),
            Self::Boilerplate => without_lines(text, recurring(document).into_iter()),
        }
    }
}

fn cut(range: Option<Range<usize>>) -> Vec<Edit> {
    range.filter(|range| !range.is_empty()).map(|range| Edit { range, with: String::new() }).into_iter().collect()
}

fn replaced(text: &str, pattern: &Regex, with: &str) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut room = MAX_TEXT_BYTES.saturating_sub(text.len());
    for found in pattern.captures_iter(text) {
        let Some(range) = found.get(0).map(|whole| whole.range()) else { continue };
        let mut new = String::new();
        found.expand(with, &mut new);
        if room < new.len() {
            break;
        }
        room -= new.len();
        if text.get(range.clone()) != Some(&new) {
            edits.push(Edit { range, with: new });
        }
    }
    edits
}

/// Byte ranges of the lines, line ends excluded.
fn lines(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    text.split('\n').map(move |line| {
        let range = start..start + line.len();
        start = range.end + 1;
        range
    })
}

/// Takes whole lines out, each with its line end, and one of two blank lines that come together by it.
fn without_lines(text: &str, removed: impl Iterator<Item = Range<usize>>) -> Vec<Edit> {
    let mut removed = removed.peekable();
    let mut edits: Vec<Edit> = Vec::new();
    let mut is_after_blank = true;
    let mut is_after_cut = false;
    for line in lines(text) {
        let is_blank = text[line.clone()].trim().is_empty();
        let is_removed = removed.next_if(|removed| removed.start == line.start).is_some();
        if is_removed || (is_blank && is_after_blank && is_after_cut) {
            let end = (line.end + 1).min(text.len());
            is_after_cut = true;
            match edits.last_mut() {
                Some(last) if last.range.end == line.start => last.range.end = end,
                _ => edits.push(Edit { range: line.start..end, with: String::new() }),
            }
            continue;
        }
        is_after_blank = is_blank;
        is_after_cut = false;
    }
    // A line end before the removed end would be left without a line.
    if let Some(last) = edits.last_mut()
        && last.range.end == text.len()
    {
        last.range.start = text[..last.range.start].trim_end().len();
    }
    edits
}

/// Lines at the edges of pages that stand on most of them, whatever number is in them.
fn recurring(document: &Document) -> Vec<Range<usize>> {
    let text = document.text.as_str();
    let offsets = Offsets::new(text);
    let mut starts: Vec<usize> = document.pages.iter().map(|page| offsets.byte_of(page.start)).collect();
    if starts.len() < MIN_PAGES {
        return Vec::new();
    }
    starts.push(text.len());
    let edges: Vec<Vec<Range<usize>>> = starts.windows(2).map(|page| edge_lines(text, page[0]..page[1])).collect();
    let mut pages_with: HashMap<String, usize> = HashMap::new();
    for edge in &edges {
        let mut shapes: Vec<String> = edge.iter().map(|line| shape(&text[line.clone()])).collect();
        shapes.sort();
        shapes.dedup();
        for shape in shapes {
            *pages_with.entry(shape).or_default() += 1;
        }
    }
    let enough = ((edges.len() as f64 * MOST_PAGES).ceil() as usize).max(MIN_PAGES);
    let recurs =
        |line: &Range<usize>| pages_with.get(&shape(&text[line.clone()])).is_some_and(|pages| *pages >= enough);
    let mut found: Vec<Range<usize>> = edges.into_iter().flatten().filter(recurs).collect();
    found.sort_by_key(|line| line.start);
    found.dedup();
    found
}

/// The first and the last lines of a page that hold something.
fn edge_lines(text: &str, page: Range<usize>) -> Vec<Range<usize>> {
    let within = text.get(page.clone()).unwrap_or_default();
    let filled: Vec<Range<usize>> = lines(within)
        .filter(|line| !within[line.clone()].trim().is_empty())
        .map(|line| page.start + line.start..page.start + line.end)
        .collect();
    let last = filled.len().saturating_sub(EDGE_LINES).max(EDGE_LINES.min(filled.len()));
    let edges = filled.iter().take(EDGE_LINES).chain(filled.get(last..).unwrap_or_default());
    let may_recur = |line: &&Range<usize>| {
        let words = &text[line.start..line.end];
        // A number that is not the page's may be a cell of a table.
        let is_outermost = Some(*line) == filled.first() || Some(*line) == filled.last();
        words.chars().count() <= MAX_LINE_CHARS && (is_outermost || words.chars().any(char::is_alphabetic))
    };
    edges.filter(may_recur).cloned().collect()
}

/// A line with every number as one mark: page numbers and dates differ from page to page.
fn shape(line: &str) -> String {
    let mut shape = String::new();
    for c in line.trim().chars() {
        match c {
            c if c.is_numeric() => {
                if !shape.ends_with('#') {
                    shape.push('#');
                }
            }
            c if c.is_whitespace() => {
                if !shape.ends_with(' ') {
                    shape.push(' ');
                }
            }
            c => shape.extend(c.to_lowercase()),
        }
    }
    shape
}

/// Changes the text and moves what points into it.
fn apply(document: &mut Document, edits: &[Edit]) {
    if edits.is_empty() {
        return;
    }
    let before = Offsets::new(&document.text);
    let mut text = String::with_capacity(document.text.len());
    let mut at = 0;
    for edit in edits {
        text.push_str(document.text.get(at..edit.range.start).unwrap_or_default());
        text.push_str(&edit.with);
        at = edit.range.end;
    }
    text.push_str(document.text.get(at..).unwrap_or_default());
    // White space at the beginning would be in no line that a person sees.
    let lead = text.len() - text.trim_start().len();
    text.truncate(text.trim_end().len());
    let text = text.split_off(lead.min(text.len()));

    let after = Offsets::new(&text);
    let moved = Moves::new(edits, lead);
    let place = |char: usize| after.char_of(moved.byte(before.byte_of(char)).min(text.len()));
    let headings = std::mem::take(&mut document.headings);
    document.headings = headings
        .into_iter()
        .filter_map(|heading| {
            let bytes = before.byte_of(heading.start)..before.byte_of(heading.start + heading.text.chars().count());
            let words = match moved.touches(&bytes) {
                false => Cow::Borrowed(heading.text.as_str()),
                true => {
                    let kept = moved.byte(bytes.start).min(text.len())..moved.byte(bytes.end).min(text.len());
                    Cow::Owned(text.get(kept).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" "))
                }
            };
            let is_left = words.chars().any(char::is_alphanumeric);
            is_left.then(|| Heading { level: heading.level, start: place(heading.start), text: words.into_owned() })
        })
        .collect();
    let pages = document.pages.iter().map(|page| PageStart { number: page.number, start: place(page.start) });
    document.pages = pages.collect();
    document.text = text;
}

/// Where bytes of the text before are in the text after.
struct Moves<'a> {
    edits: &'a [Edit],
    /// Bytes by which the text has grown before each edit, and after the last.
    growth: Vec<isize>,
    lead: usize,
}

impl<'a> Moves<'a> {
    fn new(edits: &'a [Edit], lead: usize) -> Self {
        let mut sum = 0;
        let mut growth = vec![0];
        for edit in edits {
            sum += edit.with.len() as isize - edit.range.len() as isize;
            growth.push(sum);
        }
        Self { edits, growth, lead }
    }

    /// What is taken out is where its replacement begins.
    fn byte(&self, byte: usize) -> usize {
        let passed = self.edits.partition_point(|edit| edit.range.end <= byte);
        let byte = match self.edits.get(passed) {
            Some(edit) if edit.range.start < byte => edit.range.start,
            _ => byte,
        };
        let growth = self.growth.get(passed).copied().unwrap_or_default();
        byte.saturating_add_signed(growth).saturating_sub(self.lead)
    }

    fn touches(&self, bytes: &Range<usize>) -> bool {
        let first = self.edits.partition_point(|edit| edit.range.end <= bytes.start);
        self.edits.get(first).is_some_and(|edit| edit.range.start < bytes.end)
    }
}

#[cfg(test)]
mod tests;
