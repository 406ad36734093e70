//! Where a sync stands: for each channel how far it has been read, and for whom.

use std::collections::BTreeMap;

use domain::{Cursor, Principal};
use serde::{Deserialize, Serialize};

/// The cursor. One that cannot be read starts over.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Place(pub(super) BTreeMap<String, Progress>);

/// How far a channel has been read.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Its readers then. With others, all of it is read again.
    pub(super) readers: Vec<String>,
    /// When the last pass through it began, in seconds.
    pub(super) read_at: Option<i64>,
    /// The pass that is under way.
    pub(super) pass: Option<Pass>,
}

/// A walk from the newest day to older ones.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Pass {
    pub(super) began: i64,
    /// Days (since 1970) from this one on have been read.
    pub(super) day: i64,
}

impl Place {
    pub(super) fn at(cursor: Option<&Cursor>) -> Self {
        cursor.and_then(|cursor| serde_json::from_str(&cursor.0).ok()).unwrap_or_default()
    }

    pub(super) fn cursor(&self) -> Cursor {
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }
}

impl Progress {
    pub(super) fn new(readers: &[Principal]) -> Self {
        Self { readers: readers.iter().map(ToString::to_string).collect(), read_at: None, pass: None }
    }
}
