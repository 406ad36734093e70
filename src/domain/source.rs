//! What a connector is told and what it reports: batches of changes, each with the cursor that follows it.

use std::{collections::HashMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{Principal, RawDocument};

/// Opaque position in a source, meaningful only to its connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// What the store holds of a source already, so that nothing is fetched twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// Where the last sync ended or was cut off; `None` starts over.
    pub cursor: Option<Cursor>,
    /// What is stored, or failed, by external id: with the revision it was fetched at, as far as it is known and today's
    /// parsers have read it. Without one it is to be fetched.
    pub held: Arc<HashMap<String, Option<String>>>,
}

impl Since {
    /// Whether the item has been fetched at this very revision, so that [`Change::Unchanged`] says enough.
    pub fn holds(&self, external_id: &str, revision: &str) -> bool {
        self.revision(external_id) == Some(revision)
    }

    /// Whether the item is stored or has failed: something to delete when it is gone.
    pub fn has(&self, external_id: &str) -> bool {
        self.held.contains_key(external_id)
    }

    /// The revision at which the item was fetched.
    pub fn revision(&self, external_id: &str) -> Option<&str> {
        self.held.get(external_id)?.as_deref()
    }

    /// Every item that is stored or has failed.
    pub fn ids(&self) -> impl Iterator<Item = &String> {
        self.held.keys()
    }
}

impl From<Option<Cursor>> for Since {
    fn from(cursor: Option<Cursor>) -> Self {
        Self { cursor, held: Arc::default() }
    }
}

/// One thing that differs, or may differ, from what the store holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// New or possibly changed; the store skips it when its bytes, title, address and readers are the same.
    Upsert(RawDocument),
    /// It exists at a revision that [`Since::holds`]: not fetched again. Its readers still count.
    Unchanged { external_id: String, readers: Vec<Principal> },
    /// Only the readers changed.
    Access { external_id: String, readers: Vec<Principal> },
    /// The source says it is gone.
    Delete { external_id: String },
    /// It exists but could not be fetched; what the store holds stays, for `readers` where they are known.
    Failed { external_id: String, reason: String, readers: Option<Vec<Principal>> },
    /// The e-mail addresses in a group of the source: all of them, replacing what was known.
    /// Documents name the group by [`Principal::source_group`].
    Members { group: String, members: Vec<String> },
}

/// A step of a sync. It is applied, with its cursor, in one transaction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    pub changes: Vec<Change>,
    /// Where to resume after this batch; `None` means from the start. On the last batch: where the next sync starts.
    pub cursor: Option<Cursor>,
    /// On the last batch of a full listing: the external id of everything that exists.
    /// What the store holds beyond it is deleted, unless the listing is empty.
    pub listing: Option<Vec<String>>,
    /// How many items this sync will visit, as far as known; for the progress bar.
    pub total: Option<u64>,
}
