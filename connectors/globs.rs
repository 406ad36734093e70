//! Path patterns as people write them: folders, file names at any depth, or full globs.

use domain::{EngineError, EngineResult};
use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

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
        self.0.is_match(path)
    }
}

/// `docs` is that file or everything below that folder; a pattern without `/` is also a file name at any depth.
fn globs(pattern: &str) -> EngineResult<Vec<Glob>> {
    let trimmed = pattern.trim().trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
    if trimmed.is_empty() || trimmed.split('/').any(|part| part == "..") {
        return Err(EngineError::give_up(format!("pattern `{pattern}`: it does not stay below the source's root")));
    }
    let mut texts = vec![trimmed.to_owned(), format!("{trimmed}/**")];
    if !trimmed.contains('/') {
        texts.push(format!("**/{trimmed}"));
    }
    let build = |text: &String| GlobBuilder::new(text).literal_separator(true).build();
    let built: Result<Vec<Glob>, _> = texts.iter().map(build).collect();
    built.map_err(|error| EngineError::give_up(format!("pattern `{pattern}`: {error}")))
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
        ] {
            assert_eq!(matches(pattern, path)?, expected, "{pattern} on {path}");
        }
        assert!(matches("../secrets", "a").is_err() && matches("a[", "a").is_err() && matches("", "a").is_err());
        Ok(())
    }
}
