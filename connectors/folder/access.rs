//! `access.toml` in the folder's root: which principals may read which files.

use std::{io::ErrorKind, path::Path};

use domain::{EngineError, EngineResult, Principal};
use serde::Deserialize;

use crate::globs::Globs;

pub(super) const FILE_NAME: &str = "access.toml";
const MAX_FILE_BYTES: u64 = 1 << 20;

/// The rules in file order; the last one that matches a path decides.
#[derive(Debug)]
pub(super) struct AccessRules {
    rules: Vec<(Globs, Vec<Principal>)>,
    otherwise: Vec<Principal>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    path: String,
    readers: Vec<Principal>,
}

impl AccessRules {
    /// Reads the rules of the folder at `root`. Anything but a good file or none stops the sync:
    /// better no new documents than documents for the wrong readers.
    pub(super) fn read(root: &Path, otherwise: &[Principal]) -> EngineResult<Self> {
        let path = root.join(FILE_NAME);
        let fail = |detail: String| EngineError::give_up(format!("read access rules {}: {detail}", path.display()));
        let text = match std::fs::symlink_metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(fail(error.to_string())),
            Ok(metadata) if !metadata.is_file() => return Err(fail("it is not a regular file".into())),
            Ok(metadata) if metadata.len() > MAX_FILE_BYTES => return Err(fail("it is over 1 MB".into())),
            Ok(_) => std::fs::read_to_string(&path).map_err(|error| fail(error.to_string()))?,
        };
        Self::parse(&text, otherwise).map_err(fail)
    }

    fn parse(text: &str, otherwise: &[Principal]) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut rules = Vec::with_capacity(file.rule.len());
        for Rule { path, readers } in file.rule {
            if readers.is_empty() {
                return Err(format!("the rule for `{path}` names no readers"));
            }
            let globs = Globs::new(std::slice::from_ref(&path)).map_err(|error| error.message)?;
            rules.push((globs, readers));
        }
        Ok(Self { rules, otherwise: otherwise.to_vec() })
    }

    pub(super) fn readers(&self, path: &str) -> Vec<Principal> {
        let matching = self.rules.iter().rev().find(|(globs, _)| globs.matches(path));
        matching.map_or(&self.otherwise, |(_, readers)| readers).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_match_wins() -> Result<(), String> {
        let text = "[[rule]]\npath = \"people/**\"\nreaders = [\"group:people\"]\n[[rule]]\npath = \"people/open.md\"\nreaders = [\"everyone\", \"user:A@x.org\"]\n";
        let rules = AccessRules::parse(text, &[Principal::group("staff")])?;
        assert_eq!(rules.readers("people/pay.md"), [Principal::group("people")]);
        assert_eq!(rules.readers("people/open.md"), [Principal::everyone(), Principal::user("a@x.org")]);
        assert_eq!(rules.readers("handbook.md"), [Principal::group("staff")]);
        Ok(())
    }

    #[test]
    fn whatever_is_not_understood_is_an_error() {
        for text in [
            "[[rules]]\npath = \"a\"\nreaders = [\"everyone\"]",
            "[[rule]]\npath = \"a\"\nreaders = []",
            "[[rule]]\npath = \"a\"\nreader = [\"everyone\"]",
            "[[rule]]\npath = \"a\"\nreaders = [\"people\"]",
            "[[rule]]\npath = \"a[\"\nreaders = [\"everyone\"]",
            "[[rule]]\npath = \"../a\"\nreaders = [\"everyone\"]",
            "[[rule]\n",
        ] {
            assert!(AccessRules::parse(text, &[Principal::everyone()]).is_err(), "{text}");
        }
    }
}
