//! `access.toml` in the folder's root: which principals may read which files.

use std::{collections::BTreeSet, io::ErrorKind, path::Path};

use domain::{EngineError, EngineResult, Principal};
use serde::Deserialize;

use crate::globs::Globs;

pub(super) const FILE_NAME: &str = "access.toml";
const MAX_FILE_BYTES: u64 = 1 << 20;

/// The rules in file order; the last one that matches a path decides.
#[derive(Debug)]
pub(super) struct AccessRules {
    rules: Vec<Known>,
    otherwise: Vec<Principal>,
    /// Whether there is a file of rules, be it empty.
    pub(super) is_there: bool,
}

#[derive(Debug)]
struct Known {
    path: String,
    globs: Globs,
    readers: Vec<Principal>,
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
    /// better no new documents than documents for the wrong readers. So does the lack of one that was there before
    /// (`were_there`): some editors put a file aside while they save it.
    pub(super) fn read(root: &Path, otherwise: &[Principal], were_there: bool) -> EngineResult<Self> {
        let path = root.join(FILE_NAME);
        let fail = |detail: String| EngineError::give_up(format!("read access rules {}: {detail}", path.display()));
        let text = match std::fs::symlink_metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound && were_there => {
                return Err(fail(
                    "the file was there at the last sync and is gone, so that nobody can say who may read what: put it \
                     back, or an empty one if no rules are wanted"
                        .into(),
                ));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Self { rules: Vec::new(), otherwise: otherwise.to_vec(), is_there: false });
            }
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
            rules.push(Known { path, globs, readers });
        }
        Ok(Self { rules, otherwise: otherwise.to_vec(), is_there: true })
    }

    pub(super) fn readers(&self, path: &str) -> Vec<Principal> {
        let matching = self.rules.iter().rev().find(|rule| rule.globs.matches(path));
        matching.map_or(&self.otherwise, |rule| &rule.readers).clone()
    }

    /// Adds the numbers of the rules that match `path` to `met`.
    pub(super) fn note(&self, path: &str, met: &mut BTreeSet<usize>) {
        for (number, rule) in self.rules.iter().enumerate() {
            if !met.contains(&number) && rule.globs.matches(path) {
                met.insert(number);
            }
        }
    }

    /// The patterns of the rules that matched nothing: most likely they are misspelt, and what they mean to protect is open.
    pub(super) fn unmet<'a>(&'a self, met: &'a BTreeSet<usize>) -> impl Iterator<Item = &'a str> {
        let unmet = self.rules.iter().enumerate().filter(|(number, _)| !met.contains(number));
        unmet.map(|(_, rule)| rule.path.as_str())
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
