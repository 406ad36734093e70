//! Reads who may read a row from the text in a column.

use domain::Principal;

/// Most principals of a row.
const MOST: usize = 1_000;

/// E-mail addresses and principals between commas, semicolons or spaces, also as a JSON or PostgreSQL array.
/// Anything else, and nothing at all, is an error: better unread than read by the wrong people.
pub(super) fn parse(cell: &str) -> Result<Vec<Principal>, String> {
    let inside = cell.trim();
    let inside = inside.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(inside);
    let inside = inside.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(inside);
    let words = inside.split(|c: char| matches!(c, ',' | ';') || c.is_whitespace());
    let mut readers = Vec::new();
    for word in words.map(|word| word.trim_matches('"')).filter(|word| !word.is_empty()) {
        let reader = if word.contains('@') && !word.contains(':') { Ok(Principal::user(word)) } else { word.parse() };
        readers.push(reader?);
    }
    match readers.len() {
        0 => Err("its readers column is empty, so nobody could read it".into()),
        count if count > MOST => Err(format!("its readers column names {count}, over the limit of {MOST}")),
        _ => Ok(readers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_name_readers_in_many_spellings() {
        let ann_and_staff = [Principal::user("ann@example.com"), Principal::group("staff")];
        for cell in [
            "ann@example.com,group:staff",
            " Ann@Example.com ; group:Staff ",
            "user:ann@example.com\ngroup:staff",
            r#"["ann@example.com", "group:staff"]"#,
            "{ann@example.com,group:staff}",
        ] {
            assert_eq!(parse(cell).as_deref(), Ok(&ann_and_staff[..]), "{cell}");
        }
        assert_eq!(parse("everyone"), Ok(vec![Principal::everyone()]));
        for cell in ["", " , ", "[]", "ann", "ann@example.com, staff", "team:x", "source-group:x"] {
            assert!(parse(cell).is_err(), "{cell}");
        }
    }
}
