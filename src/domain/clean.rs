//! Rules of a source that take out of its documents what no answer should be drawn from.

use serde::{Deserialize, Serialize};

/// One step of cleaning, applied to the parsed text. `REGEX` is a regular expression of the `regex` crate, without
/// look-around; `^` and `$` stand for the ends of lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Keys", into = "Keys")]
pub enum CleanRule {
    /// `{"remove_lines": REGEX}`: lines in which it matches.
    RemoveLines(String),
    /// `{"replace": REGEX, "with": TEXT}`: every match by the text, in which `$1` stands for a group.
    Replace { pattern: String, with: String },
    /// `{"cut_before": REGEX}`: everything before the first match.
    CutBefore(String),
    /// `{"cut_after": REGEX}`: everything after the first match.
    CutAfter(String),
    /// `{"boilerplate": true}`: lines that recur at the top or the bottom of most pages.
    Boilerplate,
}

impl CleanRule {
    /// What the rule is called where it is written.
    pub fn name(&self) -> &'static str {
        match self {
            Self::RemoveLines(_) => "remove_lines",
            Self::Replace { .. } => "replace",
            Self::CutBefore(_) => "cut_before",
            Self::CutAfter(_) => "cut_after",
            Self::Boilerplate => "boilerplate",
        }
    }
}

/// A rule as it is written.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Keys {
    #[serde(skip_serializing_if = "Option::is_none")]
    remove_lines: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    with: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cut_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cut_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    boilerplate: Option<bool>,
}

impl TryFrom<Keys> for CleanRule {
    type Error = String;

    fn try_from(keys: Keys) -> Result<Self, String> {
        let Keys { remove_lines, replace, with, cut_before, cut_after, boilerplate } = keys;
        match (remove_lines, replace, with, cut_before, cut_after, boilerplate) {
            (Some(pattern), None, None, None, None, None) => Ok(Self::RemoveLines(pattern)),
            (None, Some(pattern), Some(with), None, None, None) => Ok(Self::Replace { pattern, with }),
            (None, Some(_), None, None, None, None) => {
                Err("`replace` needs `with`: what stands there instead, \"\" for nothing".into())
            }
            (None, None, None, Some(pattern), None, None) => Ok(Self::CutBefore(pattern)),
            (None, None, None, None, Some(pattern), None) => Ok(Self::CutAfter(pattern)),
            (None, None, None, None, None, Some(true)) => Ok(Self::Boilerplate),
            (None, None, None, None, None, Some(false)) => {
                Err("`boilerplate` can only be true: leave the rule out instead".into())
            }
            _ => {
                Err("a cleaning rule is exactly one of remove_lines, replace (with `with`), cut_before, cut_after and \
                      boilerplate"
                    .into())
            }
        }
    }
}

impl From<CleanRule> for Keys {
    fn from(rule: CleanRule) -> Self {
        match rule {
            CleanRule::RemoveLines(pattern) => Self { remove_lines: Some(pattern), ..Self::default() },
            CleanRule::Replace { pattern, with } => {
                Self { replace: Some(pattern), with: Some(with), ..Self::default() }
            }
            CleanRule::CutBefore(pattern) => Self { cut_before: Some(pattern), ..Self::default() },
            CleanRule::CutAfter(pattern) => Self { cut_after: Some(pattern), ..Self::default() },
            CleanRule::Boilerplate => Self { boilerplate: Some(true), ..Self::default() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_read_as_they_are_written() {
        let written = r#"[{"remove_lines":"^Page \\d+"},{"replace":"ACME™","with":"ACME"},{"cut_before":"^# "},{"cut_after":"^Related"},{"boilerplate":true}]"#;
        let read = serde_json::from_str::<Vec<CleanRule>>(written);
        assert!(read.as_ref().is_ok_and(|rules| rules.len() == 5 && rules[4] == CleanRule::Boilerplate));
        assert_eq!(read.and_then(|rules| serde_json::to_string(&rules)).ok().as_deref(), Some(written));
    }

    #[test]
    fn rules_of_no_meaning_are_refused_with_a_reason() {
        let wrong = [
            (r#"{"replace":"a"}"#, "needs `with`"),
            (r#"{"remove_line":"a"}"#, "remove_lines"),
            (r#"{"remove_lines":"a","cut_after":"b"}"#, "exactly one"),
            (r#"{"with":"b"}"#, "exactly one"),
            (r#"{"boilerplate":false}"#, "only be true"),
            ("{}", "exactly one"),
        ];
        for (written, reason) in wrong {
            let error = serde_json::from_str::<CleanRule>(written).map_err(|error| error.to_string());
            assert!(error.as_ref().is_err_and(|error| error.contains(reason)), "{written}: {error:?}");
        }
    }
}
