//! JSON and JSON lines, in the order in which the file names things.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

use super::{
    super::{charset, error::Fault},
    Draft, Value, write, write_item,
};

pub(in super::super) fn parse(bytes: &[u8]) -> Result<Draft, Fault> {
    let text = charset::decode(bytes).ok_or_else(|| Fault::broken("it holds binary data, not text"))?;
    let text = text.trim_start_matches('\u{FEFF}').trim();
    let mut draft = Draft::default();
    match serde_json::from_str::<Value>(text) {
        Ok(value) => write(&value, 1, &mut draft),
        Err(error) => {
            let values: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(text).into_iter().collect();
            match values {
                Ok(values) => values.iter().for_each(|value| write_item(value, &mut draft)),
                Err(_) => {
                    draft.note(format!("it is not valid JSON ({error}) and was read as plain text"));
                    draft.push(text);
                }
            }
        }
    }
    Ok(draft)
}

/// One value per line; a line that is none stays as it is.
pub(in super::super) fn parse_lines(bytes: &[u8]) -> Result<Draft, Fault> {
    let text = charset::decode(bytes).ok_or_else(|| Fault::broken("it holds binary data, not text"))?;
    let mut draft = Draft::default();
    for (number, line) in (1..).zip(text.trim_start_matches('\u{FEFF}').lines()) {
        let line = line.trim();
        match serde_json::from_str::<Value>(line) {
            _ if line.is_empty() => {}
            Ok(value) => write_item(&value, &mut draft),
            // A value may go on over lines after all.
            Err(_) if number == 1 => return parse(bytes),
            Err(_) => {
                draft.note("lines that are not valid JSON were read as plain text");
                draft.push(line);
                draft.push("\n");
            }
        }
    }
    Ok(draft)
}

impl<'de> Deserialize<'de> for Value {
    /// Nesting is bounded by the JSON reader (128 levels).
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Scalar(String::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            fields.push(entry);
        }
        Ok(Value::Fields(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> String {
        parse(json.as_bytes()).and_then(|draft| draft.finish("file", 1 << 20)).map(|d| d.text).unwrap_or_default()
    }

    #[test]
    fn records_are_lines_and_parts_are_sections() {
        let cases = [
            (r#"{"name":"Ada","age":36,"tags":["x","y"],"gone":null}"#, "name: Ada; age: 36; tags: x, y"),
            (r#"[{"b":1,"a":{"c":true}},{"b":2}]"#, "b: 1; a.c: true\nb: 2"),
            (r#"{"server":{"port":80,"tls":{"on":false}}}"#, "# server\n\nport: 80\n\n## tls\n\non: false"),
            (r#"{"text":"one\ntwo","id":3}"#, "text: one\ntwo\nid: 3"),
            (r#""just words""#, "just words"),
            (r#"{"broken": "#, r#"{"broken":"#),
            ("{\"a\":1}\n{\"a\":2}", "a: 1\na: 2"),
        ];
        for (json, text) in cases {
            assert_eq!(read(json), text, "{json}");
        }
    }

    #[test]
    fn lines_are_read_one_by_one() -> Result<(), Fault> {
        let draft = parse_lines(b"{\"id\":1,\"t\":\"a\"}\nnot json\n{\"id\":2}\n")?;
        let document = draft.finish("file", 1 << 20)?;
        assert_eq!(document.text, "id: 1; t: a\nnot json\nid: 2");
        assert_eq!(document.notes, ["lines that are not valid JSON were read as plain text"]);
        Ok(())
    }
}
