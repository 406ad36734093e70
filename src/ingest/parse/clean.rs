//! Cleans characters: NFC, one kind of line end, no invisible characters, no runs of blank lines.

use unicode_normalization::UnicodeNormalization;

/// Cleans a text piece by piece; positions between pieces can be followed into the result.
#[derive(Default)]
pub(super) struct Cleaner {
    pub(super) out: String,
    /// Characters in `out`.
    chars: usize,
    newlines: usize,
    spaces: String,
    after_return: bool,
    before: Option<char>,
    /// Whether characters were dropped that are there to be read by programs and not by people.
    pub(super) dropped_hidden: bool,
    waiting: Vec<usize>,
    /// Character position of each mark, in the order of [`Cleaner::mark`].
    marks: Vec<usize>,
}

impl Cleaner {
    pub(super) fn push(&mut self, piece: &str) {
        let mut before = self.before;
        let mut hidden = false;
        let kept = piece.chars().inspect(|&c| hidden |= is_hiding(c)).flat_map(replace).filter(|&c| {
            let is_kept = is_kept(before, c);
            before = if is_kept { Some(c) } else { before };
            is_kept
        });
        for c in kept.nfc() {
            self.push_char(c);
        }
        self.before = before;
        self.dropped_hidden |= hidden;
    }

    /// Remembers this place: it becomes the position of the next visible character.
    pub(super) fn mark(&mut self) {
        self.waiting.push(self.marks.len());
        self.marks.push(0);
    }

    /// The cleaned text and the character position of every mark.
    pub(super) fn finish(mut self) -> (String, Vec<usize>) {
        self.settle();
        (self.out, self.marks)
    }

    fn push_char(&mut self, c: char) {
        let follows_return = std::mem::replace(&mut self.after_return, c == '\r');
        match c {
            '\n' if follows_return => {}
            '\n' | '\r' => {
                self.newlines += 1;
                self.spaces.clear();
            }
            ' ' | '\t' => self.spaces.push(c),
            _ => {
                self.flush();
                self.settle();
                self.out.push(c);
                self.chars += 1;
            }
        }
    }

    fn flush(&mut self) {
        if !self.out.is_empty() {
            let newlines = self.newlines.min(2);
            self.out.extend(std::iter::repeat_n('\n', newlines));
            self.out.push_str(&self.spaces);
            self.chars += newlines + self.spaces.len();
        }
        self.newlines = 0;
        self.spaces.clear();
    }

    fn settle(&mut self) {
        for mark in self.waiting.drain(..) {
            if let Some(position) = self.marks.get_mut(mark) {
                *position = self.chars;
            }
        }
    }
}

/// Characters that no honest text needs: zero-width spaces and operators, tags, directions turned over.
/// Soft hyphens, byte order marks and direction marks are left alone: programs write them by themselves.
fn is_hiding(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{2060}'..='\u{2064}' | '\u{202D}' | '\u{202E}' | '\u{E0000}'..='\u{E007F}')
}

/// A joiner is part of a word in some scripts and an invisible trick elsewhere.
fn is_kept(before: Option<char>, c: char) -> bool {
    !matches!(c, '\u{200C}' | '\u{200D}') || before.is_some_and(|before| !before.is_ascii())
}

/// One line of cleaned text, its white space collapsed: for titles.
pub(super) fn line(text: &str) -> String {
    let mut cleaner = Cleaner::default();
    cleaner.push(text);
    cleaner.finish().0.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a character is stored as: itself, nothing, or plainer characters.
fn replace(c: char) -> impl Iterator<Item = char> {
    let plain: &'static str = match c {
        '\n' | '\r' | '\t' => return one(c),
        '\u{0B}' | '\u{0C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => "\n",
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => " ",
        '\u{AD}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2060}'..='\u{2064}' => "",
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{206F}' | '\u{FEFF}' => "",
        '\u{FFF9}'..='\u{FFFB}' | '\u{FFFE}' | '\u{FFFF}' | '\u{E0000}'..='\u{E007F}' => "",
        '\u{FB00}' => "ff",
        '\u{FB01}' => "fi",
        '\u{FB02}' => "fl",
        '\u{FB03}' => "ffi",
        '\u{FB04}' => "ffl",
        '\u{FB05}' | '\u{FB06}' => "st",
        // Bullets of the Symbol font, as word processors write them.
        '\u{F0B7}' | '\u{F0A7}' => "•",
        c if c.is_control() => "",
        c => return one(c),
    };
    None.into_iter().chain(plain.chars())
}

fn one(c: char) -> std::iter::Chain<std::option::IntoIter<char>, std::str::Chars<'static>> {
    Some(c).into_iter().chain("".chars())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> String {
        let mut cleaner = Cleaner::default();
        cleaner.push(text);
        cleaner.finish().0
    }

    #[test]
    fn line_ends_blank_lines_and_invisible_characters() {
        assert_eq!(clean("\u{FEFF}\r\n  a\u{200B}b \t\r\n\r\n\r\n\r\nc\u{AD}d\u{0}\x07 \n"), "ab\n\ncd");
        assert_eq!(clean("a\rb\u{2028}c\u{A0}d\u{0C}e"), "a\nb\nc d\ne");
    }

    #[test]
    fn composes_characters_and_opens_ligatures() {
        assert_eq!(clean("cafe\u{301} o\u{FB03}ce"), "café office");
    }

    #[test]
    fn joiners_stay_inside_scripts_that_need_them() {
        assert_eq!(clean("a\u{200D}b می\u{200C}خواهم 👩\u{200D}💻"), "ab می\u{200C}خواهم 👩\u{200D}💻");
    }

    #[test]
    fn marks_point_at_the_next_visible_character() {
        let mut cleaner = Cleaner::default();
        cleaner.push("é\u{200B} \n\n\n\n ");
        cleaner.mark();
        cleaner.push("\n\u{AD}b");
        cleaner.mark();
        assert_eq!(cleaner.finish(), ("é\n\nb".into(), vec![3, 4]));
    }

    proptest::proptest! {
        #[test]
        fn cleaning_twice_changes_nothing(text in "[\\PC\n\r\t \u{AD}\u{301}\u{200D}]{0,80}") {
            let once = clean(&text);
            proptest::prop_assert_eq!(clean(&once), once);
        }
    }
}
