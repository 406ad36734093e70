//! OpenDocument texts and presentations: headings, lists, tables, notes; slides as pages.

mod body;

use std::collections::HashSet;

use super::{
    Draft, Limits,
    draft::real_title,
    error::Fault,
    package::Package,
    xml::{self, Event},
};

pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Draft, Fault> {
    let mut package = Package::open(bytes, limits.max_unpacked_bytes)?;
    let manifest = package.read("META-INF/manifest.xml")?.unwrap_or_default();
    if manifest.contains("encryption-data") {
        return Err(Fault::Encrypted);
    }
    let content = package.read("content.xml")?.ok_or_else(|| Fault::broken("the archive has no content.xml"))?;
    let mut hidden = HashSet::new();
    for styles in [package.read("styles.xml")?.as_deref().unwrap_or_default(), &content] {
        read_hidden_styles(styles, &mut hidden);
    }
    let mut draft = Draft::titled(package.read("meta.xml")?.and_then(|meta| title(&meta)));
    body::write(&content, &hidden, &mut draft)?;
    Ok(draft)
}

/// Names of the styles that hide text or slides.
fn read_hidden_styles(xml: &str, hidden: &mut HashSet<String>) {
    let mut style = None;
    let _ = xml::read(xml, |event| {
        if let Event::Open(element) = event {
            let says = |name: &str, value: &str| element.attribute(name).as_deref() == Some(value);
            match element.name() {
                "style" => style = element.attribute("name"),
                "text-properties" if says("display", "none") => hidden.extend(style.clone()),
                "drawing-page-properties" if says("visibility", "hidden") => hidden.extend(style.clone()),
                _ => {}
            }
        }
        Ok(())
    });
}

fn title(meta: &str) -> Option<String> {
    let mut words = String::new();
    let mut is_open = false;
    xml::read(meta, |event| {
        match event {
            Event::Open(element) => is_open |= element.name() == "title",
            Event::Close(name) => is_open &= name != "title",
            Event::Text(text) if is_open => words.push_str(&text),
            Event::Text(_) => {}
        }
        Ok(())
    })
    .ok()?;
    real_title(&words)
}

#[cfg(test)]
mod tests {
    use super::{super::package::archive, *};

    fn read(body: &str, styles: &str) -> Result<domain::Document, Fault> {
        let content = format!(
            "<office:document-content xmlns:office='o'><office:automatic-styles>{styles}</office:automatic-styles><office:body>{body}</office:body></office:document-content>"
        );
        let meta = b"<office:meta xmlns:dc='d'><dc:title>Plan</dc:title></office:meta>";
        parse(&archive(&[("content.xml", content.as_bytes()), ("meta.xml", meta)]), &Limits::default())?
            .finish("file", 1 << 20)
    }

    #[test]
    fn texts_keep_headings_lists_tables_and_notes() -> Result<(), Fault> {
        let body = "<office:text><text:tracked-changes><text:p>gone</text:p></text:tracked-changes>
            <text:h text:outline-level='2'>Leave</text:h><text:p>A<text:s text:c='2'/>b<text:tab/>c<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>Really.</text:p></text:note-body></text:note>.</text:p>
            <text:list><text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>inner</text:p></text:list-item></text:list></text:list-item></text:list>
            <table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>Grade</text:p></table:table-cell><table:table-cell><text:p>Pay</text:p></table:table-cell></table:table-row></table:table-header-rows>
            <table:table-row><table:table-cell><text:p>A</text:p></table:table-cell><table:table-cell><text:p>low</text:p></table:table-cell></table:table-row></table:table>
            <text:p>seen <text:span text:style-name='H'>unseen</text:span></text:p></office:text>";
        let styles = "<style:style style:name='H'><style:text-properties text:display='none'/></style:style>";
        let document = read(body, styles)?;
        let expected = "## Leave\n\nA  b\tc[^1].\n\n- one\n  - inner\n\nGrade: A; Pay: low\n\nseen\n\n[^1]: Really.";
        assert_eq!(document.text, expected);
        assert_eq!((document.title.as_deref(), document.notes.len()), (Some("Plan"), 1));
        Ok(())
    }

    #[test]
    fn slides_are_pages_and_hidden_ones_go() -> Result<(), Fault> {
        let slide = |style: &str, title: &str| {
            format!("<draw:page draw:style-name='{style}' draw:name='p'><draw:frame presentation:class='title'><draw:text-box><text:p>{title}</text:p></draw:text-box></draw:frame>
                <draw:frame><draw:text-box><text:p>words of {title}</text:p></draw:text-box></draw:frame><presentation:notes><text:p>say {title}</text:p></presentation:notes></draw:page>")
        };
        let styles = "<style:style style:name='off'><style:drawing-page-properties presentation:visibility='hidden'/></style:style>";
        let slides = [slide("on", "One"), slide("off", "Two"), slide("on", "Three")].concat();
        let document = read(&format!("<office:presentation>{slides}</office:presentation>"), styles)?;
        assert_eq!(document.text, "# One\n\nwords of One\n\nsay One\n\n# Three\n\nwords of Three\n\nsay Three");
        assert_eq!(document.pages.iter().map(|page| page.number).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(document.notes, ["the hidden slide 2 was left out"]);
        Ok(())
    }
}
