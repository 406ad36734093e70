//! What files are taken for.

use super::{super::package::archive, *};

#[test]
fn bytes_win_over_the_extension() {
    let zip = |name: &str| archive(&[(name, b"<x/>")]);
    let cases: &[(&str, &[u8], Format)] = &[
        ("a.txt", b"%PDF-1.7 ...", Format::Pdf),
        ("a.txt", b"A file starts with %PDF-1.7", Format::Text),
        ("a.pdf", b"<!DOCTYPE html><p>Access denied", Format::Html),
        ("a.pdf", b"just some words", Format::Text),
        ("notes/README", b"words", Format::Text),
        ("a.MD", b"# Words", Format::Markdown),
        ("a.doc", b"{\\rtf1 x}", Format::Rtf),
        ("a.doc", &zip("word/document.xml"), Format::Docx),
        ("a.zip", &zip("ppt/presentation.xml"), Format::Slides),
        ("a.docx", &zip("xl/workbook.bin"), Format::Sheet),
        ("a.docx", &zip("notes/word/document.xml"), Format::Zip),
        ("a.bin", &zip("a.txt"), Format::Zip),
        ("a.txt", b"\x1F\x8B\x08", Format::Gzip),
        ("a.txt", b"<?xml version='1.0'?><a/>", Format::Xml),
        ("a.md", b"<?xml version='1.0'?> is how XML starts", Format::Markdown),
        ("a.txt", b"From: a@b\nTo: c@d\nMIME-Version: 1.0\n\nHi", Format::Eml),
        ("a.txt", b"From: me\nTo: you\nDate: today\n\nHi", Format::Text),
        ("a.txt", b"From a@b Thu Jan  1 00:00:00 2026\nSubject: x\n\nHi", Format::Mbox),
        ("a.txt", b"From here: it goes on", Format::Text),
        ("a.py", b"import os", Format::Code("Python")),
        ("a.txt", b"BM is a name", Format::Text),
        ("a.json", b"{}", Format::Json),
    ];
    for (name, bytes, format) in cases {
        assert_eq!(detect(name, bytes), Ok(*format), "{name} {:?}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn what_has_no_parser_is_named_with_its_real_kind() {
    let message = |name: &str, bytes: &[u8]| detect(name, bytes).map_err(|error| error.to_string());
    let picture = message("scan.pdf", b"\x89PNG\r\n\x1a\n");
    assert_eq!(
        picture,
        Err("read scan.pdf: its name says .pdf (PDF), but it holds a PNG image, which has no parser".into())
    );
    assert_eq!(message("a.xyz", b"a,b\n1,2"), Err("read a.xyz: no parser for .xyz files".into()));
    assert_eq!(message("a.md", b" \n"), Err("read a.md: the file is empty".into()));
}

#[test]
fn extensions_are_listed_once() {
    let mut seen = std::collections::HashSet::new();
    for extension in PARSED_EXTENSIONS {
        assert!(seen.insert(extension), "{extension}");
        assert!(Format::of_extension(extension).is_some(), "{extension}");
    }
}
