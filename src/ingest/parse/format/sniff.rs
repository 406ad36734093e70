//! Looks at a file's bytes for what it is, whatever it is called.

use std::io::Cursor;

use super::{
    super::{archive::is_tar, charset},
    Format,
};

const HEAD_BYTES: usize = 1024;
/// How much of a damaged container is searched for names.
const SEARCH_BYTES: usize = 256 << 10;

pub(super) enum Content {
    Known(Format),
    /// Text that says no more about itself.
    Text,
    Encrypted,
    Foreign(&'static str),
    Binary,
}

/// First bytes of what has no parser.
const FOREIGN: &[(&[u8], &str)] = &[
    (b"\x89PNG", "a PNG image"),
    (b"\xFF\xD8\xFF", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"BM", "a bitmap image"),
    (b"RIFF", "a sound, video or WebP file"),
    (b"ID3", "a sound file"),
    (b"OggS", "a sound or video file"),
    (b"fLaC", "a sound file"),
    (b"BZh", "bzip2-compressed data"),
    (b"\xFD7zXZ", "xz-compressed data"),
    (b"\x28\xB5\x2F\xFD", "zstd-compressed data"),
    (b"7z\xBC\xAF", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7FELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"SQLite format 3", "an SQLite database"),
    (b"%!PS", "a PostScript document"),
    (b"!BDN", "an Outlook data file (export its messages as EML or MSG)"),
];

pub(super) fn sniff(bytes: &[u8], claimed: Option<Format>) -> Content {
    let head = bytes.get(..bytes.len().min(HEAD_BYTES)).unwrap_or_default();
    // Old PDFs may have something before their header; a text may speak of it.
    if head.trim_ascii_start().starts_with(b"%PDF-") || claimed == Some(Format::Pdf) && contains(head, b"%PDF-") {
        return Content::Known(Format::Pdf);
    }
    if bytes.starts_with(b"{\\rtf") {
        return Content::Known(Format::Rtf);
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Content::Known(sniff_zip(bytes));
    }
    if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]) {
        return sniff_ole(bytes);
    }
    if bytes.starts_with(b"\x1F\x8B") {
        return Content::Known(Format::Gzip);
    }
    if is_tar(bytes) {
        return Content::Known(Format::Tar);
    }
    let is_text = || charset::decode(head).is_some();
    if let Some((magic, kind)) = FOREIGN.iter().find(|(magic, _)| bytes.starts_with(magic))
        && (magic.len() > 3 || !is_text())
    {
        return Content::Foreign(kind);
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return Content::Foreign("a video or HEIC file");
    }
    match charset::decode(head.get(..head.len() & !1).unwrap_or_default()) {
        None => Content::Binary,
        Some(text) => match sniff_text(&text, claimed) {
            Some(format) => Content::Known(format),
            None if charset::decode(bytes).is_none() => Content::Binary,
            None => Content::Text,
        },
    }
}

/// Texts that say what they are, unless their name already says something as good.
fn sniff_text(head: &str, claimed: Option<Format>) -> Option<Format> {
    let head = head.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}');
    let claims_markup = matches!(claimed, Some(Format::Code(_) | Format::Markdown | Format::Rst | Format::Org));
    if starts_as_html(head) && !claims_markup {
        return Some(Format::Html);
    }
    if head.starts_with("<?xml") && !claims_markup && claimed != Some(Format::Html) {
        return Some(Format::Xml);
    }
    let is_plain = matches!(claimed, None | Some(Format::Text | Format::Mbox | Format::Eml | Format::Msg));
    let is_mailbox = head.starts_with("From ")
        && head.split_once('\n').is_some_and(|(first, rest)| first.contains(':') && starts_with_header(rest));
    if is_mailbox && is_plain {
        return Some(Format::Mbox);
    }
    if claimed == Some(Format::Eml) || is_plain && starts_as_mail(head) {
        return Some(Format::Eml);
    }
    None
}

fn starts_as_html(head: &str) -> bool {
    let head = head.to_ascii_lowercase();
    let is_markup = head.starts_with("<!doctype html") || head.starts_with("<html");
    is_markup || (head.starts_with("<?xml") || head.starts_with("<!--")) && head.contains("<html")
}

/// Three or more header lines, among them one that only mail programs write.
fn starts_as_mail(head: &str) -> bool {
    let lines = head.lines().take_while(|line| !line.trim().is_empty());
    let names: Vec<String> = lines
        .filter(|line| !line.starts_with([' ', '\t']))
        .map_while(|line| line.split_once(':').map(|(name, _)| name.to_ascii_lowercase()))
        .collect();
    let is_header = |name: &String| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let mail_only = ["mime-version", "message-id", "received", "return-path", "delivered-to"];
    names.len() >= 3 && names.iter().all(is_header) && names.iter().any(|name| mail_only.contains(&name.as_str()))
}

fn starts_with_header(text: &str) -> bool {
    let name = text.split(':').next().unwrap_or_default();
    text.contains(':') && !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// Office files are zip archives told apart by their entries' names.
fn sniff_zip(bytes: &[u8]) -> Format {
    // The first entry of these formats is their media type, stored as it is.
    let head = bytes.get(..bytes.len().min(160)).unwrap_or_default();
    let is_type = |kind: &[u8]| contains(head, b"mimetype") && contains(head, kind);
    if is_type(b"application/epub+zip") {
        return Format::Epub;
    }
    if is_type(b"application/vnd.oasis.opendocument.spreadsheet") {
        return Format::Sheet;
    }
    if is_type(b"application/vnd.oasis.opendocument") {
        return Format::OpenDocument;
    }
    let names: Option<Vec<String>> = zip::ZipArchive::new(Cursor::new(bytes))
        .ok()
        .map(|archive| archive.file_names().filter_map(Result::ok).map(|name| name.into_owned()).collect());
    let has = |name: &str| match &names {
        Some(names) => names.iter().any(|known| known.starts_with(name)),
        // A damaged archive: its names stand uncompressed in it.
        None => {
            let (head, tail) = (bytes.get(..bytes.len().min(SEARCH_BYTES)), bytes.len().saturating_sub(SEARCH_BYTES));
            contains(head.unwrap_or_default(), name.as_bytes())
                || contains(bytes.get(tail..).unwrap_or_default(), name.as_bytes())
        }
    };
    if has("word/document") {
        Format::Docx
    } else if has("ppt/presentation") {
        Format::Slides
    } else if has("xl/workbook") {
        Format::Sheet
    } else if has("META-INF/container.xml") {
        Format::Epub
    } else {
        Format::Zip
    }
}

/// Old Office files are told apart by the streams in their root.
fn sniff_ole(bytes: &[u8]) -> Content {
    let root: Option<Vec<String>> = cfb::CompoundFile::open(Cursor::new(bytes))
        .ok()
        .map(|file| file.read_root_storage().map(|entry| entry.name().to_owned()).collect());
    let has = |name: &str| match &root {
        Some(names) => names.iter().any(|known| known.eq_ignore_ascii_case(name)),
        None => {
            let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
            contains(bytes, &name)
        }
    };
    if has("EncryptedPackage") {
        Content::Encrypted
    } else if has("__properties_version1.0") {
        Content::Known(Format::Msg)
    } else if has("WordDocument") {
        Content::Known(Format::Doc)
    } else if has("PowerPoint Document") {
        Content::Known(Format::Slides)
    } else if has("Workbook") || has("Book") {
        Content::Known(Format::Sheet)
    } else {
        Content::Foreign("a container of Microsoft Office without a document that is known")
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
