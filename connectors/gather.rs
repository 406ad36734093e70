//! Gathers changes into batches of bounded size.

use domain::{Batch, Change, Cursor};

/// Most changes and most bytes of documents in a batch.
const MOST_CHANGES: usize = 64;
const MOST_BYTES: usize = 16 << 20;

/// A batch in the making.
#[derive(Default)]
pub(crate) struct Gather {
    changes: Vec<Change>,
    bytes: usize,
}

impl Gather {
    pub(crate) fn push(&mut self, change: Change) {
        if let Change::Upsert(raw) = &change {
            self.bytes += raw.bytes.len();
        }
        self.changes.push(change);
    }

    pub(crate) fn extend(&mut self, changes: impl IntoIterator<Item = Change>) {
        changes.into_iter().for_each(|change| self.push(change));
    }

    /// Whether the batch should go out now.
    pub(crate) fn is_full(&self) -> bool {
        self.changes.len() >= MOST_CHANGES || self.bytes >= MOST_BYTES
    }

    /// The batch so far, in the middle of a sync; what comes next starts a new one.
    pub(crate) fn take(&mut self, cursor: Option<Cursor>, total: Option<u64>) -> Batch {
        self.bytes = 0;
        Batch { changes: std::mem::take(&mut self.changes), cursor, listing: None, total }
    }

    /// The last batch of a sync. `listing`: everything that exists, where the whole source was listed.
    pub(crate) fn last(mut self, cursor: Option<Cursor>, listing: Option<Vec<String>>) -> Batch {
        let total = listing.as_ref().map(|ids| ids.len() as u64);
        Batch { listing, ..self.take(cursor, total) }
    }
}
