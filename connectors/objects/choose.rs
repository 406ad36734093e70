//! Which of the listed files are read, and what their revision is.

use domain::EngineResult;
use jiff::{SignedDuration, Timestamp};

use super::store::{Entry, Listing, Tag, What};
use crate::{
    folder::{is_leftover, unknown_extension},
    globs::Globs,
};

/// Seconds after which a file's time can be relied on, also when the system's clock is some minutes off.
const SETTLED_SECS: i64 = 300;

/// Largest file that is read, unless the settings say otherwise.
pub(super) fn default_max_file_bytes() -> u64 {
    64 << 20
}

/// The settings about which files are read.
pub(super) struct Choice {
    include: Option<Globs>,
    exclude: Globs,
    pub(super) max_file_bytes: u64,
}

/// A file to read, or to report with the reason why not.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    pub(super) id: String,
    pub(super) bytes: u64,
    pub(super) modified_at: Option<Timestamp>,
    pub(super) revision: Option<String>,
    pub(super) refusal: Option<String>,
}

impl Choice {
    pub(super) fn new(include: &[String], exclude: &[String], max_file_bytes: u64) -> EngineResult<Self> {
        let include = if include.is_empty() { None } else { Some(Globs::new(include)?) };
        Ok(Self { include, exclude: Globs::new(exclude)?, max_file_bytes })
    }

    /// What a sync visits, by id.
    pub(super) fn plan(&self, listing: Listing, now: Timestamp) -> Vec<Found> {
        let mut found: Vec<Found> = listing.files.into_iter().filter_map(|entry| self.found(entry, now)).collect();
        found.extend(listing.unlisted.into_iter().map(|(id, reason)| Found {
            id,
            bytes: 0,
            modified_at: None,
            revision: None,
            refusal: Some(format!("it cannot be listed: {reason}")),
        }));
        found.sort_by(|a, b| a.id.cmp(&b.id));
        found.dedup_by(|a, b| a.id == b.id);
        found
    }

    fn found(&self, entry: Entry, now: Timestamp) -> Option<Found> {
        let Entry { id, what, bytes, modified_at, tag } = entry;
        let is_included = self.include.as_ref().is_none_or(|globs| globs.matches(&id));
        let is_hidden = id.split('/').any(|part| is_leftover(part) && part != "." && part != "..");
        if what == What::Folder || is_hidden || !is_included || self.exclude.matches(&id) {
            return None;
        }
        let refusal = match what {
            What::Other(reason) => Some(reason.to_owned()),
            _ if !is_plain(&id) => Some("its name has parts that cannot be asked for safely: rename it".to_owned()),
            _ if bytes > self.max_file_bytes => {
                Some(format!("it has {bytes} bytes, over the limit of {}", self.max_file_bytes))
            }
            _ => unknown_extension(&id),
        };
        Some(Found { revision: revision(tag, modified_at, now), id, bytes, modified_at, refusal })
    }
}

/// Whether a name survives every URL, path and command it is asked for with.
pub(super) fn is_plain(id: &str) -> bool {
    let is_odd = |part: &str| matches!(part, "" | "." | "..");
    let is_unreadable = |c: char| c.is_control() || c == '\u{FFFD}';
    id == id.trim() && !id.split('/').any(is_odd) && !id.contains(is_unreadable)
}

fn revision(tag: Tag, modified_at: Option<Timestamp>, now: Timestamp) -> Option<String> {
    match tag {
        Tag::Exact(tag) => Some(tag),
        Tag::Timed(tag) => {
            let settles_at = modified_at?.checked_add(SignedDuration::from_secs(SETTLED_SECS)).ok()?;
            (settles_at < now).then_some(tag)
        }
        Tag::None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(id: &str) -> Entry {
        Entry { id: id.into(), what: What::File, bytes: 1, modified_at: None, tag: Tag::None }
    }

    fn now() -> Timestamp {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn names_that_mean_something_to_a_url_or_a_command_are_reported_and_never_asked_for() {
        let choice = Choice::new(&[], &[], 10).unwrap();
        let names =
            ["../b.md", "a/../../b.md", "a//b.md", "/a.md", "a\r\nDELE b.md", " a.md", "bad\u{FFFD}.md", "./a.md"];
        for name in names {
            let plan = choice.plan(Listing { files: vec![file(name)], unlisted: Vec::new() }, now());
            assert!(plan.iter().all(|found| found.refusal.is_some()) && plan.len() == 1, "{name:?}: {plan:?}");
        }
        for name in ["a b/ü#1?.md", "a..b.md", "100%.txt", "no extension"] {
            let plan = choice.plan(Listing { files: vec![file(name)], unlisted: Vec::new() }, now());
            assert!(plan.iter().all(|found| found.refusal.is_none()) && plan.len() == 1, "{name:?}: {plan:?}");
        }
    }

    #[test]
    fn hidden_excluded_and_folders_are_left_out_and_the_rest_is_named() {
        let choice = Choice::new(&["docs".into()], &["drafts".into(), "*.txt".into()], 10).unwrap();
        let names =
            ["docs/a.md", "docs/.git/b.md", "docs/~$a.docx", "docs/Thumbs.db", "docs/c.txt", "c.md", "docs/d.xyz"];
        let mut files: Vec<Entry> = names.into_iter().map(file).collect();
        files.push(Entry { bytes: 11, ..file("docs/big.md") });
        files.push(Entry { what: What::Folder, ..file("docs/folder") });
        let plan = choice.plan(Listing { files, unlisted: vec![("docs/shut".into(), "no".into())] }, now());
        let plan: Vec<_> = plan.iter().map(|found| (found.id.as_str(), found.refusal.as_deref())).collect();
        let expected = [
            ("docs/a.md", None),
            ("docs/big.md", Some("it has 11 bytes, over the limit of 10")),
            ("docs/d.xyz", Some("no parser for .xyz files")),
            ("docs/shut", Some("it cannot be listed: no")),
        ];
        assert_eq!(plan, expected);
    }

    #[test]
    fn a_revision_made_from_a_time_counts_only_once_the_time_has_passed() {
        let at = |text: &str| revision(Tag::Timed("t".into()), Some(text.parse().unwrap()), now());
        assert_eq!(at("2026-11-24T11:59:59Z"), None);
        assert_eq!(at("2026-11-24T13:00:00Z"), None);
        assert_eq!(at("2026-11-24T11:50:00Z"), Some("t".into()));
        assert_eq!(revision(Tag::Timed("t".into()), None, now()), None);
        assert_eq!(revision(Tag::Exact("e".into()), None, now()), Some("e".into()));
    }
}
