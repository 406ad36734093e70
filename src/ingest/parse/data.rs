//! JSON and XML data as text: one line per record, each value under its name.

mod json;
mod markup;

use super::{Draft, table::field};

pub(super) use json::{parse as parse_json, parse_lines as parse_json_lines};
pub(super) use markup::parse as parse_xml;

/// How deep named parts become headings; below they are written into their records.
const MAX_HEADING_LEVEL: u8 = 4;
/// Values longer than this stand on lines of their own.
const LONG_CHARS: usize = 300;
/// How deep data may be nested.
const MAX_DEPTH: usize = 128;

/// Data of any format, in the order of the file.
#[derive(Debug, PartialEq)]
enum Value {
    /// The text of a string, number or truth value; empty for nothing.
    Scalar(String),
    Fields(Vec<(String, Value)>),
    List(Vec<Value>),
}

impl Value {
    fn is_empty(&self) -> bool {
        match self {
            Self::Scalar(text) => text.trim().is_empty(),
            Self::Fields(fields) => fields.iter().all(|(_, value)| value.is_empty()),
            Self::List(items) => items.iter().all(Self::is_empty),
        }
    }

    fn is_scalar(&self) -> bool {
        matches!(self, Self::Scalar(_))
    }

    /// Whether it is one line: no parts of its own but scalars and lists of them.
    fn is_flat(&self) -> bool {
        match self {
            Self::Scalar(_) => true,
            // An element with attributes and a value of its own.
            Self::Fields(fields) => fields.first().is_some_and(|(name, value)| name.is_empty() && value.is_scalar()),
            Self::List(items) => items.iter().all(Self::is_scalar),
        }
    }
}

/// Writes a value and what is in it: named parts as sections, records as lines.
fn write(value: &Value, level: u8, draft: &mut Draft) {
    match value {
        Value::Scalar(text) => draft.push(text.trim()),
        Value::Fields(fields) => {
            let (lines, parts): (Vec<_>, Vec<_>) =
                fields.iter().partition(|(_, value)| value.is_flat() || level > MAX_HEADING_LEVEL);
            let mut record = Vec::new();
            for (name, value) in lines {
                flatten(name, value, &mut record);
            }
            write_record(&record, draft);
            for (name, value) in parts.into_iter().filter(|(_, value)| !value.is_empty()) {
                draft.section(level, name);
                write(value, level + 1, draft);
                draft.push("\n\n");
            }
        }
        Value::List(items) => items.iter().for_each(|item| write_item(item, draft)),
    }
}

/// Writes one of many: a record on its line or lines.
fn write_item(item: &Value, draft: &mut Draft) {
    let mut record = Vec::new();
    flatten("", item, &mut record);
    write_record(&record, draft);
}

/// Short records take one line, long ones a block of lines.
fn write_record(record: &[(String, String)], draft: &mut Draft) {
    if record.is_empty() {
        return;
    }
    let is_long = record.iter().any(|(_, text)| text.contains('\n') || text.chars().count() > LONG_CHARS);
    let lines: Vec<String> = record.iter().map(|(name, text)| field(name, text)).collect();
    if is_long {
        draft.push(&format!("\n\n{}\n\n", lines.join("\n")));
    } else {
        draft.push(&format!("{}\n", lines.join("; ")));
    }
}

/// Lists a value's scalars under dotted names: `address.city`.
fn flatten(name: &str, value: &Value, record: &mut Vec<(String, String)>) {
    let below = |part: &str| match (name, part) {
        (name, "") => name.to_owned(),
        ("", part) => part.to_owned(),
        (name, part) => format!("{name}.{part}"),
    };
    match value {
        value if value.is_empty() => {}
        Value::Scalar(text) => record.push((name.to_owned(), text.trim().to_owned())),
        Value::Fields(fields) => fields.iter().for_each(|(part, value)| flatten(&below(part), value, record)),
        Value::List(items) if value.is_flat() => {
            let words = items.iter().filter_map(|item| match item {
                Value::Scalar(text) if !text.trim().is_empty() => Some(text.trim()),
                _ => None,
            });
            let words: Vec<&str> = words.collect();
            let separator = if words.iter().any(|word| word.chars().count() > 60) { "\n" } else { ", " };
            record.push((name.to_owned(), words.join(separator)));
        }
        Value::List(items) => {
            for (index, item) in (1..).zip(items) {
                flatten(&below(&index.to_string()), item, record);
            }
        }
    }
}
