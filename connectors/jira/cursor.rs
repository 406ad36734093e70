//! Where a sync stands: the time of update it has reached, and when everything was listed last.
//!
//! JQL compares times by the minute, and reads dates in the time zone of the account's profile. Times relative to now
//! (`updated >= "-90m"`) have no zone; the overlap makes up for minutes, for clocks that differ and for a search
//! index that lags (<https://support.atlassian.com/jira-software-cloud/docs/jql-fields/#Updated>).

use std::collections::BTreeSet;

use domain::Cursor;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::client::Issue;

/// How far back a search goes beyond the last issue seen.
const OVERLAP_MINUTES: i64 = 60;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Position {
    updated: Option<Timestamp>,
    listed: Option<Timestamp>,
    /// Projects that everyone may read. Their issues say so themselves, so when this changes all are visited.
    open: BTreeSet<String>,
    /// Projects of which nobody can say who may read them. Likewise.
    #[serde(default)]
    closed: BTreeSet<String>,
    /// The groups whose members have been told: a project that is no longer listed has none.
    #[serde(default)]
    groups: BTreeSet<String>,
}

impl Position {
    pub(super) fn at(cursor: Option<&Cursor>) -> Self {
        cursor.and_then(|cursor| serde_json::from_str(&cursor.0).ok()).unwrap_or_default()
    }

    /// Where the sync goes on, which is the start where other projects are open or closed than before.
    pub(super) fn resume(self, open: BTreeSet<String>, closed: BTreeSet<String>) -> Self {
        if self.open == open && self.closed == closed {
            return self;
        }
        Self { open, closed, groups: self.groups, ..Self::default() }
    }

    /// Remembers groups whose members are told.
    pub(super) fn tell(&mut self, groups: impl IntoIterator<Item = String>) {
        self.groups.extend(groups);
    }

    /// Forgets the groups other than `told`, and returns them.
    pub(super) fn forget_others(&mut self, told: &BTreeSet<String>) -> Vec<String> {
        let others: Vec<String> = self.groups.difference(told).cloned().collect();
        self.groups.retain(|group| told.contains(group));
        others
    }

    /// Minutes before now that the search begins; `None` for the beginning of time.
    pub(super) fn updated_within(&self, now: Timestamp) -> Option<i64> {
        let minutes = now.duration_since(self.updated?).as_mins();
        Some(minutes.max(0) + OVERLAP_MINUTES)
    }

    pub(super) fn reach(&mut self, issue: &Issue) {
        self.updated = self.updated.max(issue.updated_at());
    }

    pub(super) fn is_listing_due(&self, now: Timestamp, hours: u32) -> bool {
        self.listed.is_none_or(|listed| now.duration_since(listed) >= SignedDuration::from_hours(hours.into()))
    }

    pub(super) fn listed(&mut self, now: Timestamp) {
        self.listed = Some(now);
    }

    pub(super) fn cursor(&self) -> Option<Cursor> {
        serde_json::to_string(self).ok().map(Cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_as_a_cursor_unless_other_projects_are_open() {
        let now: Timestamp = "2026-03-01T12:00:30Z".parse().unwrap();
        let resume = |cursor: Option<&Cursor>, open: &[&str], closed: &[&str]| {
            let set = |ids: &[&str]| ids.iter().map(ToString::to_string).collect();
            Position::at(cursor).resume(set(open), set(closed))
        };
        let mut position = resume(None, &[], &[]);
        assert_eq!((position.updated_within(now), position.is_listing_due(now, 24)), (None, true));
        position.updated = Some("2026-03-01T10:00:59.5Z".parse().unwrap());
        position.listed(now);
        let cursor = position.cursor().unwrap();
        let held = resume(Some(&cursor), &[], &[]);
        assert_eq!(held, position);
        assert_eq!(held.updated_within(now), Some(119 + OVERLAP_MINUTES));
        assert!(!held.is_listing_due(now, 24) && held.is_listing_due(now, 0));
        for changed in [resume(Some(&cursor), &["1"], &[]), resume(Some(&cursor), &[], &["1"])] {
            assert_eq!((changed.updated_within(now), changed.is_listing_due(now, 24)), (None, true));
        }
    }

    #[test]
    fn groups_that_are_told_no_more_are_found() {
        let set = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
        let mut position = Position::default();
        position.tell(set(&["a", "b"]));
        let mut later = Position::at(position.cursor().as_ref()).resume(set(&["1"]), BTreeSet::new());
        assert_eq!(later.forget_others(&set(&["b"])), ["a"]);
        assert_eq!(later.forget_others(&set(&["b"])), [""; 0]);
    }
}
