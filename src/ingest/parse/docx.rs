//! DOCX: headings by style or outline level, lists, tables and footnotes, from a bounded archive.

mod body;
mod styles;

use super::{Draft, Limits, error::Fault, package::Package, xml};
use styles::Styles;

pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Draft, Fault> {
    let mut package = Package::open(bytes, limits.max_unpacked_bytes)?;
    let main = main_part(&package).ok_or_else(|| Fault::broken("the archive has no word/document.xml"))?;
    let text = package.read(&main)?.ok_or_else(|| Fault::broken(format!("the archive has no {main}")))?;
    let styles = Styles::read(
        package.read("word/styles.xml")?.as_deref().unwrap_or_default(),
        package.read("word/numbering.xml")?.as_deref().unwrap_or_default(),
    );
    let mut draft = Draft::titled(package.read("docProps/core.xml")?.and_then(|xml| title(&xml)));
    let mut notes = body::Notes::default();
    body::read_notes(package.read("word/footnotes.xml")?.as_deref().unwrap_or_default(), &styles, &mut notes.footnotes);
    body::read_notes(package.read("word/endnotes.xml")?.as_deref().unwrap_or_default(), &styles, &mut notes.endnotes);
    body::write(&text, &styles, &notes, &mut draft)?;
    Ok(draft)
}

/// Name of the part that holds the text.
fn main_part(package: &Package<'_>) -> Option<String> {
    let names = package.names();
    let is_main = |name: &&String| name.starts_with("word/document") && name.ends_with(".xml");
    names.iter().find(|name| *name == "word/document.xml").or_else(|| names.iter().find(is_main)).cloned()
}

/// `dc:title` of the core properties, unless a program wrote it.
fn title(core: &str) -> Option<String> {
    let mut words = String::new();
    let mut is_open = false;
    xml::read(core, |event| {
        match event {
            xml::Event::Open(element) => is_open |= element.name() == "title",
            xml::Event::Close(name) => is_open &= name != "title",
            xml::Event::Text(text) if is_open => words.push_str(&text),
            xml::Event::Text(_) => {}
        }
        Ok(())
    })
    .ok()?;
    super::draft::real_title(&words)
}

#[cfg(test)]
mod tests {
    use domain::{Document, Span, slice};

    use super::*;

    fn archive(parts: &[(&str, &str)]) -> Vec<u8> {
        let parts: Vec<(&str, &[u8])> = parts.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
        super::super::package::archive(&parts)
    }

    fn parsed(body: &str, more: &[(&str, &str)]) -> Result<Document, Fault> {
        let xml = format!("<?xml version='1.0'?><w:document xmlns:w='w'><w:body>{body}</w:body></w:document>");
        let parts: Vec<(&str, &str)> =
            [("word/document.xml", xml.as_str())].into_iter().chain(more.iter().copied()).collect();
        parse(&archive(&parts), &Limits::default())?.finish("file", 1 << 20)
    }

    const STYLES: &str = "<w:styles><w:style w:styleId='T'><w:name w:val='Title'/></w:style>
        <w:style w:styleId='H2'><w:name w:val='heading 2'/></w:style><w:style w:styleId='My'><w:basedOn w:val='H2'/></w:style>
        <w:style w:styleId='LB'><w:name w:val='List Bullet'/><w:pPr><w:numPr><w:numId w:val='7'/></w:numPr></w:pPr></w:style></w:styles>";
    const NUMBERING: &str = "<w:numbering><w:abstractNum w:abstractNumId='1'><w:lvl w:ilvl='0'><w:start w:val='3'/><w:numFmt w:val='decimal'/></w:lvl></w:abstractNum>
        <w:abstractNum w:abstractNumId='2'><w:lvl w:ilvl='0'><w:numFmt w:val='bullet'/></w:lvl></w:abstractNum>
        <w:num w:numId='5'><w:abstractNumId w:val='1'/></w:num><w:num w:numId='7'><w:abstractNumId w:val='2'/></w:num></w:numbering>";

    #[test]
    fn headings_lists_tables_and_notes() -> Result<(), Fault> {
        let p = |style: &str, text: &str| format!("<w:p><w:pPr>{style}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>");
        let body = [
            p("<w:pStyle w:val='T'/>", "Pay &amp; benefits"),
            p("<w:pStyle w:val='My'/>", "Überstunden"),
            "<w:p><w:r><w:t xml:space='preserve'>Paid </w:t></w:r><w:del><w:r><w:delText>never</w:delText></w:r></w:del><w:ins><w:r><w:t>monthly</w:t></w:r></w:ins><w:r><w:footnoteReference w:id='2'/></w:r><w:r><w:t>.</w:t></w:r></w:p>".into(),
            p("<w:pStyle w:val='LB'/>", "a bullet"),
            p("<w:numPr><w:ilvl w:val='0'/><w:numId w:val='5'/></w:numPr>", "third"),
            p("<w:numPr><w:ilvl w:val='0'/><w:numId w:val='5'/></w:numPr>", "fourth"),
            "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Grade</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Pay</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:tc><w:tcPr><w:gridSpan w:val='2'/></w:tcPr><w:p><w:r><w:t>all</w:t></w:r></w:p></w:tc></w:tr></w:tbl>".into(),
        ];
        let notes = "<w:footnotes><w:footnote w:id='0' w:type='separator'><w:p/></w:footnote><w:footnote w:id='2'><w:p><w:r><w:t>On the 25th.</w:t></w:r></w:p></w:footnote></w:footnotes>";
        let document = parsed(
            &body.concat(),
            &[("word/styles.xml", STYLES), ("word/numbering.xml", NUMBERING), ("word/footnotes.xml", notes)],
        )?;
        let expected = "# Pay & benefits\n\n## Überstunden\n\nPaid monthly[^1].\n\n- a bullet\n3. third\n4. fourth\n\n| Grade | Pay |\n| all |  |\n\n[^1]: On the 25th.";
        assert_eq!(document.text, expected);
        assert_eq!(document.title.as_deref(), Some("Pay & benefits"));
        for heading in &document.headings {
            let span = Span { start: heading.start, end: heading.start + heading.text.chars().count() };
            assert_eq!(slice(&document.text, span), heading.text);
        }
        assert_eq!(document.headings.len(), 2);
        Ok(())
    }

    #[test]
    fn hidden_text_is_left_out_and_told() -> Result<(), Fault> {
        let body = "<w:p><w:r><w:t>Seen</w:t></w:r><w:r><w:rPr><w:vanish/></w:rPr><w:t> unseen</w:t></w:r><w:r><w:rPr><w:vanish w:val='0'/></w:rPr><w:t> too</w:t></w:r></w:p>";
        let document = parsed(body, &[])?;
        assert_eq!(
            (document.text.as_str(), document.notes.as_slice()),
            ("Seen too", [super::super::HIDDEN_TEXT.to_owned()].as_slice())
        );
        Ok(())
    }

    #[test]
    fn bombs_truncation_and_broken_xml_have_reasons() {
        let bomb = format!("<w:document><w:body><w:p>{}</w:p></w:body></w:document>", " ".repeat(40 << 20));
        let limits = Limits { max_unpacked_bytes: 1 << 20, ..Limits::default() };
        let packed = archive(&[("word/document.xml", &bomb)]);
        assert!(matches!(parse(&packed, &limits), Err(Fault::TooLarge { .. })));
        assert!(matches!(parse(&packed, &Limits::default()), Err(Fault::TooLarge { .. })));
        let good = archive(&[("word/document.xml", "<w:document/>")]);
        assert!(matches!(parse(&good[..good.len() / 2], &Limits::default()), Err(Fault::Broken(_))));
        assert!(matches!(parsed("<w:p><w:r>", &[]), Err(Fault::Broken(_))));
    }
}
