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
}

impl Position {
    pub(super) fn resume(cursor: Option<&Cursor>, open: BTreeSet<String>) -> Self {
        let held: Option<Self> = cursor.and_then(|cursor| serde_json::from_str(&cursor.0).ok());
        held.filter(|held| held.open == open).unwrap_or(Self { open, ..Self::default() })
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
        let mut position = Position::resume(None, BTreeSet::new());
        assert_eq!((position.updated_within(now), position.is_listing_due(now, 24)), (None, true));
        position.updated = Some("2026-03-01T10:00:59.5Z".parse().unwrap());
        position.listed(now);
        let cursor = position.cursor().unwrap();
        let held = Position::resume(Some(&cursor), BTreeSet::new());
        assert_eq!(held, position);
        assert_eq!(held.updated_within(now), Some(119 + OVERLAP_MINUTES));
        assert!(!held.is_listing_due(now, 24) && held.is_listing_due(now, 0));
        let opened = Position::resume(Some(&cursor), BTreeSet::from(["1".to_owned()]));
        assert_eq!((opened.updated_within(now), opened.is_listing_due(now, 24)), (None, true));
    }
}
