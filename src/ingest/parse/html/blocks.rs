//! What each HTML element means for the text.

use ego_tree::NodeRef;
use scraper::Node;

/// How many nodes of a table are looked at to decide whether it only lays out the page.
const LOOK_AHEAD: usize = 2_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Never shown, with all inside it.
    Hidden,
    Inline,
    /// Starts and ends on its own line.
    Line,
    /// Set off by blank lines.
    Block,
    Heading(u8),
    BulletList,
    NumberedList,
    Item,
    Table,
    Row,
    Cell,
    /// A cell that names its column or row.
    NameCell,
    Preformatted,
    Break,
}

pub(super) fn role(name: &str) -> Role {
    match name {
        "script" | "style" | "nav" | "noscript" | "template" | "head" | "title" | "svg" | "iframe" | "object"
        | "canvas" | "select" | "datalist" | "button" | "dialog" | "audio" | "video" | "map" => Role::Hidden,
        "h1" => Role::Heading(1),
        "h2" => Role::Heading(2),
        "h3" => Role::Heading(3),
        "h4" => Role::Heading(4),
        "h5" => Role::Heading(5),
        "h6" => Role::Heading(6),
        "p" | "section" | "article" | "main" | "blockquote" | "dl" | "form" | "fieldset" | "figure" | "hr" | "body"
        | "details" => Role::Block,
        "div" | "header" | "footer" | "aside" | "dt" | "dd" | "address" | "figcaption" | "summary" | "caption"
        | "legend" | "center" => Role::Line,
        "ul" | "menu" => Role::BulletList,
        "ol" => Role::NumberedList,
        "li" => Role::Item,
        "table" => Role::Table,
        "tr" => Role::Row,
        "td" => Role::Cell,
        "th" => Role::NameCell,
        "pre" | "textarea" | "listing" | "xmp" => Role::Preformatted,
        "br" => Role::Break,
        _ => Role::Inline,
    }
}

/// Whether a table holds other tables or headings, or has no two cells side by side.
pub(super) fn is_layout_table(table: NodeRef<'_, Node>) -> bool {
    let mut has_columns = false;
    for node in table.descendants().skip(1).take(LOOK_AHEAD) {
        let Node::Element(element) = node.value() else { continue };
        match role(element.name()) {
            Role::Table | Role::Heading(_) => return true,
            Role::Cell | Role::NameCell => {
                let beside = node.next_siblings().filter_map(|next| next.value().as_element());
                has_columns |= beside.take(1).any(|next| matches!(role(next.name()), Role::Cell | Role::NameCell));
            }
            _ => {}
        }
    }
    !has_columns
}
