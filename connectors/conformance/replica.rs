//! A store in miniature: applies batches by the rules that the sync recipe has.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use domain::{Batch, Change, Connector, Cursor, EngineResult, Principal, Since};
use futures::StreamExt;

/// What a sync has made of a source so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replica {
    pub(crate) documents: BTreeMap<String, Held>,
    pub(crate) failures: BTreeMap<String, String>,
    pub(crate) members: BTreeMap<String, BTreeSet<String>>,
    pub(crate) cursor: Option<Cursor>,
    /// Documents whose bytes were delivered in the last sync.
    pub(crate) fetched: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Held {
    pub(crate) text: String,
    pub(crate) title: Option<String>,
    pub(crate) uri: String,
    readers: BTreeSet<Principal>,
    revision: Option<String>,
}

impl Replica {
    pub(crate) fn since(&self) -> Since {
        let held = self.documents.iter().map(|(id, held)| (id.clone(), held.revision.clone()));
        // What failed has no revision, whatever is still stored of it.
        let failed = self.failures.keys().map(|id| (id.clone(), None));
        Since { cursor: self.cursor.clone(), held: Arc::new(held.chain(failed).collect::<HashMap<_, _>>()) }
    }

    /// A whole sync; what was applied before an error stays.
    pub(crate) async fn sync(&mut self, connector: &dyn Connector) -> EngineResult<()> {
        self.sync_batches(connector, usize::MAX).await.map(|_| ())
    }

    /// At most `most` batches of a sync, as if the process was killed then. Returns whether the sync had ended by itself.
    pub(crate) async fn sync_batches(&mut self, connector: &dyn Connector, most: usize) -> EngineResult<bool> {
        self.fetched = 0;
        let mut batches = connector.changes(self.since());
        for _ in 0..most {
            let Some(batch) = batches.next().await else { return Ok(true) };
            self.apply(batch?);
        }
        Ok(false)
    }

    fn apply(&mut self, batch: Batch) {
        let bytes: usize = batch.changes.iter().map(size).sum();
        assert!(batch.changes.len() <= 1_000 && bytes <= 128 << 20, "a batch is bounded");
        for change in batch.changes {
            self.change(change);
        }
        if let Some(listing) = batch.listing.filter(|listing| !listing.is_empty()) {
            let listed: BTreeSet<String> = listing.into_iter().collect();
            self.documents.retain(|id, _| listed.contains(id));
            self.failures.retain(|id, _| listed.contains(id));
        }
        self.cursor = batch.cursor;
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Upsert(raw) => {
                assert!(!raw.readers.is_empty(), "{} has no readers", raw.external_id);
                assert!(
                    !raw.uri.is_empty() && !raw.file_name.is_empty(),
                    "{} has no address or file name",
                    raw.external_id
                );
                self.fetched += 1;
                self.failures.remove(&raw.external_id);
                let held = Held {
                    text: String::from_utf8_lossy(&raw.bytes).into_owned(),
                    title: raw.title,
                    uri: raw.uri,
                    readers: raw.readers.into_iter().collect(),
                    revision: raw.revision,
                };
                self.documents.insert(raw.external_id, held);
            }
            Change::Unchanged { external_id, readers } => match self.documents.get_mut(&external_id) {
                Some(held) => held.readers = readers.into_iter().collect(),
                None => assert!(self.failures.contains_key(&external_id), "{external_id} was never held"),
            },
            Change::Access { external_id, readers } => {
                if let Some(held) = self.documents.get_mut(&external_id) {
                    held.readers = readers.into_iter().collect();
                }
            }
            Change::Delete { external_id } => {
                self.documents.remove(&external_id);
                self.failures.remove(&external_id);
            }
            Change::Failed { external_id, reason, readers } => {
                if let (Some(held), Some(readers)) = (self.documents.get_mut(&external_id), readers) {
                    held.readers = readers.into_iter().collect();
                }
                self.failures.insert(external_id, reason);
            }
            Change::Members { group, members } => {
                self.members
                    .insert(group.to_lowercase(), members.into_iter().map(|email| email.to_lowercase()).collect());
            }
        }
    }

    /// Which of `markers` the live documents hold, each with how many documents hold it.
    pub(crate) fn found(&self, markers: impl IntoIterator<Item = String>) -> BTreeMap<String, usize> {
        let holds = |held: &Held, marker: &str| {
            held.text.contains(marker) || held.title.as_ref().is_some_and(|title| title.contains(marker))
        };
        let count = |marker: &str| self.documents.values().filter(|held| holds(held, marker)).count();
        markers.into_iter().map(|marker| (marker.clone(), count(&marker))).filter(|(_, count)| *count > 0).collect()
    }

    /// Who may read the document that holds `marker`: e-mail addresses, groups of the system resolved to theirs.
    pub(crate) fn readers(&self, marker: &str) -> BTreeSet<String> {
        let Some(held) = self.documents.values().find(|held| held.text.contains(marker)) else {
            return BTreeSet::new();
        };
        let mut emails = BTreeSet::new();
        for principal in &held.readers {
            match principal.as_str().split_once(':') {
                Some(("user", email)) => drop(emails.insert(email.to_owned())),
                Some(("source-group", group)) => emails.extend(self.members.get(group).cloned().unwrap_or_default()),
                _ => drop(emails.insert(principal.to_string())),
            }
        }
        emails
    }
}

fn size(change: &Change) -> usize {
    if let Change::Upsert(raw) = change { raw.bytes.len() } else { 0 }
}
