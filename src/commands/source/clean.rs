//! Cleaning rules from a file: TOML with `[[clean]]` tables, or JSON.

use std::path::Path;

use domain::CleanRule;
use ingest::Cleaner;
use serde_json::Value;

use crate::usage::Usage;

/// The rules of the file, each of which can be used.
pub fn read(file: &Path) -> Result<Vec<CleanRule>, Usage> {
    let named = |reason: String| Usage(format!("{}: {reason}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| named(error.to_string()))?;
    parse(&text).map_err(named)
}

fn parse(text: &str) -> Result<Vec<CleanRule>, String> {
    // A header of TOML begins like a list of JSON.
    let start = text.trim_start();
    let is_list = start.strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with(['{', ']']));
    let read: Value = if is_list || start.starts_with('{') {
        serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?
    } else {
        toml::from_str(text).map_err(|error| format!("it is no TOML: {}", error.message()))?
    };
    let list = match read {
        Value::Array(list) => list,
        Value::Object(mut file) => match file.remove("clean") {
            Some(Value::Array(list)) if file.is_empty() => list,
            None if file.is_empty() => Vec::new(),
            _ => return Err("write the rules as [[clean]] tables and nothing else".into()),
        },
        _ => return Err("write the rules as a list".into()),
    };
    let rule = |(n, value): (usize, Value)| {
        serde_json::from_value(value).map_err(|error| format!("cleaning rule {}: {error}", n + 1))
    };
    let rules: Vec<CleanRule> = list.into_iter().enumerate().map(rule).collect::<Result<_, _>>()?;
    Cleaner::new(&rules)?;
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_and_json_say_the_same() {
        let toml = "# Manuals.\n[[clean]]\nboilerplate = true\n[[clean]]\nreplace = '\\s+™'\nwith = ''\n";
        let json = r#"[{"boilerplate": true}, {"replace": "\\s+™", "with": ""}]"#;
        assert_eq!(parse(toml).map(|rules| rules.len()), Ok(2));
        assert_eq!(parse(toml), parse(json));
        assert_eq!(parse(toml), parse(&format!(r#"{{"clean": {json}}}"#)));
        assert_eq!(parse(""), Ok(Vec::new()));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let wrong = [
            ("[[clean]]\nremove_lines = '('", "cleaning rule 1 (remove_lines): `(` is no regular expression"),
            ("[[clean]]\nremove_line = 'x'", "cleaning rule 1: unknown field `remove_line`"),
            ("[clean]\nboilerplate = true", "[[clean]] tables"),
            ("clean = ", "it is no TOML"),
            ("[{", "it is no JSON"),
        ];
        for (text, expected) in wrong {
            let error = parse(text);
            assert!(error.as_ref().is_err_and(|error| error.contains(expected)), "{text}: {error:?}");
        }
    }
}
