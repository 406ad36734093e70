//! Text of a page: its title, its properties, and its blocks as markdown
//! (<https://developers.notion.com/reference/block>, <https://developers.notion.com/reference/page-property-values>).

use std::fmt::Write;

use domain::EngineResult;
use serde_json::Value;

use super::client::{Client, Page};
use crate::pages::Pages;

/// Blocks nested deeper than this are left out, and so is what comes after so many requests for one page.
pub(super) const MOST_DEPTH: usize = 12;
const MOST_REQUESTS: usize = 2_000;

/// The title, which every page has as a property whose name differs.
pub(super) fn title(page: &Page) -> String {
    let title = page.properties.values().find(|property| kind(property) == "title");
    let title = title.map(|property| rich(property.get("title"))).filter(|title| !title.trim().is_empty());
    title.unwrap_or_else(|| "Untitled".into())
}

/// A row's other values, a line each.
pub(super) fn properties(page: &Page) -> String {
    let mut text = String::new();
    for (name, property) in &page.properties {
        let kind = kind(property);
        let value = if kind == "title" { String::new() } else { value(property.get(kind).unwrap_or(&Value::Null)) };
        if !value.trim().is_empty() {
            let _ = writeln!(text, "- {name}: {value}");
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn kind(property: &Value) -> &str {
    property.get("type").and_then(Value::as_str).unwrap_or_default()
}

/// What people see of a value: text, a number, a choice's name, a date, or several of them.
fn value(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(is) => if *is { "yes" } else { "no" }.into(),
        Value::Array(all) => {
            let is_text = all.iter().any(|part| part.get("plain_text").is_some());
            let all: Vec<String> = all.iter().map(self::value).filter(|text| !text.is_empty()).collect();
            all.join(if is_text { "" } else { ", " })
        }
        Value::Object(fields) => {
            let shown = ["plain_text", "name", "start", "string", "number", "boolean"]
                .iter()
                .find_map(|name| fields.get(*name));
            let end = fields.get("end").and_then(Value::as_str).map(|end| format!(" to {end}")).unwrap_or_default();
            shown.map(|shown| format!("{}{end}", self::value(shown))).unwrap_or_default()
        }
        Value::Null => String::new(),
    }
}

fn rich(text: Option<&Value>) -> String {
    let parts = text.and_then(Value::as_array).into_iter().flatten();
    parts.filter_map(|part| part.get("plain_text")?.as_str()).collect()
}

/// The blocks of a page, read to their end and into their depth.
pub(super) async fn body(client: &Client, page: &str) -> EngineResult<Result<String, String>> {
    let mut text = String::new();
    let mut requests = 0;
    // What is still to be written, the next one last: blocks, or a block whose content is to be listed.
    let mut stack = vec![Step::List { id: page.to_owned(), depth: 0, cursor: None, pages: Pages::default() }];
    while let Some(step) = stack.pop() {
        match step {
            Step::Write { block, depth } => {
                write(&block, depth, &mut text);
                let id = block.get("id").and_then(Value::as_str).unwrap_or_default();
                let is_own = matches!(kind(&block), "child_page" | "child_database");
                let has_children = block.get("has_children").and_then(Value::as_bool) == Some(true);
                if has_children && !is_own && depth < MOST_DEPTH {
                    stack.push(Step::List { id: id.into(), depth: depth + 1, cursor: None, pages: Pages::default() });
                }
            }
            Step::List { id, depth, cursor, mut pages } => {
                requests += 1;
                if requests > MOST_REQUESTS {
                    text.push_str("\n(The rest of this page is not read: it is too long.)\n");
                    break;
                }
                let (blocks, next) = match client.blocks(&id, cursor.as_deref()).await? {
                    Ok(listed) => listed,
                    Err(reason) => return Ok(Err(reason)),
                };
                if let Some(next) = next {
                    pages.next("Notion", &next)?;
                    stack.push(Step::List { id, depth, cursor: Some(next), pages });
                }
                stack.extend(blocks.into_iter().rev().map(|block| Step::Write { block, depth }));
            }
        }
    }
    Ok(Ok(text))
}

enum Step {
    Write { block: Value, depth: usize },
    List { id: String, depth: usize, cursor: Option<String>, pages: Pages },
}

fn write(block: &Value, depth: usize, out: &mut String) {
    let kind = kind(block);
    let content = block.get(kind).unwrap_or(&Value::Null);
    let text = rich(content.get("rich_text"));
    let field = |name: &str| content.get(name).and_then(Value::as_str).unwrap_or_default();
    let indent = "  ".repeat(depth);
    let _ = match kind {
        "heading_1" => write!(out, "## {text}\n\n"),
        "heading_2" => write!(out, "### {text}\n\n"),
        "heading_3" => write!(out, "#### {text}\n\n"),
        "bulleted_list_item" | "toggle" => writeln!(out, "{indent}- {text}"),
        "numbered_list_item" => writeln!(out, "{indent}1. {text}"),
        "to_do" => {
            let is_done = content.get("checked").and_then(Value::as_bool) == Some(true);
            writeln!(out, "{indent}- [{}] {text}", if is_done { 'x' } else { ' ' })
        }
        "quote" => write!(out, "> {text}\n\n"),
        "code" => write!(out, "```{}\n{text}\n```\n\n", field("language")),
        "equation" => write!(out, "{}\n\n", field("expression")),
        "divider" => write!(out, "---\n\n"),
        "child_page" | "child_database" => write!(out, "{}\n\n", field("title")),
        "bookmark" | "embed" | "link_preview" => write!(out, "{}\n\n", field("url")),
        "table_row" => {
            let cells = content.get("cells").and_then(Value::as_array).into_iter().flatten();
            let cells: Vec<String> = cells.map(|cell| rich(Some(cell))).collect();
            writeln!(out, "| {} |", cells.join(" | "))
        }
        _ if text.is_empty() => Ok(()),
        _ => write!(out, "{text}\n\n"),
    };
}
