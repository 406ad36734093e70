//! RTF: paragraphs, headings by style or outline level, tables; hidden and deleted text left out.

mod charsets;
mod tokens;

use std::collections::HashMap;

use super::{Draft, HIDDEN_TEXT, draft::real_title, error::Fault, table::Table};
use charsets::Charsets;
use tokens::{Token, Tokens};

const MAX_DEPTH: usize = 512;
/// Groups that hold no text of the document.
const UNSEEN: &[&str] = &[
    "colortbl",
    "pict",
    "objdata",
    "header",
    "headerl",
    "headerr",
    "headerf",
    "footer",
    "footerl",
    "footerr",
    "footerf",
    "fldinst",
    "datafield",
    "themedata",
    "colorschememapping",
    "xmlnstbl",
    "listtable",
    "listoverridetable",
    "rsidtbl",
    "generator",
    "latentstyles",
    "nonshppict",
    "bkmkstart",
    "bkmkend",
    "filetbl",
    "revtbl",
    "annotation",
    "atnid",
    "atnauthor",
    "datastore",
    "template",
    "wgrffmtfilter",
];

pub(super) fn parse(bytes: &[u8]) -> Result<Draft, Fault> {
    if !bytes.starts_with(b"{\\rt") {
        return Err(Fault::broken("it does not start as one"));
    }
    let mut reader = Reader::default();
    for token in Tokens::new(bytes) {
        reader.token(&token)?;
    }
    reader.flush_chars();
    reader.end_paragraph();
    reader.end_table();
    if reader.dropped_hidden {
        reader.draft.note(HIDDEN_TEXT);
    }
    reader.draft.title = real_title(&reader.title);
    Ok(reader.draft)
}

/// What the words of a group are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Text,
    Fonts,
    Styles,
    Title,
    Unseen,
}

/// What a group inherits and gives back at its end.
#[derive(Clone, Debug, Default)]
struct State {
    place: Place,
    is_hidden: bool,
    is_deleted: bool,
    font: i32,
    /// Fallback characters that follow a Unicode character.
    fallback: usize,
    style: i32,
    outline: Option<u8>,
    in_table: bool,
}

#[derive(Default)]
struct Reader {
    draft: Draft,
    state: State,
    saved: Vec<State>,
    charsets: Charsets,
    /// Names of styles by number, while they are read and after.
    styles: HashMap<i32, String>,
    title: String,
    /// Characters that are still bytes of some character set, or UTF-16.
    bytes: Vec<u8>,
    units: Vec<u16>,
    paragraph: String,
    table: Option<Table>,
    skip: usize,
    /// A `\*` stood before: an unknown word makes its group unseen.
    is_optional: bool,
    dropped_hidden: bool,
}

impl Reader {
    fn token(&mut self, token: &Token<'_>) -> Result<(), Fault> {
        if !matches!(token, Token::Byte(_)) || !self.units.is_empty() {
            self.flush_chars();
        }
        match *token {
            Token::Open => {
                if self.saved.len() >= MAX_DEPTH {
                    return Err(Fault::broken(format!("its groups are nested more than {MAX_DEPTH} deep")));
                }
                self.saved.push(self.state.clone());
                self.skip = 0;
            }
            Token::Close => {
                self.state = self.saved.pop().unwrap_or_default();
                (self.skip, self.is_optional) = (0, false);
            }
            Token::Byte(_) | Token::Symbol(_) if self.skip > 0 => self.skip -= 1,
            Token::Byte(byte) => self.bytes.push(byte),
            Token::Symbol(b'*') => self.is_optional = true,
            Token::Symbol(sign) => match sign {
                b'\n' | b'\r' => self.end_line(),
                b'~' => self.push(" "),
                b'_' => self.push("-"),
                b'{' => self.push("{"),
                b'}' => self.push("}"),
                b'\\' => self.push("\\"),
                _ => {}
            },
            Token::Word(word, number) => self.word(word, number),
        }
        Ok(())
    }

    fn word(&mut self, word: &str, number: Option<i32>) {
        let optional = std::mem::take(&mut self.is_optional);
        let is_on = number != Some(0);
        match word {
            "par" | "sect" | "page" => self.end_line(),
            "line" | "softline" => self.push("\n"),
            "tab" => self.push("\t"),
            "cell" | "nestcell" => self.end_cell(),
            "row" | "nestrow" => {
                if let Some(table) = &mut self.table {
                    table.start_row();
                }
            }
            "intbl" => self.state.in_table = is_on,
            "pard" => (self.state.style, self.state.outline, self.state.in_table) = (0, None, false),
            "plain" => (self.state.is_hidden, self.state.is_deleted) = (false, false),
            "s" => self.state.style = number.unwrap_or(0),
            "outlinelevel" => self.state.outline = number.and_then(|level| u8::try_from(level).ok()).filter(|l| *l < 9),
            "v" => self.state.is_hidden = is_on,
            "deleted" => self.state.is_deleted = is_on,
            "u" => self.unicode(number.unwrap_or(0)),
            "uc" => self.state.fallback = number.and_then(|count| usize::try_from(count).ok()).unwrap_or(1).min(8),
            "ansicpg" => self.charsets.set_page(number.unwrap_or(1252)),
            "f" => self.state.font = number.unwrap_or(0),
            "fcharset" if self.state.place == Place::Fonts => {
                self.charsets.set_font(self.state.font, number.unwrap_or(0));
            }
            "rtf" => self.state.fallback = 1,
            "fonttbl" => self.state.place = Place::Fonts,
            "stylesheet" => self.state.place = Place::Styles,
            "title" => self.state.place = Place::Title,
            "info" => self.state.place = Place::Unseen,
            "emdash" => self.push("—"),
            "endash" => self.push("–"),
            "bullet" => self.push("•"),
            "lquote" => self.push("‘"),
            "rquote" => self.push("’"),
            "ldblquote" => self.push("“"),
            "rdblquote" => self.push("”"),
            "emspace" | "enspace" | "qmspace" => self.push(" "),
            word if UNSEEN.contains(&word) => self.state.place = Place::Unseen,
            "shppict" | "shpinst" | "shptxt" => {}
            _ if optional => self.state.place = Place::Unseen,
            _ => {}
        }
    }

    /// A UTF-16 unit, and how many characters after it stand in for it elsewhere.
    fn unicode(&mut self, unit: i32) {
        self.units.push(u16::try_from(unit & 0xFFFF).unwrap_or(0xFFFD));
        self.skip = self.state.fallback;
    }

    /// Decodes what has gathered in bytes or units.
    fn flush_chars(&mut self) {
        if !self.bytes.is_empty() {
            let text = self.charsets.decode(self.state.font, &self.bytes);
            self.bytes.clear();
            self.push(&text);
        }
        // A pair of units may be parted by fallback characters.
        let is_half = matches!(self.units.as_slice(), [0xD800..=0xDBFF]);
        if !self.units.is_empty() && !is_half {
            let text = String::from_utf16_lossy(&self.units);
            self.units.clear();
            self.push(&text);
        }
    }

    fn push(&mut self, text: &str) {
        match self.state.place {
            Place::Unseen | Place::Fonts => {}
            Place::Styles => self.styles.entry(self.state.style).or_default().push_str(text),
            Place::Title => self.title.push_str(text),
            Place::Text if self.state.is_hidden => self.dropped_hidden |= !text.trim().is_empty(),
            Place::Text if self.state.is_deleted => {}
            Place::Text => self.paragraph.push_str(text),
        }
    }

    fn end_line(&mut self) {
        if self.state.place != Place::Text {
            return;
        }
        if self.state.in_table {
            self.paragraph.push(' ');
        } else {
            self.end_paragraph();
        }
    }

    fn end_cell(&mut self) {
        let cell = std::mem::take(&mut self.paragraph);
        self.table.get_or_insert_default().push_cell(&cell, 1);
    }

    fn end_paragraph(&mut self) {
        let text = std::mem::take(&mut self.paragraph);
        if text.trim().is_empty() {
            self.draft.push("\n");
            return;
        }
        self.end_table();
        match self.heading_level() {
            Some(level) => self.draft.section(level, &text),
            None => self.draft.push(&format!("{}\n", text.trim_end())),
        }
    }

    fn end_table(&mut self) {
        if let Some(table) = self.table.take() {
            self.draft.push(&format!("\n\n{}\n\n", table.lines().join("\n")));
        }
    }

    fn heading_level(&self) -> Option<u8> {
        let by_style = || {
            let name = self.styles.get(&self.state.style)?.trim().trim_end_matches(';').to_lowercase();
            let level = name.strip_prefix("heading ")?.parse().ok()?;
            (1..=9).contains(&level).then_some(level)
        };
        self.state.outline.map(|level| level + 1).or_else(by_style)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rtf: &str) -> Result<domain::Document, Fault> {
        parse(rtf.as_bytes())?.finish("file", 1 << 20)
    }

    #[test]
    fn texts() -> Result<(), Fault> {
        let cases = [
            (r"{\rtf1\ansi one\par two\line three}", "one\ntwo\nthree"),
            (r"{\rtf1 \u8364?20 \u55357?\u56832? \'e4\'80}", "€20 😀 ä€"),
            (r"{\rtf1\ansicpg1251 \'cc\'ee\'f1\'ea\'e2\'e0}", "Москва"),
            (r"{\rtf1{\fonttbl{\f0 Arial;}{\f1\fcharset128 Gothic;}}\f1 \'93\'8c\'8b\'9e\f0 \'e4}", "東京ä"),
            (r"{\rtf1{\*\generator Word}{\pict 00ff}a{\*\unknown b}c\{d\}}", "ac{d}"),
            (r"{\rtf1 shown{\v hidden} and{\deleted gone} more}", "shown and more"),
            (r"{\rtf1{\field{\*\fldinst HYPERLINK x}{\fldrslt link}}}", "link"),
            (
                r"{\rtf1\trowd\intbl A\cell B\cell C\cell\row\intbl x\par y\cell 1\cell\cell\row\pard after\par}",
                "A: x y; B: 1\n\nafter",
            ),
            ("{\\rtf1{\\stylesheet{\\s3 heading 2;}}\\pard\\s3 Head\\par\\pard text}", "## Head\n\ntext"),
            (r"{\rtf1\bin4 }}}}ok}", "ok"),
        ];
        for (rtf, expected) in cases {
            assert_eq!(read(rtf)?.text, expected, "{rtf}");
        }
        Ok(())
    }

    #[test]
    fn title_headings_and_hidden_text_are_told() -> Result<(), Fault> {
        let document = read(r"{\rtf1{\info{\title The plan}{\author Me}}{\pard\outlinelevel0 First\par}{\v secret}x}")?;
        assert_eq!(document.title.as_deref(), Some("The plan"));
        assert_eq!(document.headings.first().map(|h| (h.level, h.text.as_str())), Some((1, "First")));
        assert_eq!(document.notes, [HIDDEN_TEXT]);
        Ok(())
    }

    #[test]
    fn nesting_is_bounded() {
        assert!(matches!(read(&format!("{{\\rtf1 {}", "{".repeat(100_000))), Err(Fault::Broken(_))));
    }
}
