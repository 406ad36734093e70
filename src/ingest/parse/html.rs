//! HTML: reads what a person would see, with headings, lists and tables as lines of text.

mod blocks;
mod writer;

use ego_tree::{NodeRef, iter::Edge};
use scraper::{Html, Node, node::Element};

use super::{Draft, HIDDEN_TEXT, charset, clean, error::Fault};
use blocks::{Role, is_layout_table, role};
use writer::Writer;

/// How many nodes of a hidden element are looked at for words.
const LOOK_AHEAD: usize = 2_000;
/// How many bytes are searched for a declared encoding.
const DECLARATION_BYTES: usize = 2048;

pub(super) fn parse(bytes: &[u8]) -> Result<Draft, Fault> {
    let text = charset::decode_declared(bytes, declared_charset(bytes).as_deref())
        .ok_or_else(|| Fault::broken("it holds binary data, not text"))?;
    Ok(parse_text(&text))
}

/// Reads HTML that is decoded already.
pub(super) fn parse_text(text: &str) -> Draft {
    let html = Html::parse_document(text);
    let mut writer = Writer::default();
    let mut title = None;
    let mut roles: Vec<Role> = Vec::new();
    let mut hidden = 0usize;
    let mut has_hidden_text = false;
    for edge in html.tree.root().traverse() {
        match edge {
            Edge::Open(node) => match node.value() {
                Node::Text(text) if hidden == 0 => writer.text(text),
                Node::Element(element) => {
                    has_hidden_text |= hidden == 0 && is_hidden(element) && has_words(node);
                    if element.name() == "title" && title.is_none() {
                        title = Some(words_of(node));
                    }
                    let role = if hidden > 0 || is_hidden(element) || is_navigation(element) {
                        Role::Hidden
                    } else {
                        role_of(node, element, &writer)
                    };
                    hidden += usize::from(role == Role::Hidden);
                    writer.open(role, element);
                    roles.push(role);
                }
                _ => {}
            },
            Edge::Close(node) if node.value().is_element() => {
                if let Some(role) = roles.pop() {
                    hidden -= usize::from(role == Role::Hidden);
                    writer.close(role);
                }
            }
            Edge::Close(_) => {}
        }
    }
    let mut draft = writer.finish();
    draft.title = title.map(|title| clean::line(&title));
    if has_hidden_text {
        draft.note(HIDDEN_TEXT);
    }
    draft
}

fn role_of(node: NodeRef<'_, Node>, element: &Element, writer: &Writer) -> Role {
    match role(element.name()) {
        Role::Table if writer.is_inline() || is_layout_table(node) => Role::Line,
        Role::Row | Role::Cell | Role::NameCell if writer.is_inline() || !writer.is_in_table() => Role::Line,
        role => role,
    }
}

/// Whether an element hides itself and all inside it from readers.
fn is_hidden(element: &Element) -> bool {
    const HIDING: &[&str] = &["display:none", "visibility:hidden", "opacity:0;", "font-size:0;", "font-size:0px;"];
    let Some(style) = element.attr("style") else { return element.attr("hidden").is_some() };
    let style = format!("{};", style.to_ascii_lowercase().replace([' ', '\n', '\t'], ""));
    let is_off_page = ["left:-", "top:-", "text-indent:-"].iter().any(|key| {
        let offset = style.split_once(key).map_or("", |(_, offset)| offset);
        offset.split(|c: char| !c.is_ascii_digit()).next().is_some_and(|digits| digits.len() >= 4)
    });
    element.attr("hidden").is_some() || is_off_page || HIDING.iter().any(|hiding| style.contains(hiding))
}

fn is_navigation(element: &Element) -> bool {
    element.attr("role") == Some("navigation")
}

/// Whether text for readers stands somewhere inside.
fn has_words(node: NodeRef<'_, Node>) -> bool {
    let is_shown = |node: &NodeRef<'_, Node>| {
        let parent = node.parent().and_then(|parent| parent.value().as_element().map(|e| role(e.name())));
        parent != Some(Role::Hidden)
    };
    node.descendants()
        .take(LOOK_AHEAD)
        .filter(is_shown)
        .any(|node| node.value().as_text().is_some_and(|text| text.chars().any(char::is_alphanumeric)))
}

fn words_of(node: NodeRef<'_, Node>) -> String {
    node.children().filter_map(|child| child.value().as_text()).map(|text| &**text).collect()
}

/// The encoding label in `<meta charset=..>`, `<meta content="..; charset=..">` or an XML declaration.
fn declared_charset(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..bytes.len().min(DECLARATION_BYTES)).unwrap_or_default();
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let after = ["charset=", "encoding="].iter().find_map(|key| head.split_once(key)).map(|(_, after)| after)?;
    let label = after.trim_start_matches(['"', '\'', ' ']);
    let end = label.find(|c: char| !(c.is_ascii_alphanumeric() || "-_:.".contains(c))).unwrap_or(label.len());
    label.get(..end).map(str::to_owned).filter(|label| !label.starts_with("utf-16"))
}

#[cfg(test)]
mod tests {
    use domain::{Document, Span, slice};

    use super::*;

    fn parsed(html: &str) -> Result<Document, Fault> {
        parse(html.as_bytes())?.finish("file", 1 << 20)
    }

    #[test]
    fn shows_what_a_reader_sees() -> Result<(), Fault> {
        let document = parsed(
            "<html><head><title> Travel &amp; costs </title><style>p{}</style></head><body><nav><a>Home</a></nav>
             <script>var a = '<p>x</p>';</script><noscript>no</noscript><template><p>t</p></template>
             <h1>Tra<b>vel</b></h1><p>Book <em>early</em>,\n   please.<br>Thanks</p><p hidden>no</p>
             <ul><li>one<ul><li>inner</li></ul></li><li><p>two</p></li></ul><ol start=3><li>three<li>four</ol>
             <div>a<span style='display: none'>x</span></div><div>b</div><pre>x\n  y</pre></body></html>",
        )?;
        let expected =
            "# Travel\n\nBook early, please.\nThanks\n\n- one\n  - inner\n- two\n\n3. three\n4. four\n\na\nb\n\nx\n  y";
        assert_eq!(document.text, expected);
        assert_eq!(document.title.as_deref(), Some("Travel & costs"));
        let heading = document.headings.first().ok_or(Fault::Encrypted)?;
        let span = Span { start: heading.start, end: heading.start + heading.text.chars().count() };
        assert_eq!((slice(&document.text, span), heading.level), ("Travel", 1));
        Ok(())
    }

    #[test]
    fn tables_keep_their_rows_and_layout_tables_do_not() -> Result<(), Fault> {
        let document = parsed(
            "<table><tr><th>Class</th><th>Limit</th></tr><tr><td>A</td><td>1<br>2</td></tr></table>
             <table><tr><td><p>left</p><table><tr><td>in</td><td>ner</td></tr></table></td><td>right</td></tr></table>",
        )?;
        assert_eq!(document.text, "Class: A; Limit: 1 2\n\nleft\n\n| in | ner |\n\nright");
        Ok(())
    }

    #[test]
    fn hidden_text_is_left_out_and_told() -> Result<(), Fault> {
        let hidden = [
            "<p hidden>secret</p>",
            "<p style='Display: none'>secret</p>",
            "<p style='position:absolute; left:-9999px'>secret</p>",
        ];
        for element in hidden {
            let document = parsed(&format!("<p>seen</p>{element}"))?;
            assert_eq!((document.text.as_str(), document.notes.len()), ("seen", 1), "{element}");
        }
        let silent =
            parsed("<p style='margin-left:-10px'>seen</p><nav>Home</nav><div hidden><script>x</script></div>")?;
        assert_eq!((silent.text.as_str(), silent.notes.len()), ("seen", 0));
        Ok(())
    }

    #[test]
    fn a_declared_charset_is_used_and_depth_does_no_harm() -> Result<(), Fault> {
        let bytes = b"<meta charset=\"iso-8859-2\"><p>\xAE\xE1dost</p>";
        assert_eq!(parse(bytes)?.finish("f", 99)?.text, "Žádost");
        let deep = format!("{}deep", "<div>".repeat(10_000));
        assert_eq!(parsed(&deep)?.text, "deep");
        Ok(())
    }
}
