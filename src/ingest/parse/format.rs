//! Tells a file's format by its first bytes and its extension; the bytes win.

mod known;
mod sniff;

use super::{ParseError, code::LANGUAGES};
use known::EXTENSIONS;
pub(super) use known::Format;
use sniff::{Content, sniff};

/// Extensions of the formats that can be parsed, lower case, without the dot.
pub const PARSED_EXTENSIONS: &[&str] = &parsed_extensions();

const COUNT: usize = EXTENSIONS.len() + LANGUAGES.len();

/// The two lists of extensions as one.
const fn parsed_extensions() -> [&'static str; COUNT] {
    let mut all = [""; COUNT];
    let mut at = 0;
    while at < COUNT {
        all[at] = if at < EXTENSIONS.len() { EXTENSIONS[at].0 } else { LANGUAGES[at - EXTENSIONS.len()].0 };
        at += 1;
    }
    all
}

/// Decides what `bytes` are. A wrong extension is put right where the real format can be parsed.
pub(super) fn detect(file_name: &str, bytes: &[u8]) -> Result<Format, ParseError> {
    let file = file_name.to_owned();
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(ParseError::Empty { file });
    }
    let extension = extension(file_name);
    let claimed = Format::of_extension(&extension);
    let unsupported = |detail: String| ParseError::Unsupported { file: file_name.to_owned(), detail };
    match sniff(bytes, claimed) {
        Content::Known(format) => Ok(format),
        Content::Encrypted => Err(ParseError::Encrypted { file }),
        Content::Foreign(kind) => Err(unsupported(mismatch(&extension, claimed, kind))),
        Content::Text => match claimed {
            Some(format) if format.is_text() => Ok(format),
            Some(_) if bytes.len() > 8 => Ok(Format::Text),
            Some(_) => Err(unsupported(mismatch(&extension, claimed, "a few characters"))),
            None => Err(unsupported(format!("no parser for .{extension} files"))),
        },
        Content::Binary => Err(unsupported(mismatch(&extension, claimed, "binary data of an unknown kind"))),
    }
}

fn mismatch(extension: &str, claimed: Option<Format>, found: &str) -> String {
    match claimed {
        Some(format) if !extension.is_empty() => {
            format!("its name says .{extension} ({}), but it holds {found}, which has no parser", format.name())
        }
        _ => format!("it holds {found}, which has no parser"),
    }
}

fn extension(file_name: &str) -> String {
    let name = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => extension.to_lowercase(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
