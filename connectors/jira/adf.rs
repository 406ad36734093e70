//! Text of the Atlassian Document Format (<https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>),
//! as markdown. Wiki markup, which Data Center has instead, stays as it is.

use serde_json::Value;

/// Nodes nested deeper than this are left out.
const MOST_DEPTH: usize = 60;

/// The text of a description or comment.
pub(super) fn text(body: &Value) -> String {
    let mut text = String::new();
    match body {
        Value::String(markup) => text.push_str(markup),
        node => write(node, "", MOST_DEPTH, &mut text),
    }
    text.trim().to_owned()
}

fn children(node: &Value) -> impl Iterator<Item = &Value> {
    node.get("content").and_then(Value::as_array).into_iter().flatten()
}

fn attribute<'a>(node: &'a Value, name: &str) -> Option<&'a str> {
    node.get("attrs")?.get(name)?.as_str()
}

/// Writes a node and what it holds. `indent` begins each line of a list within a list.
fn write(node: &Value, indent: &str, depth: usize, out: &mut String) {
    let Some(left) = depth.checked_sub(1) else { return };
    let inline = |out: &mut String| children(node).for_each(|child| write(child, indent, left, out));
    match node.get("type").and_then(Value::as_str).unwrap_or_default() {
        "text" => out.push_str(node.get("text").and_then(Value::as_str).unwrap_or_default()),
        "hardBreak" => out.push('\n'),
        "rule" => out.push_str("\n---\n\n"),
        "mention" | "emoji" | "status" | "placeholder" => {
            out.push_str(attribute(node, "text").or(attribute(node, "shortName")).unwrap_or_default());
        }
        "date" => out.push_str(&date(attribute(node, "timestamp").unwrap_or_default())),
        "inlineCard" | "blockCard" | "embedCard" => out.push_str(attribute(node, "url").unwrap_or_default()),
        "heading" => {
            let level = node.get("attrs").and_then(|attrs| attrs.get("level")).and_then(Value::as_u64).unwrap_or(1);
            // The issue itself is the highest heading.
            out.extend(std::iter::repeat_n('#', usize::try_from(level).unwrap_or(1).clamp(1, 5) + 1));
            out.push(' ');
            inline(out);
            out.push_str("\n\n");
        }
        "paragraph" => {
            inline(out);
            out.push_str(if indent.is_empty() { "\n\n" } else { "\n" });
        }
        "codeBlock" => {
            out.push_str("```\n");
            inline(out);
            out.push_str("\n```\n\n");
        }
        kind @ ("bulletList" | "orderedList" | "taskList" | "decisionList") => {
            let deeper = format!("{indent}  ");
            for (number, item) in children(node).enumerate() {
                let mark = if kind == "orderedList" { format!("{}.", number + 1) } else { "-".into() };
                out.push_str(&format!("{indent}{mark} "));
                children(item).for_each(|child| write(child, &deeper, left, out));
                if !out.ends_with('\n') {
                    out.push('\n');
                }
            }
            if indent.is_empty() {
                out.push('\n');
            }
        }
        "tableRow" => {
            out.push('|');
            for cell in children(node) {
                let mut text = String::new();
                children(cell).for_each(|child| write(child, "", left, &mut text));
                out.push_str(&format!(" {} |", text.split_whitespace().collect::<Vec<_>>().join(" ")));
            }
            out.push('\n');
            if children(node).any(|cell| cell.get("type").and_then(Value::as_str) == Some("tableHeader")) {
                out.push('|');
                children(node).for_each(|_| out.push_str(" --- |"));
                out.push('\n');
            }
        }
        "table" => {
            inline(out);
            out.push('\n');
        }
        "expand" | "nestedExpand" => {
            out.push_str(attribute(node, "title").unwrap_or_default());
            out.push_str("\n\n");
            inline(out);
        }
        _ => inline(out),
    }
}

/// A day from its milliseconds.
fn date(millis: &str) -> String {
    let time = millis.parse().ok().and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    time.map(|time| time.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_block_keeps_its_words() {
        let said = |text: &str| json!({ "type": "paragraph", "content": [{ "type": "text", "text": text }] });
        let item = |content: Value| json!({ "type": "listItem", "content": content });
        let cell = |kind: &str, text: &str| json!({ "type": kind, "content": [said(text)] });
        let document = json!({ "type": "doc", "version": 1, "content": [
            { "type": "heading", "attrs": { "level": 2 }, "content": [{ "type": "text", "text": "Steps" }] },
            { "type": "paragraph", "content": [
                { "type": "text", "text": "Ask " }, { "type": "mention", "attrs": { "id": "1", "text": "@Ann" } },
                { "type": "hardBreak" }, { "type": "inlineCard", "attrs": { "url": "https://a.example/x" } },
                { "type": "text", "text": " by " }, { "type": "date", "attrs": { "timestamp": "1767225600000" } },
            ]},
            { "type": "orderedList", "content": [
                item(json!([said("one"), { "type": "bulletList", "content": [item(json!([said("inner")]))] }])),
                item(json!([said("two")])),
            ]},
            { "type": "codeBlock", "content": [{ "type": "text", "text": "let x = 1;" }] },
            { "type": "panel", "content": [said("careful")] },
            { "type": "table", "content": [
                { "type": "tableRow", "content": [cell("tableHeader", "a"), cell("tableHeader", "b")] },
                { "type": "tableRow", "content": [cell("tableCell", "1"), cell("tableCell", "2")] },
            ]},
            { "type": "somethingNew", "content": [said("kept")] },
        ]});
        let expected = "### Steps\n\nAsk @Ann\nhttps://a.example/x by 2026-01-01\n\n1. one\n  - inner\n2. two\n\n\
            ```\nlet x = 1;\n```\n\ncareful\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\nkept";
        assert_eq!(text(&document), expected);
        assert_eq!(text(&json!("h1. Wiki *markup*")), "h1. Wiki *markup*");
        assert_eq!(text(&Value::Null), "");
    }

    #[test]
    fn depth_is_bounded() {
        let mut node = json!({ "type": "text", "text": "deep" });
        // JSON may be nested no deeper than this.
        for _ in 0..60 {
            node = json!({ "type": "panel", "content": [node] });
        }
        assert_eq!(text(&node), "");
        assert_eq!(text(&node["content"][0]), "deep");
    }
}
