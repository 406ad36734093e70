//! Tells a file's format by its first bytes and its extension; the bytes win.

use super::{ParseError, charset};

/// Extensions of the formats that can be parsed, lower case, without the dot.
pub const PARSED_EXTENSIONS: &[&str] =
    &["md", "markdown", "mdown", "mkd", "txt", "text", "html", "htm", "xhtml", "pdf", "docx", "docm"];

const HEAD_BYTES: usize = 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Markdown,
    Text,
    Html,
    Pdf,
    Docx,
}

impl Format {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Markdown => "Markdown",
            Self::Text => "plain text",
            Self::Html => "HTML",
            Self::Pdf => "PDF",
            Self::Docx => "DOCX",
        }
    }

    fn of_extension(extension: &str) -> Option<Self> {
        match extension {
            "md" | "markdown" | "mdown" | "mkd" => Some(Self::Markdown),
            "txt" | "text" | "" => Some(Self::Text),
            "html" | "htm" | "xhtml" => Some(Self::Html),
            "pdf" => Some(Self::Pdf),
            "docx" | "docm" => Some(Self::Docx),
            _ => None,
        }
    }
}

/// Decides what `bytes` are. A wrong extension is put right where the real format can be parsed.
pub(super) fn detect(file_name: &str, bytes: &[u8]) -> Result<Format, ParseError> {
    let file = file_name.to_owned();
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(ParseError::Empty { file });
    }
    let extension = extension(file_name);
    let claimed = Format::of_extension(&extension);
    match sniff(bytes, claimed) {
        Content::Known(format) => Ok(format),
        Content::Encrypted => Err(ParseError::Encrypted { file }),
        Content::Foreign(kind) => Err(ParseError::Unsupported { file, detail: mismatch(&extension, claimed, kind) }),
        Content::Html if claimed.is_some() => Ok(Format::Html),
        Content::Html | Content::Text if claimed.is_none() => {
            Err(ParseError::Unsupported { file, detail: format!("no parser for .{extension} files") })
        }
        Content::Html => Ok(Format::Html),
        Content::Text => match claimed {
            Some(format @ (Format::Markdown | Format::Text | Format::Html)) => Ok(format),
            Some(Format::Pdf | Format::Docx) if bytes.len() > 8 => Ok(Format::Text),
            _ => Err(ParseError::Unsupported { file, detail: mismatch(&extension, claimed, "a few characters") }),
        },
        Content::Binary => Err(ParseError::Unsupported {
            file,
            detail: mismatch(&extension, claimed, "binary data of an unknown kind"),
        }),
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

enum Content {
    Known(Format),
    Html,
    Text,
    Encrypted,
    Foreign(&'static str),
    Binary,
}

fn sniff(bytes: &[u8], claimed: Option<Format>) -> Content {
    const SIGNATURES: &[(&[u8], &str)] = &[
        (b"{\\rtf", "an RTF document"),
        (b"\x89PNG", "a PNG image"),
        (b"\xFF\xD8\xFF", "a JPEG image"),
        (b"GIF8", "a GIF image"),
        (b"II*\0", "a TIFF image"),
        (b"MM\0*", "a TIFF image"),
        (b"RIFF", "a sound, video or WebP file"),
        (b"\x1F\x8B", "gzip-compressed data"),
        (b"BZh", "bzip2-compressed data"),
        (b"\xFD7zXZ", "xz-compressed data"),
        (b"\x28\xB5\x2F\xFD", "zstd-compressed data"),
        (b"7z\xBC\xAF", "a 7z archive"),
        (b"Rar!", "a RAR archive"),
        (b"\x7FELF", "a program"),
        (b"MZ\x90", "a program"),
        (b"SQLite format 3", "an SQLite database"),
        (b"%!PS", "a PostScript document"),
    ];
    let head = bytes.get(..bytes.len().min(HEAD_BYTES)).unwrap_or_default();
    // Old PDFs may have something before their header; a text may speak of it.
    if head.trim_ascii_start().starts_with(b"%PDF-") || claimed == Some(Format::Pdf) && contains(head, b"%PDF-") {
        return Content::Known(Format::Pdf);
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return sniff_zip(bytes);
    }
    if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]) {
        return sniff_ole(bytes);
    }
    if let Some((_, kind)) = SIGNATURES.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Content::Foreign(kind);
    }
    match charset::decode(head.get(..head.len() & !1).unwrap_or_default()) {
        None => Content::Binary,
        Some(text) if starts_as_html(&text) => Content::Html,
        Some(_) if charset::decode(bytes).is_none() => Content::Binary,
        Some(_) => Content::Text,
    }
}

fn starts_as_html(text: &str) -> bool {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}').to_ascii_lowercase();
    let is_markup = text.starts_with("<!doctype html") || text.starts_with("<html");
    is_markup || (text.starts_with("<?xml") || text.starts_with("<!--")) && text.contains("<html")
}

/// Office files are zip archives told apart by their entries' names, which stand uncompressed in them.
fn sniff_zip(bytes: &[u8]) -> Content {
    let tail = bytes.get(bytes.len().saturating_sub(256 << 10)..).unwrap_or_default();
    let head = bytes.get(..bytes.len().min(256 << 10)).unwrap_or_default();
    let has = |name: &[u8]| contains(tail, name) || contains(head, name);
    if has(b"word/document") {
        Content::Known(Format::Docx)
    } else if has(b"ppt/presentation") {
        Content::Foreign("a PowerPoint presentation")
    } else if has(b"xl/workbook") {
        Content::Foreign("an Excel workbook")
    } else if has(b"application/epub+zip") {
        Content::Foreign("an EPUB book")
    } else if has(b"application/vnd.oasis.opendocument") {
        Content::Foreign("an OpenDocument file")
    } else {
        Content::Foreign("a zip archive without a Word document (or a truncated one)")
    }
}

/// A modern Office file with a password is an OLE container with one well-known stream.
fn sniff_ole(bytes: &[u8]) -> Content {
    let stream: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    if contains(bytes, &stream) {
        Content::Encrypted
    } else {
        Content::Foreign("a file of an old Microsoft Office (.doc, .xls, .ppt, .msg)")
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_win_over_the_extension() {
        assert_eq!(detect("a.txt", b"%PDF-1.7 ..."), Ok(Format::Pdf));
        assert_eq!(detect("a.txt", b"A file starts with %PDF-1.7"), Ok(Format::Text));
        assert_eq!(detect("a.pdf", b"<!DOCTYPE html><p>Access denied"), Ok(Format::Html));
        assert_eq!(detect("a.pdf", b"just some words"), Ok(Format::Text));
        assert_eq!(detect("notes/README", b"words"), Ok(Format::Text));
        assert_eq!(detect("a.MD", b"# Words"), Ok(Format::Markdown));
    }

    #[test]
    fn what_has_no_parser_is_named_with_its_real_kind() {
        let message = |name: &str, bytes: &[u8]| detect(name, bytes).map_err(|error| error.to_string());
        let picture = message("scan.pdf", b"\x89PNG\r\n\x1a\n");
        assert_eq!(
            picture,
            Err("read scan.pdf: its name says .pdf (PDF), but it holds a PNG image, which has no parser".into())
        );
        assert_eq!(message("a.csv", b"a,b\n1,2"), Err("read a.csv: no parser for .csv files".into()));
        assert_eq!(message("a.md", b" \n"), Err("read a.md: the file is empty".into()));
    }
}
