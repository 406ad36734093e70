//! Small PDFs made here, read back.

use domain::{Span, slice};
use lopdf::{Dictionary, Stream, dictionary};

use super::*;

/// A PDF with one page per content stream, Helvetica as `/F`.
fn pdf(pages: &[&str]) -> Vec<u8> {
    let mut document = Document::with_version("1.5");
    let tree = document.new_object_id();
    let font = document.add_object(dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica", "Encoding" => "WinAnsiEncoding" });
    let kids: Vec<Object> = pages
        .iter()
        .map(|content| {
            let content = document.add_object(Stream::new(Dictionary::new(), content.as_bytes().to_vec()));
            let page = dictionary! {
                "Type" => "Page", "Parent" => tree, "Contents" => content,
                "Resources" => dictionary! { "Font" => dictionary! { "F" => font } },
            };
            document.add_object(page).into()
        })
        .collect();
    let count = kids.len() as i64;
    document
        .objects
        .insert(tree, Object::Dictionary(dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count }));
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    document.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).ok();
    bytes
}

fn parsed(pages: &[&str]) -> Result<domain::Document, Fault> {
    parse(&pdf(pages), &Limits::default())?.finish("file", 1 << 20)
}

const BODY: &str = "BT /F 20 Tf 72 700 Td (Travel policy) Tj /F 10 Tf 0 -40 Td (Employees may book rail tickets up to the sec-) Tj
    0 -12 Td (ond class, and they keep all of their receipts) Tj 0 -12 Td (for a year.) Tj 0 -30 Td (A new paragraph starts here.) Tj ET";

#[test]
fn lines_become_paragraphs_and_large_letters_headings() -> Result<(), Fault> {
    let document = parsed(&[BODY])?;
    let expected = "Travel policy\n\nEmployees may book rail tickets up to the second class, and they keep all of their receipts for a year.\n\nA new paragraph starts here.";
    assert_eq!(document.text, expected);
    assert_eq!(document.headings.first().map(|h| (h.level, h.start, h.text.as_str())), Some((1, 0, "Travel policy")));
    Ok(())
}

#[test]
fn words_placed_one_by_one_are_parted_and_columns_tabbed() -> Result<(), Fault> {
    let content = "BT /F 10 Tf 1 0 0 1 72 700 Tm (Net) Tj 1 0 0 1 91 700 Tm (sa) Tj 1 0 0 1 101.6 700 Tm (les) Tj 1 0 0 1 300 700 Tm (117) Tj ET
        BT /F 10 Tf 72 680 Td [(W) 80 (AVE) -400 (form)] TJ ET";
    assert_eq!(parsed(&[content])?.text, "Net sales\t117\nWAVE form");
    Ok(())
}

#[test]
fn pages_start_at_their_first_character() -> Result<(), Fault> {
    let page = |text: &str| format!("BT /F 10 Tf 72 700 Td ({text}) Tj ET");
    let document = parsed(&[&page("First page"), "", &page("Third")])?;
    let starts: Vec<(u32, &str)> = document
        .pages
        .iter()
        .map(|page| (page.number, slice(&document.text, Span { start: page.start, end: page.start + 5 })))
        .collect();
    assert_eq!(starts, [(1, "First"), (2, "Third"), (3, "Third")]);
    Ok(())
}

#[test]
fn a_page_without_text_and_a_running_header_are_told() {
    assert_eq!(parsed(&["", ""]), Err(Fault::NoText("pages 1 to 2 have no text layer (scanned?)".into())));
    let tagged = "/Artifact <</Type /Pagination>> BDC BT /F 8 Tf 72 780 Td (Page 3) Tj ET EMC BT /F 10 Tf 72 700 Td (Body) Tj ET";
    assert_eq!(parsed(&[tagged]).map(|document| document.text), Ok("Body".into()));
}

#[test]
fn text_that_nobody_sees_is_left_out_and_told() -> Result<(), Fault> {
    let seen = "BT /F 10 Tf 72 700 Td (Seen) Tj ET";
    let unseen = [
        "1 g BT /F 10 Tf 72 600 Td (white) Tj ET",
        "1 1 1 rg BT /F 10 Tf 72 600 Td (white) Tj ET",
        "0 0 0 0 k BT /F 10 Tf 72 600 Td (white) Tj ET",
        "BT 3 Tr /F 10 Tf 72 600 Td (inkless) Tj ET",
    ];
    for text in unseen {
        let document = parsed(&[&format!("{seen} {text}")])?;
        assert_eq!(
            (document.text.as_str(), document.notes.as_slice()),
            ("Seen", [HIDDEN_TEXT.to_owned()].as_slice()),
            "{text}"
        );
    }
    let on_blue = "0 0 1 rg 50 590 200 30 re f 1 g BT /F 10 Tf 72 600 Td (white) Tj ET";
    let document = parsed(&[&format!("{seen} {on_blue}")])?;
    assert_eq!((document.text.as_str(), document.notes.len()), ("Seen\n\nwhite", 0));
    Ok(())
}

#[test]
fn filled_fields_and_typed_notes_are_read() -> Result<(), Fault> {
    let mut document = Document::load_mem(&pdf(&[BODY])).map_err(|error| Fault::broken(error.to_string()))?;
    let font = document.add_object(dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica" });
    let mut annotation = |words: &str, flags: i64| {
        let look = dictionary! {
            "Subtype" => "Form", "BBox" => vec![0.into(), 0.into(), 100.into(), 20.into()],
            "Resources" => dictionary! { "Font" => dictionary! { "F" => font } },
        };
        let look = document.add_object(Stream::new(look, format!("BT /F 10 Tf 2 5 Td ({words}) Tj ET").into_bytes()));
        Object::Dictionary(dictionary! {
            "Subtype" => "Widget", "F" => flags, "AP" => dictionary! { "N" => look },
            "Rect" => vec![72.into(), 300.into(), 172.into(), 320.into()],
        })
    };
    let annotations = vec![annotation("Ada Lovelace", 4), annotation("secret", 2)];
    let page = document.page_iter().next().ok_or(Fault::Encrypted)?;
    let page = document.get_dictionary_mut(page).map_err(|error| Fault::broken(error.to_string()))?;
    page.set("Annots", annotations);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).map_err(|error| Fault::broken(error.to_string()))?;
    let text = parse(&bytes, &Limits::default())?.finish("file", 1 << 20)?.text;
    assert!(text.ends_with("starts here.\n\nAda Lovelace"), "{text}");
    Ok(())
}

#[test]
fn scanned_pages_are_told_and_recognised_text_is_kept() -> Result<(), Fault> {
    const PICTURE: &str = "q 500 0 0 700 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q";
    let words = "BT /F 10 Tf 72 700 Td (Words) Tj ET";
    let document = parsed(&[words, PICTURE, PICTURE, words, PICTURE])?;
    assert_eq!(document.notes, ["pages 2-3, 5 are scanned and hold no text"]);
    let recognised = format!("{PICTURE} BT 3 Tr /F 10 Tf 72 700 Td (Read by a machine) Tj ET");
    let document = parsed(&[&recognised])?;
    assert_eq!((document.text.as_str(), document.notes.len()), ("Read by a machine", 0));
    let all = parsed(&[PICTURE, PICTURE]).map_err(|fault| fault.of("a.pdf", "PDF").to_string());
    assert_eq!(
        all.err().as_deref(),
        Some("parse a.pdf: pages 1-2 are scanned and hold no text: recognise the text (OCR) first")
    );
    Ok(())
}

#[test]
fn truncated_and_looping_files_have_reasons() {
    let whole = pdf(&[BODY]);
    for cut in [20, whole.len() / 4, whole.len() / 2, whole.len() - 10] {
        let _ = parse(&whole[..cut], &Limits::default());
    }
    assert!(matches!(parse(&whole[..60], &Limits::default()), Err(Fault::Broken(_))));
}

#[test]
fn a_form_that_draws_itself_ends() -> Result<(), Fault> {
    let mut document = Document::load_mem(&pdf(&[BODY])).map_err(|error| Fault::broken(error.to_string()))?;
    let form = document.new_object_id();
    let names = dictionary! { "X" => form };
    let dict = dictionary! { "Subtype" => "Form", "Resources" => dictionary! { "XObject" => names.clone() } };
    document.objects.insert(form, Object::Stream(Stream::new(dict, b"/X Do /X Do /X Do".to_vec())));
    let page = document.page_iter().next().ok_or(Fault::Encrypted)?;
    let resources =
        document.get_dictionary_mut(page).and_then(|page| page.get_mut(b"Resources")).and_then(Object::as_dict_mut);
    resources.map_err(|error| Fault::broken(error.to_string()))?.set("XObject", names);
    document.add_page_contents(page, b"/X Do".to_vec()).map_err(|error| Fault::broken(error.to_string()))?;
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).map_err(|error| Fault::broken(error.to_string()))?;
    assert!(parse(&bytes, &Limits::default()).is_ok());
    Ok(())
}
