//! Rules take out what they name, and everything that points into the text moves with it.

use domain::{Span, slice};
use proptest::prelude::*;

use super::*;

fn rules(json: &str) -> Vec<CleanRule> {
    serde_json::from_str(json).unwrap_or_default()
}

/// `{"remove_lines": ..}` and so on, applied to Markdown.
fn cleaned(json: &str, text: &str) -> (Document, Cleaned) {
    let mut document = crate::parse::parse("file.md", text.as_bytes(), &crate::Limits::default()).unwrap_or_default();
    let done = Cleaner::new(&rules(json)).unwrap_or_default().clean(&mut document);
    (document, done)
}

fn text(json: &str, before: &str) -> String {
    cleaned(json, before).0.text
}

fn headings(document: &Document) -> Vec<(&str, &str)> {
    let at = |heading: &Heading| {
        let span = Span { start: heading.start, end: heading.start + heading.text.chars().count() };
        slice(&document.text, span)
    };
    document.headings.iter().map(|heading| (heading.text.as_str(), at(heading))).collect()
}

#[test]
fn each_rule_does_what_it_says() {
    let page = "Navigation: home\n\nÉtat\n\nPrivate and confidential\n\nBody of ACME™.\n\nRelated pages\n\nMore";
    assert_eq!(
        text(r#"[{"remove_lines": "(?i)confidential$"}]"#, page),
        "Navigation: home\n\nÉtat\n\nBody of ACME™.\n\nRelated pages\n\nMore"
    );
    assert_eq!(text(r#"[{"replace": "ACME(™)", "with": "Acme ($1)"}]"#, "See ACME™."), "See Acme (™).");
    assert_eq!(text(r#"[{"cut_before": "^Body"}, {"cut_after": "\\n\\nRelated"}]"#, page), "Body of ACME™.\n\nRelated");
    assert_eq!(text(r#"[{"remove_lines": "^More$"}]"#, page).lines().last(), Some("Related pages"));
    assert_eq!(text(r#"[{"cut_before": "nowhere"}, {"remove_lines": "nowhere"}]"#, page), page);
}

#[test]
fn headings_move_with_the_text_and_go_with_it() {
    let page = "# Éducation\n\nIntro.\n\n## Sign in\n\nform\n\n## Leave (draft)\n\nBody.\n\n## Footer\n\nEnd";
    let remove =
        r#"[{"remove_lines": "Sign in|^form$"}, {"replace": " \\(draft\\)", "with": ""}, {"cut_after": "Body\\."}]"#;
    let (document, done) = cleaned(remove, page);
    assert_eq!(document.text, "# Éducation\n\nIntro.\n\n## Leave\n\nBody.");
    assert_eq!(headings(&document), [("Éducation", "Éducation"), ("Leave", "Leave")]);
    assert_eq!(done.pieces, ["## Sign in form", "(draft)", "## Footer End"]);
    assert_eq!(done.removed, page.chars().count() - document.text.chars().count());
}

/// A document of pages, each with a header, two paragraphs and a footer.
fn paged(pages: usize) -> Document {
    let mut document = Document::default();
    for number in 1..=pages {
        let start = document.text.chars().count();
        document.pages.push(PageStart { number: number as u32, start });
        document.text.push_str(&format!(
            "Ünternal handbook\n\nTopic {} is here.\nPlain words {}\n\nPage {number} of {pages}\n\n",
            "x".repeat(number),
            "y".repeat(number)
        ));
    }
    document.text.truncate(document.text.trim_end().len());
    document
}

#[test]
fn lines_that_recur_on_most_pages_are_boilerplate() {
    let mut document = paged(5);
    let done = Cleaner::new(&[CleanRule::Boilerplate]).unwrap_or_default().clean(&mut document);
    assert!(!document.text.contains("handbook") && !document.text.contains("Page "), "{}", document.text);
    assert_eq!(done.pieces.first().map(String::as_str), Some("Ünternal handbook"));
    for page in &document.pages {
        let rest: String = document.text.chars().skip(page.start).collect();
        assert!(rest.starts_with(&format!("Topic {} is", "x".repeat(page.number as usize))), "page {}", page.number);
    }
}

#[test]
fn a_page_number_is_boilerplate_and_a_cell_of_a_table_is_not() {
    let mut document = Document::default();
    for number in 1..=6 {
        document.pages.push(PageStart { number, start: document.text.chars().count() });
        document
            .text
            .push_str(&format!("Costs of {}\n{number}00\n{number}50\n{number}\n\n", "x".repeat(number as usize)));
    }
    Cleaner::new(&[CleanRule::Boilerplate]).unwrap_or_default().clean(&mut document);
    assert!(document.text.starts_with("Costs of x\n100\n150\n\nCosts of xx\n200"), "{}", document.text);
    assert!(document.text.ends_with("600\n650"));
}

#[test]
fn two_pages_have_no_boilerplate() {
    let mut document = paged(2);
    let before = document.clone();
    assert_eq!(Cleaner::new(&[CleanRule::Boilerplate]).unwrap_or_default().clean(&mut document), Cleaned::default());
    assert_eq!(document, before);
}

#[test]
fn a_rule_that_cannot_be_used_is_named() {
    let wrong = [
        (
            r#"[{"remove_lines": "^a"}, {"cut_after": "(unclosed"}]"#,
            "cleaning rule 2 (cut_after): `(unclosed` is no regular",
        ),
        (
            r#"[{"remove_lines": "(a{1000}){1000}"}]"#,
            "cleaning rule 1 (remove_lines): `(a{1000}){1000}` compiles to more",
        ),
        (r#"[{"replace": "", "with": "x"}]"#, "cleaning rule 1 (replace): the pattern is empty"),
        (r#"[{"cut_before": "(?=look-ahead)"}]"#, "cleaning rule 1 (cut_before)"),
    ];
    for (written, expected) in wrong {
        let error = Cleaner::new(&rules(written)).map(|_| ());
        assert!(error.as_ref().is_err_and(|error| error.starts_with(expected)), "{error:?}");
    }
    let long = CleanRule::CutAfter("a".repeat(2_001));
    assert!(Cleaner::new(&[long]).is_err_and(|error| error.contains("over 2000 bytes")));
    assert!(Cleaner::new(&vec![CleanRule::Boilerplate; 51]).is_err());
}

#[test]
fn a_pattern_that_backtracking_engines_choke_on_is_quick() {
    let started = std::time::Instant::now();
    text(r#"[{"remove_lines": "^(a+)+$"}, {"replace": "(a|aa)+b", "with": ""}]"#, &"a".repeat(200_000));
    assert!(started.elapsed().as_secs() < 10, "took {:?}", started.elapsed());
}

proptest! {
    #[test]
    fn what_is_left_is_where_headings_and_pages_say(
        blocks in proptest::collection::vec(("[a-zé]{1,8}", "[ a-zéx\n]{0,30}"), 1..12),
        pattern in proptest::sample::select(vec!["[a-zé]", "x[a-z]*", "^[a-f].*", "\\n\\n"]),
        kind in 0usize..4,
    ) {
        let source: String = blocks.iter().map(|(title, body)| format!("## {title}\n\n{body}\n\n")).collect();
        let pattern = pattern.to_owned();
        let rule = match kind {
            0 => CleanRule::RemoveLines(pattern),
            1 => CleanRule::Replace { pattern, with: "é".into() },
            2 => CleanRule::CutBefore(pattern),
            _ => CleanRule::CutAfter(pattern),
        };
        let mut document = crate::parse::parse("file.md", source.as_bytes(), &crate::Limits::default()).unwrap_or_default();
        document.pages = document.headings.iter().enumerate()
            .map(|(n, heading)| PageStart { number: n as u32 + 1, start: heading.start }).collect();
        Cleaner::new(&[rule]).unwrap_or_default().clean(&mut document);
        let chars = document.text.chars().count();
        for (title, found) in headings(&document) {
            prop_assert_eq!(title, found.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        prop_assert!(document.headings.windows(2).all(|pair| pair[0].start <= pair[1].start));
        prop_assert!(document.pages.windows(2).all(|pair| pair[0].start <= pair[1].start));
        prop_assert!(document.pages.iter().all(|page| page.start <= chars));
    }
}
