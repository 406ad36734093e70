//! XML without a known vocabulary: elements with only elements are parts, all others are values.

use std::collections::HashMap;

use super::{
    super::{
        charset,
        error::Fault,
        xml::{self, Event},
    },
    Draft, MAX_DEPTH, Value, write,
};

pub(in super::super) fn parse(bytes: &[u8]) -> Result<Draft, Fault> {
    let text = charset::decode(bytes).ok_or_else(|| Fault::broken("it holds binary data, not text"))?;
    let mut draft = Draft::default();
    if let Some(root) = read(&text)? {
        write(&root.into_value(), 1, &mut draft);
    }
    Ok(draft)
}

/// Reads the root element.
fn read(xml: &str) -> Result<Option<Node>, Fault> {
    let mut open: Vec<Node> = Vec::new();
    let mut root = None;
    xml::read(xml, |event| {
        match event {
            Event::Open(element) => {
                if open.len() >= MAX_DEPTH {
                    return Err(Fault::broken(format!("its elements are nested more than {MAX_DEPTH} deep")));
                }
                let mut node = Node { name: element.name().to_owned(), ..Node::default() };
                for (name, value) in element.attributes() {
                    node.push(name, Value::Scalar(value));
                }
                open.push(node);
            }
            Event::Text(words) => {
                if let Some(node) = open.last_mut() {
                    node.has_words |= !words.trim().is_empty();
                    node.text.push_str(&words);
                }
            }
            Event::Close(_) => {
                let Some(mut node) = open.pop() else { return Ok(()) };
                match open.last_mut() {
                    Some(parent) => {
                        parent.has_elements = true;
                        parent.text.push_str(&node.text);
                        let name = std::mem::take(&mut node.name);
                        parent.push(name, node.into_value());
                    }
                    None => root = Some(node),
                }
            }
        }
        Ok(())
    })?;
    Ok(root)
}

#[derive(Default)]
struct Node {
    name: String,
    fields: Vec<(String, Value)>,
    /// Place of each name in `fields`.
    places: HashMap<String, usize>,
    /// All text inside, without tags.
    text: String,
    /// Whether words stand directly inside, not only in elements.
    has_words: bool,
    has_elements: bool,
}

impl Node {
    /// Elements of the same name become one list.
    fn push(&mut self, name: String, value: Value) {
        let Some(known) = self.places.get(&name).and_then(|&place| self.fields.get_mut(place)) else {
            self.places.insert(name.clone(), self.fields.len());
            self.fields.push((name, value));
            return;
        };
        match &mut known.1 {
            Value::List(items) => items.push(value),
            first => {
                let first_value = std::mem::replace(first, Value::Scalar(String::new()));
                *first = Value::List(vec![first_value, value]);
            }
        }
    }

    fn into_value(self) -> Value {
        let words = self.text.split_whitespace().collect::<Vec<_>>().join(" ");
        if self.has_words && (self.has_elements || self.fields.is_empty()) {
            // A value, or a sentence with marks in it.
            return Value::Scalar(words);
        }
        let mut fields = self.fields;
        if self.has_words {
            fields.insert(0, (String::new(), Value::Scalar(words)));
        }
        match fields.pop() {
            None => Value::Scalar(String::new()),
            Some((_, Value::List(items))) if fields.is_empty() => Value::List(items),
            Some(last) => {
                fields.push(last);
                Value::Fields(fields)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(xml: &str) -> Result<String, Fault> {
        Ok(parse(xml.as_bytes())?.finish("file", 1 << 20)?.text)
    }

    #[test]
    fn records_sections_and_sentences() -> Result<(), Fault> {
        let cases = [
            ("<a><b><n>1</n><m>x</m></b><b><n>2</n></b></a>", "n: 1; m: x\nn: 2"),
            ("<a><t>Head</t><s><x k='v'>1</x></s></a>", "t: Head\n\n# s\n\nx: 1; x.k: v"),
            ("<d><p>A <b>bold</b> word &amp; more</p><p>Two</p></d>", "A bold word & more\nTwo"),
            ("<?xml version='1.0'?><!DOCTYPE d [<!ENTITY a 'x'>]><d>v&a;</d>", "v"),
        ];
        for (xml, expected) in cases {
            assert_eq!(text(xml)?, expected, "{xml}");
        }
        Ok(())
    }

    #[test]
    fn a_billion_laughs_are_not_heard() -> Result<(), Fault> {
        let entities: String =
            (1..10).map(|n| format!("<!ENTITY l{n} '{}'>", format!("&l{};", n - 1).repeat(10))).collect();
        let bomb = format!("<!DOCTYPE b [<!ENTITY l0 'lol'>{entities}]><b><w>dry</w>&l9;</b>");
        assert_eq!(text(&bomb)?, "w: dry");
        let outside = "<!DOCTYPE b [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><b><w>dry</w>&x;</b>";
        assert_eq!(text(outside)?, "w: dry");
        Ok(())
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = format!("{}x{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        assert!(matches!(text(&deep), Err(Fault::Broken(_))));
    }
}
