//! Whole files in, documents or reasons out.

use domain::{Document, Span, slice};

use super::*;

fn parsed(name: &str, bytes: &[u8]) -> Result<Document, ParseError> {
    parse(name, bytes, &Limits::default())
}

#[test]
fn titles_fall_back_from_metadata_to_heading_to_name() -> Result<(), ParseError> {
    let title = |name: &str, text: &str| parsed(name, text.as_bytes()).map(|document| document.title);
    assert_eq!(title("a/b.md", "---\ntitle: Front\n---\n# Head\ntext")?.as_deref(), Some("Front"));
    assert_eq!(title("a/b.md", "# Head\ntext")?.as_deref(), Some("Head"));
    assert_eq!(title("a/leave-policy.txt", "text")?.as_deref(), Some("leave-policy"));
    assert_eq!(title(".hidden", "text")?.as_deref(), Some(".hidden"));
    Ok(())
}

#[test]
fn every_refusal_names_file_and_reason() {
    let small = Limits { max_input_bytes: 10, max_text_bytes: 5, ..Limits::default() };
    let message =
        |result: Result<Document, ParseError>| result.map_err(|error| error.to_string()).err().unwrap_or_default();
    assert_eq!(message(parse("a.txt", b"12345678901", &small)), "read a.txt: the file is over the limit of 10 bytes");
    assert_eq!(message(parse("a.txt", b"1234567", &small)), "read a.txt: its text is over the limit of 5 bytes");
    assert_eq!(message(parsed("a.pdf", b"")), "read a.pdf: the file is empty");
    assert_eq!(message(parsed("a.html", b"<html><script>1</script>")), "parse a.html: it holds no text");
    assert!(
        message(parsed("a.docx", b"PK\x03\x04 word/document.xml"))
            .starts_with("parse a.docx as DOCX: the file is truncated")
    );
    assert!(message(parsed("a.pdf", b"%PDF-1.7\n1 0 obj")).starts_with("parse a.pdf as PDF: "));
}

#[test]
fn headings_and_pages_point_into_the_cleaned_text() -> Result<(), ParseError> {
    let text = "\u{FEFF}\r\n\r\n\r\n# Cafe\u{301} \u{200B}rules\r\n\r\n\r\n\r\nA\u{AD}b\r\n\r\n## Offi\u{FB01}ce hours  \r\ntext";
    let document = parsed("a.md", text.as_bytes())?;
    let found: Vec<&str> = document
        .headings
        .iter()
        .map(|heading| {
            let span = Span { start: heading.start, end: heading.start + heading.text.chars().count() };
            slice(&document.text, span)
        })
        .collect();
    assert_eq!(found, ["Café rules", "Offifice hours"]);
    assert_eq!(document.text, "# Café rules\n\nAb\n\n## Offifice hours\ntext");
    Ok(())
}

/// Beginnings that lead deep into each parser.
const STARTS: &[(&str, &[u8])] = &[
    ("a.rtf", b"{\\rtf1\\ansi{\\fonttbl{\\f0 A;}}\\u55357?\\'e4 "),
    ("a.eml", b"From: a@b\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"),
    ("a.mbox", b"From a@b Thu Jan  1 00:00:00 2026\nSubject: x\n\n"),
    ("a.json", b"{\"a\": [1, {\"b\": \""),
    ("a.xml", b"<?xml version='1.0'?><a b='c'><d>"),
    ("a.csv", b"a;b;c\n\"1"),
    ("a.ipynb", b"{\"cells\": [{\"cell_type\": \"code\", \"source\": \""),
    ("a.rst", b"Title\n=====\n\n"),
    ("a.zip", b"PK\x03\x04\x14\0\0\0\x08\0"),
    ("a.tgz", b"\x1F\x8B\x08\0\0\0\0\0\0\x03"),
    ("a.doc", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"),
    ("a.pdf", b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"),
];

#[test]
fn titles_and_headings_of_any_length_are_short() -> Result<(), ParseError> {
    let long = "Ünïcode wörds ".repeat(100_000);
    let cases = [
        ("a.html", format!("<title>{long}</title><h1>Short</h1><p>text</p>")),
        ("a.html", format!("<h1>{long}</h1><p>text</p>")),
        ("a.md", format!("# {long}\n\ntext")),
        ("a.md", format!("# {}\n\ntext", "é".repeat(301))),
    ];
    for (name, text) in cases {
        let document = parsed(name, text.as_bytes())?;
        let title = document.title.unwrap_or_default();
        assert!(title.chars().count() <= 300 && title.ends_with('…'), "{}", title.len());
        assert!(document.headings.iter().all(|heading| heading.text.chars().count() <= 300));
    }
    let whole = "é".repeat(300);
    let document = parsed("a.md", format!("# {whole}\n\ntext").as_bytes())?;
    assert_eq!(document.title.as_ref(), Some(&whole));
    assert_eq!(document.headings.first().map(|heading| &heading.text), Some(&whole));
    assert!(document.text.contains(&whole), "the text keeps every word");
    Ok(())
}

proptest::proptest! {
    #[test]
    fn text_formats_never_panic(name in "[a-z]{1,4}\\.(md|txt|html|docx|pdf|csv|json|jsonl|xml|rst|org|ipynb|eml|mbox|msg|rtf|epub|odt|xls|doc|ppt|py|zip|tar|gz)", bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let _ = parsed(&name, &bytes);
    }

    #[test]
    fn what_looks_like_a_format_never_panics(start in 0..STARTS.len(), bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300), cut in 0..400usize) {
        let (name, head) = &STARTS[start];
        let whole: Vec<u8> = head.iter().copied().chain(bytes).collect();
        let _ = parsed(name, &whole[..whole.len().min(cut)]);
        let _ = parsed(name, &whole);
    }

    #[test]
    fn markdown_headings_are_exact(text in "([#=\\-*_\\[\\]()<>!`~ \n a-zé|:&;\\\\]|\r\n|\u{301}|\u{AD}){0,120}") {
        for name in ["a.md", "a.html"] {
            if let Ok(document) = parsed(name, text.as_bytes()) {
                for heading in &document.headings {
                    let span = Span { start: heading.start, end: heading.start + heading.text.chars().count() };
                    proptest::prop_assert_eq!(slice(&document.text, span), &heading.text);
                }
            }
        }
    }
}
