//! Nothing lost, nothing too long, everything where it says it is.

use domain::{Heading, PageStart, slice};
use proptest::prelude::*;

use super::*;

/// One token per four characters of each word, one per punctuation mark: shaped like WordPiece.
fn count(text: &str) -> usize {
    text.split_whitespace()
        .flat_map(|word| word.split_inclusive(|c: char| !c.is_alphanumeric()))
        .map(|part| part.chars().count().div_ceil(4).max(1))
        .sum()
}

fn check(document: &Document, chunks: &[Chunk], max_tokens: usize) {
    let mut covered = vec![false; document.text.chars().count()];
    let mut last = 0;
    for chunk in chunks {
        assert_eq!(slice(&document.text, chunk.span), chunk.text);
        assert_eq!(chunk.tokens, count(&passage_text(&chunk.context, &chunk.text)));
        assert!(chunk.tokens <= max_tokens - SPECIAL_TOKENS || chunk.span.len() == 1);
        assert!(chunk.span.start >= last);
        last = chunk.span.start;
        covered[chunk.span.start..chunk.span.end].fill(true);
    }
    for (c, covered) in document.text.chars().zip(covered) {
        assert!(covered || !c.is_alphanumeric(), "`{c}` is in no chunk");
    }
}

fn markdown(text: &str) -> Document {
    crate::parse::parse("file.md", text.as_bytes(), &crate::Limits::default()).unwrap_or_default()
}

#[test]
fn chunks_know_their_headings() {
    let filler = "Every employee may ask for it in writing at any time of the year. ".repeat(12);
    let text =
        format!("# Handbook\n\nIntro.\n\n## Leave\n\n{filler}\n\n### Carry-over\n\n{filler}\n\n## Travel\n\n{filler}");
    let document = markdown(&text);
    let chunks = chunk(&document, "Handbook", &ChunkConfig { tokens: 100, overlap: 20 }, &count, 256);
    check(&document, &chunks, 256);
    let contexts: Vec<&str> = chunks.iter().map(|chunk| chunk.context.as_str()).collect();
    assert_eq!(contexts.first(), Some(&"Handbook"));
    assert!(contexts.contains(&"Handbook > Leave") && contexts.contains(&"Handbook > Leave > Carry-over"));
    assert_eq!(contexts.last(), Some(&"Handbook > Travel"));
}

#[test]
fn chunks_overlap_and_know_their_page() {
    let page = |n: usize| (0..60).map(|i| format!("Sentence number {i} of page {n} is here. ")).collect::<String>();
    let (one, two) = (page(1), page(2));
    let text = format!("{one}\n\n{two}");
    let pages = vec![PageStart { number: 1, start: 0 }, PageStart { number: 2, start: one.chars().count() + 2 }];
    let document = Document { text, pages, ..Document::default() };
    let chunks = chunk(&document, "T", &ChunkConfig { tokens: 100, overlap: 30 }, &count, 256);
    check(&document, &chunks, 256);
    assert!(chunks.windows(2).any(|pair| pair[1].span.start < pair[0].span.end));
    assert_eq!((chunks.first().and_then(|c| c.page), chunks.last().and_then(|c| c.page)), (Some(1), Some(2)));
}

#[test]
fn a_long_path_is_shortened_and_a_tiny_window_still_holds() {
    let long = "a rather long heading that goes on ".repeat(12);
    let headings =
        vec![Heading { level: 1, start: 0, text: long.clone() }, Heading { level: 2, start: 4, text: "Short".into() }];
    let document = Document { text: "word and text ".repeat(200), headings, ..Document::default() };
    let chunks = chunk(&document, &long, &ChunkConfig::default(), &count, 256);
    assert_eq!(chunks.last().map(|chunk| chunk.context.as_str()), Some("Short"));
    for max_tokens in [3, 5, 16] {
        check(&document, &chunk(&document, &long, &ChunkConfig::default(), &count, max_tokens), max_tokens);
    }
}

#[test]
fn a_megabyte_without_spaces_or_with_many_headings_is_quick() {
    let line = Document { text: "x9漢,".repeat(200_000), ..Document::default() };
    let started = std::time::Instant::now();
    check(&line, &chunk(&line, "T", &ChunkConfig::default(), &count, 256), 256);
    let many = markdown(&"# Head\n\nSome words below it.\n\n".repeat(30_000));
    check(&many, &chunk(&many, "T", &ChunkConfig::default(), &count, 256), 256);
    assert!(started.elapsed().as_secs() < 30, "took {:?}", started.elapsed());
}

proptest! {
    #[test]
    fn nothing_is_lost_and_limits_hold(text in "([a-zé漢 .,!#*|\\-\n0-9]|[a-z]{1,12} |\n\n# ){0,200}", tokens in 1usize..60, overlap in 0usize..40, max_tokens in 3usize..80) {
        let document = markdown(&text);
        check(&document, &chunk(&document, "Some title", &ChunkConfig { tokens, overlap }, &count, max_tokens), max_tokens);
        let plain = Document { text: text.trim().to_owned(), ..Document::default() };
        check(&plain, &chunk(&plain, "", &ChunkConfig { tokens, overlap }, &count, max_tokens), max_tokens);
    }
}
