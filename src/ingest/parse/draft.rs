//! A document while it is being parsed: raw text with marks, cleaned once at the end.

use domain::{Document, Heading, PageStart};

use super::{
    clean::{self, Cleaner},
    error::Fault,
};

/// Most characters of a title or a heading's words: both stand before every chunk below them.
const MAX_WORDS: usize = 300;

/// Text and structure in reading order. Marks are byte positions in the raw text and follow it
/// through the cleaning, so headings and pages are exact in what is stored.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// The title in the file's own metadata.
    pub(super) title: Option<String>,
    text: String,
    marks: Vec<(usize, Mark)>,
}

#[derive(Clone, Copy, Debug)]
enum Mark {
    Heading(u8),
    HeadingEnd,
    Page(u32),
}

impl Draft {
    pub(super) fn titled(title: Option<String>) -> Self {
        Self { title, ..Self::default() }
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Appends a heading's words and marks them. Line breaks round it are the caller's.
    pub(super) fn heading(&mut self, level: u8, words: &str) {
        self.marks.push((self.text.len(), Mark::Heading(level)));
        self.text.push_str(words);
        self.marks.push((self.text.len(), Mark::HeadingEnd));
    }

    /// What follows is on page `number`.
    pub(super) fn page(&mut self, number: u32) {
        self.marks.push((self.text.len(), Mark::Page(number)));
    }

    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Cleans the text and moves the marks with it.
    pub(super) fn finish(self, fallback_title: &str, max_text_bytes: usize) -> Result<Document, Fault> {
        let mut cleaner = Cleaner::default();
        let mut at = 0;
        for (position, _) in &self.marks {
            cleaner.push(self.text.get(at..*position).unwrap_or_default());
            cleaner.mark();
            at = *position;
        }
        cleaner.push(self.text.get(at..).unwrap_or_default());
        let (text, positions) = cleaner.finish();
        if text.len() > max_text_bytes {
            return Err(Fault::over("its text is", max_text_bytes as u64));
        }
        if text.is_empty() {
            return Err(Fault::NoText("it holds no text".into()));
        }
        let marks: Vec<(usize, Mark)> =
            positions.into_iter().zip(self.marks.into_iter().map(|(_, mark)| mark)).collect();
        let headings = headings(&text, &marks);
        let title = [self.title.as_deref(), headings.first().map(|h| h.text.as_str()), Some(fallback_title)]
            .into_iter()
            .flatten()
            .map(clean::line)
            .find(|title| !title.is_empty())
            .map(|title| shortened(&title));
        let pages = marks.iter().filter_map(|&(start, mark)| match mark {
            Mark::Page(number) => Some(PageStart { number, start }),
            _ => None,
        });
        Ok(Document { title, pages: pages.collect(), headings, text })
    }
}

/// Reads the headings' words back from the cleaned text, in one walk over it.
fn headings(text: &str, marks: &[(usize, Mark)]) -> Vec<Heading> {
    let offsets = domain::Offsets::new(text);
    let mut headings = Vec::new();
    let mut open = None;
    for &(position, mark) in marks {
        match (mark, open) {
            (Mark::Heading(level), _) => open = Some((level, position)),
            (Mark::HeadingEnd, Some((level, start))) => {
                let words = text.get(offsets.byte_of(start)..offsets.byte_of(position)).unwrap_or_default();
                let words = words.trim_end();
                if words.chars().any(char::is_alphanumeric) {
                    headings.push(Heading { level, start, text: shortened(words) });
                }
                open = None;
            }
            _ => {}
        }
    }
    headings
}

/// At most [`MAX_WORDS`] characters; an ellipsis stands for what is left out.
fn shortened(words: &str) -> String {
    if words.char_indices().nth(MAX_WORDS).is_none() {
        return words.to_owned();
    }
    let kept: String = words.chars().take(MAX_WORDS - 1).collect();
    format!("{}…", kept.trim_end())
}

/// A title from a file's properties, unless it is one that programs put there by themselves.
pub(super) fn real_title(title: &str) -> Option<String> {
    const MACHINE_MADE: &[&str] =
        &["microsoft word", "microsoft powerpoint", "powerpoint presentation", "untitled", "document", "word document"];
    const FILE_ENDS: &[&str] =
        &[".doc", ".docx", ".pdf", ".dvi", ".tex", ".indd", ".qxd", ".rtf", ".txt", ".htm", ".html", ".ps", ".eps"];
    let title = clean::line(title);
    let lower = title.to_lowercase();
    let is_machine_made = MACHINE_MADE.iter().any(|made| {
        lower == *made || lower.starts_with(&format!("{made} - ")) || lower.starts_with(&format!("{made}:"))
    });
    let is_file = FILE_ENDS.iter().any(|end| lower.ends_with(end));
    let is_words = title.chars().filter(|c| c.is_alphabetic()).count() >= 2;
    (is_words && !is_machine_made && !is_file).then_some(title)
}
