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
    notes: Vec<String>,
}

/// Most notes that one document carries.
const MAX_NOTES: usize = 20;
/// The deepest heading level.
const MAX_LEVEL: u8 = 9;

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

    /// Appends a line of its own with the heading marked as Markdown does.
    pub(super) fn section(&mut self, level: u8, words: &str) {
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        if words.is_empty() {
            return;
        }
        self.push("\n\n");
        self.push(&format!("{} ", "#".repeat(level.clamp(1, 6).into())));
        self.heading(level, &words);
        self.push("\n\n");
    }

    /// Something a reader should know about how this was read, as a sentence. Said once.
    pub(super) fn note(&mut self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        if !self.notes.contains(&sentence) {
            self.notes.push(sentence);
        }
    }

    pub(super) fn first_note(&self) -> Option<&str> {
        self.notes.first().map(String::as_str)
    }

    /// Appends another document, its headings `deeper` levels down. Its pages are not this one's.
    pub(super) fn append(&mut self, inner: Draft, deeper: u8) {
        let at = self.text.len();
        self.text.push_str(&inner.text);
        self.marks.extend(inner.marks.into_iter().filter_map(|(position, mark)| match mark {
            Mark::Heading(level) => Some((at + position, Mark::Heading(level.saturating_add(deeper).min(MAX_LEVEL)))),
            Mark::HeadingEnd => Some((at + position, mark)),
            Mark::Page(_) => None,
        }));
        for note in inner.notes {
            self.note(note);
        }
    }

    /// Bytes of text so far.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    pub(super) fn has_headings(&self) -> bool {
        self.marks.iter().any(|(_, mark)| matches!(mark, Mark::Heading(_)))
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
        let mut notes = self.notes;
        if cleaner.dropped_hidden {
            notes.push("invisible characters were left out".to_owned());
        }
        shorten(&mut notes);
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
        Ok(Document { title, pages: pages.collect(), headings, text, notes, ..Document::default() })
    }
}

fn shorten(notes: &mut Vec<String>) {
    let more = notes.len().saturating_sub(MAX_NOTES);
    notes.truncate(MAX_NOTES);
    if more > 0 {
        notes.push(format!("{more} more notes are not shown"));
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
    const FILE_ENDS: &[&str] = &[
        ".doc", ".docx", ".pdf", ".dvi", ".tex", ".indd", ".qxd", ".rtf", ".txt", ".htm", ".html", ".ps", ".eps",
        ".ppt", ".pptx", ".xls", ".xlsx", ".odt",
    ];
    let title = clean::line(title);
    let lower = title.to_lowercase();
    let is_machine_made = MACHINE_MADE.iter().any(|made| {
        lower == *made || lower.starts_with(&format!("{made} - ")) || lower.starts_with(&format!("{made}:"))
    });
    let is_file = FILE_ENDS.iter().any(|end| lower.ends_with(end));
    let is_words = title.chars().filter(|c| c.is_alphabetic()).count() >= 2;
    (is_words && !is_machine_made && !is_file).then_some(title)
}
