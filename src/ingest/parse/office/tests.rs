//! A presentation made here, read back.

use super::{super::package::archive, *};

const TYPES: &str = r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/ppt/presentation.xml" ContentType="application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"/></Types>"#;
const RELATION: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

fn slide(show: &str, title: &str, more: &str) -> String {
    format!(
        r#"<p:sld xmlns:p="p" xmlns:a="a" show="{show}"><p:cSld><p:spTree>
        <p:sp><p:nvSpPr><p:nvPr><p:ph type="title"/></p:nvPr></p:nvSpPr><p:txBody><a:p><a:r><a:t>{title}</a:t></a:r></a:p></p:txBody></p:sp>
        <p:sp><p:txBody><a:p><a:r><a:t>words of {title}</a:t></a:r></a:p></p:txBody></p:sp>{more}</p:spTree></p:cSld></p:sld>"#
    )
}

fn presentation(slides: &[String]) -> Vec<u8> {
    let numbers = || 1..=slides.len();
    let ids: String = numbers().map(|n| format!(r#"<p:sldId id="{}" r:id="rId{n}"/>"#, 255 + n)).collect();
    let links: String = numbers()
        .map(|n| format!(r#"<Relationship Id="rId{n}" Type="{RELATION}/slide" Target="slides/slide{n}.xml"/>"#))
        .collect();
    let mut parts = vec![
        ("[Content_Types].xml".to_owned(), TYPES.to_owned()),
        (
            "_rels/.rels".to_owned(),
            format!(
                r#"<Relationships><Relationship Id="r" Type="{RELATION}/officeDocument" Target="ppt/presentation.xml"/></Relationships>"#
            ),
        ),
        (
            "ppt/presentation.xml".to_owned(),
            format!(
                r#"<p:presentation xmlns:p="p" xmlns:r="{RELATION}"><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>"#
            ),
        ),
        ("ppt/_rels/presentation.xml.rels".to_owned(), format!("<Relationships>{links}</Relationships>")),
    ];
    parts.extend((1..).zip(slides).map(|(n, slide)| (format!("ppt/slides/slide{n}.xml"), slide.clone())));
    let parts: Vec<(&str, &[u8])> = parts.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    archive(&parts)
}

#[test]
fn slides_are_pages_and_hidden_ones_go() -> Result<(), Fault> {
    let table = r#"<p:graphicFrame><a:graphic><a:graphicData><a:tbl><a:tblPr firstRow="1"/><a:tr><a:tc><a:txBody><a:p><a:r><a:t>Grade</a:t></a:r></a:p></a:txBody></a:tc><a:tc><a:txBody><a:p><a:r><a:t>Pay</a:t></a:r></a:p></a:txBody></a:tc></a:tr>
        <a:tr><a:tc><a:txBody><a:p><a:r><a:t>A</a:t></a:r></a:p></a:txBody></a:tc><a:tc><a:txBody><a:p><a:r><a:t>low</a:t></a:r></a:p></a:txBody></a:tc></a:tr></a:tbl></a:graphicData></a:graphic></p:graphicFrame>"#;
    let slides = [slide("1", "One", ""), slide("0", "Two", ""), slide("1", "Three", table)];
    let document = parse_slides(&presentation(&slides), &Limits::default())?.finish("file", 1 << 20)?;
    assert_eq!(document.text, "# One\n\nwords of One\n\n# Three\n\nwords of Three\n\nGrade: A; Pay: low");
    assert_eq!(document.pages.iter().map(|page| page.number).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(document.notes, ["the hidden slide 2 was left out"]);
    Ok(())
}

#[test]
fn damage_and_bombs_have_reasons() {
    let whole = presentation(&[slide("1", "One", "")]);
    assert!(matches!(parse_slides(&whole[..whole.len() / 2], &Limits::default()), Err(Fault::Broken(_))));
    let bomb = presentation(&[slide("1", &" ".repeat(12 << 20), "")]);
    assert!(matches!(parse_slides(&bomb, &Limits::default()), Err(Fault::TooLarge { .. })));
    assert!(matches!(parse_doc(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 cut"), Err(Fault::Broken(_))));
}
