//! What a connector reports: batches of changes, each with the cursor that follows it.

use serde::{Deserialize, Serialize};

use crate::{Principal, RawDocument};

/// Opaque position in a source, meaningful only to its connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// One thing that differs, or may differ, from what the store holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// New or possibly changed; the store skips it when its bytes and readers are the same.
    Upsert(RawDocument),
    /// Only the readers changed.
    Access { external_id: String, readers: Vec<Principal> },
    /// The source says it is gone.
    Delete { external_id: String },
    /// It exists but could not be fetched; what the store holds stays, for `readers` where they are known.
    Failed { external_id: String, reason: String, readers: Option<Vec<Principal>> },
}

/// A step of a sync. It is applied, with its cursor, in one transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    pub changes: Vec<Change>,
    /// Where to resume after this batch; `None` means from the start.
    pub cursor: Option<Cursor>,
    /// On the last batch of a full listing: the external id of everything that exists.
    /// What the store holds beyond it is deleted, unless the listing is empty.
    pub listing: Option<Vec<String>>,
    /// How many items this sync will visit, as far as known; for the progress bar.
    pub total: Option<u64>,
}
