//! Path patterns as people write them: folders, file names at any depth, or full globs.

use std::borrow::Cow;

use domain::{EngineError, EngineResult};
use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// A set of patterns over paths relative to a source's root, with `/` between parts.
#[derive(Debug)]
pub(crate) struct Globs(GlobSet);

impl Globs {
    pub(crate) fn new(patterns: &[String]) -> EngineResult<Self> {
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            for glob in globs(pattern)? {
                set.add(glob);
            }
        }
        let set = set.build().map_err(|error| EngineError::give_up(format!("patterns: {error}")))?;
        Ok(Self(set))
    }

    pub(crate) fn matches(&self, path: &str) -> bool {
        self.0.is_match(one_spelling(path).as_ref())
    }
}

/// `docs` is that file or everything below that folder; a pattern without `/` is also a file name at any depth.
fn globs(pattern: &str) -> EngineResult<Vec<Glob>> {
    let trimmed = pattern.trim().trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
    if trimmed.is_empty() || trimmed.split('/').any(|part| part == "..") {
        return Err(EngineError::give_up(format!("pattern `{pattern}`: it does not stay below the source's root")));
    }
    let trimmed = one_spelling(trimmed);
    let mut texts = vec![trimmed.to_string(), format!("{trimmed}/**")];
    if !trimmed.contains('/') {
        texts.push(format!("**/{trimmed}"));
    }
    let build = |text: &String| GlobBuilder::new(text).literal_separator(true).build();
    let built: Result<Vec<Glob>, _> = texts.iter().map(build).collect();
    built.map_err(|error| EngineError::give_up(format!("pattern `{pattern}`: {error}")))
}

/// Systems differ in how they write `ü`, as one character or as two: what looks the same counts as the same (NFC).
fn one_spelling(text: &str) -> Cow<'_, str> {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        _ => Cow::Owned(text.nfc().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_people_expect() -> EngineResult<()> {
        let matches = |pattern: &str, path: &str| Globs::new(&[pattern.to_owned()]).map(|globs| globs.matches(path));
        for (pattern, path, expected) in [
            ("people/**", "people/a/b.md", true),
            ("people", "people/a/b.md", true),
            ("people/", "people/b.md", true),
            ("people/**", "other/people/b.md", false),
            ("*.md", "deep/down/a.md", true),
            ("drafts/*.md", "drafts/a.md", true),
            ("drafts/*.md", "drafts/b/a.md", false),
            ("**/private/**", "a/private/b.md", true),
            ("people", "people2/a.md", false),
            ("B\u{fc}ro/**", "Bu\u{308}ro/a.md", true),
            ("*.tu\u{308}r", "a/b.t\u{fc}r", true),
        ] {
            assert_eq!(matches(pattern, path)?, expected, "{pattern} on {path}");
        }
        assert!(matches("../secrets", "a").is_err() && matches("a[", "a").is_err() && matches("", "a").is_err());
        Ok(())
    }
}
