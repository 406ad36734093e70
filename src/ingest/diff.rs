//! Compares what a source reports with what the store knows: pure, decides but does nothing.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use domain::{Change, DocumentId, Principal, RawDocument, SourceId, sha256_hex};
use store::{Known, Write};

/// What a change asks for.
#[derive(Debug, PartialEq)]
pub enum Step {
    /// New, changed, or back again: parse and store. `document` is set when the store has it already.
    Parse {
        raw: RawDocument,
        raw_hash: String,
        document: Option<DocumentId>,
    },
    /// Only the readers differ.
    Access {
        document: DocumentId,
        readers: BTreeSet<Principal>,
    },
    Delete {
        document: DocumentId,
    },
    /// Nothing differs, except perhaps what the source calls it.
    Same {
        external_id: String,
        revision: Option<String>,
    },
    /// Could not be fetched, or failed to parse before with the very same bytes.
    Failed {
        external_id: String,
        raw_hash: Option<String>,
        revision: Option<String>,
        reason: String,
    },
    /// Who is in a group of the source.
    Members {
        group: String,
        members: BTreeSet<String>,
    },
    /// Failed before, and no longer exists.
    Gone {
        external_id: String,
    },
    /// Names something the store never had.
    Nothing,
}

/// What the store knows of one source.
pub struct KnownSource {
    pub id: SourceId,
    pub documents: HashMap<String, Known>,
    /// The external ids of `documents`.
    names: HashMap<DocumentId, String>,
    /// By external id.
    pub failed: HashMap<String, Failed>,
    /// Changes when parsing, chunking or embedding does, so that everything is then read anew.
    pub recipe: String,
}

/// A failure that no later success has cleared.
pub struct Failed {
    pub raw_hash: Option<String>,
    pub revision: Option<String>,
    pub reason: String,
}

impl KnownSource {
    pub fn new(
        id: SourceId,
        documents: HashMap<String, Known>,
        failed: HashMap<String, Failed>,
        recipe: String,
    ) -> Self {
        let names = documents.iter().map(|(name, known)| (known.document.clone(), name.clone())).collect();
        Self { id, documents, names, failed, recipe }
    }

    /// What is stored or has failed, with the revision of what need not be fetched again: whatever was parsed, or failed
    /// to parse, by the recipe of today.
    pub fn held(&self) -> HashMap<String, Option<String>> {
        let ours = |revision: &Option<String>| {
            let ours = revision.as_ref()?.strip_prefix(&self.recipe)?.strip_prefix(' ');
            ours.map(str::to_owned)
        };
        let live = self.documents.iter().filter(|(_, known)| known.live).map(|(id, known)| (id, &known.revision));
        let failed = self.failed.iter().map(|(id, failed)| (id, &failed.revision));
        live.chain(failed).map(|(id, revision)| (id.clone(), ours(revision))).collect()
    }

    /// Takes in what was stored, so that what comes later in the same sync is compared with it.
    pub fn learn(&mut self, writes: &[Write]) {
        for write in writes {
            match write {
                Write::Put { document, external_id, raw_hash, revision, readers, .. } => {
                    self.failed.remove(external_id);
                    self.names.insert(document.clone(), external_id.clone());
                    let known = Known {
                        document: document.clone(),
                        raw_hash: raw_hash.clone(),
                        revision: revision.clone(),
                        readers: Arc::new(readers.clone()),
                        live: true,
                    };
                    self.documents.insert(external_id.clone(), known);
                }
                Write::Access { document, readers } => {
                    if let Some(known) = self.named(document) {
                        known.readers = Arc::new(readers.clone());
                    }
                }
                Write::Delete { document } => {
                    if let Some(known) = self.named(document) {
                        known.live = false;
                    }
                }
                Write::Seen { external_id, revision } => {
                    self.failed.remove(external_id);
                    if let (Some(known), Some(revision)) = (self.documents.get_mut(external_id), revision) {
                        known.revision = Some(revision.clone());
                    }
                }
                Write::Failed { external_id, raw_hash, revision, reason, .. } => {
                    let (raw_hash, revision, reason) = (raw_hash.clone(), revision.clone(), reason.clone());
                    self.failed.insert(external_id.clone(), Failed { raw_hash, revision, reason });
                }
                Write::Gone { external_id } => drop(self.failed.remove(external_id)),
                Write::Members { .. } => {}
            }
        }
    }

    fn named(&mut self, document: &DocumentId) -> Option<&mut Known> {
        self.documents.get_mut(self.names.get(document)?)
    }

    /// What a change asks for, other readers first: they count even when the new bytes cannot be read.
    pub fn decide(&self, change: Change) -> Vec<Step> {
        let change = self.within(change);
        let access = match &change {
            Change::Upsert(RawDocument { external_id, readers, .. })
            | Change::Unchanged { external_id, readers }
            | Change::Failed { external_id, readers: Some(readers), .. } => self.other_readers(external_id, readers),
            _ => None,
        };
        access.into_iter().chain([self.decide_content(change)]).collect()
    }

    fn decide_content(&self, change: Change) -> Step {
        match change {
            Change::Upsert(raw) => self.decide_upsert(raw),
            Change::Unchanged { external_id, .. } => match self.failed.get(&external_id) {
                // Its bytes were never the reason: what is stored is what the source has.
                Some(Failed { raw_hash: None, .. }) if self.live(&external_id).is_some() => {
                    Step::Same { external_id, revision: None }
                }
                Some(Failed { raw_hash, revision, reason }) => {
                    let (raw_hash, revision, reason) = (raw_hash.clone(), revision.clone(), reason.clone());
                    Step::Failed { external_id, raw_hash, revision, reason }
                }
                None => Step::Same { external_id, revision: None },
            },
            Change::Members { group, members } => Step::Members { group, members: members.into_iter().collect() },
            Change::Access { external_id, readers } => match self.live(&external_id) {
                Some(known) => {
                    Step::Access { document: known.document.clone(), readers: readers.into_iter().collect() }
                }
                None => Step::Nothing,
            },
            Change::Delete { external_id } => match self.live(&external_id) {
                Some(known) => Step::Delete { document: known.document.clone() },
                None if self.failed.contains_key(&external_id) => Step::Gone { external_id },
                None => Step::Nothing,
            },
            Change::Failed { external_id, reason, .. } => {
                Step::Failed { external_id, raw_hash: None, revision: None, reason }
            }
        }
    }

    /// Groups that only the source knows get its name, so that they are no other source's.
    fn within(&self, mut change: Change) -> Change {
        match &mut change {
            Change::Upsert(RawDocument { readers, .. })
            | Change::Unchanged { readers, .. }
            | Change::Access { readers, .. }
            | Change::Failed { readers: Some(readers), .. } => {
                for reader in readers {
                    *reader = reader.clone().within(&self.id);
                }
            }
            _ => {}
        }
        change
    }

    /// What a complete listing no longer names: live documents, and failures of what was never read.
    /// An empty listing names no deletion.
    pub fn gone(&self, listing: &[String]) -> Vec<Step> {
        if listing.is_empty() {
            return Vec::new();
        }
        let listed: HashSet<&str> = listing.iter().map(String::as_str).collect();
        let gone = self.documents.iter().filter(|(id, known)| known.live && !listed.contains(id.as_str()));
        let mut documents: Vec<_> = gone.map(|(_, known)| known.document.clone()).collect();
        documents.sort();
        let failed = self.failed.keys().filter(|id| !listed.contains(id.as_str()) && self.live(id).is_none());
        let failed = failed.map(|external_id| Step::Gone { external_id: external_id.clone() });
        documents.into_iter().map(|document| Step::Delete { document }).chain(failed).collect()
    }

    fn decide_upsert(&self, raw: RawDocument) -> Step {
        let bytes = sha256_hex(&raw.bytes);
        let parts = format!("{}:{bytes}:{:?}:{}:{}", self.recipe, raw.title, raw.uri, raw.file_name);
        let raw_hash = sha256_hex(parts.as_bytes());
        let revision = raw.revision.as_ref().map(|revision| format!("{} {revision}", self.recipe));
        if let Some(failed) = self.failed.get(&raw.external_id)
            && failed.raw_hash.as_ref() == Some(&raw_hash)
        {
            let reason = failed.reason.clone();
            return Step::Failed { external_id: raw.external_id, raw_hash: Some(raw_hash), revision, reason };
        }
        let known = self.documents.get(&raw.external_id);
        match known {
            Some(known) if known.live && known.raw_hash == raw_hash => {
                let revision = if known.revision == revision { None } else { revision };
                Step::Same { external_id: raw.external_id, revision }
            }
            _ => {
                let raw = RawDocument { revision, ..raw };
                Step::Parse { document: known.map(|known| known.document.clone()), raw, raw_hash }
            }
        }
    }

    fn other_readers(&self, external_id: &str, readers: &[Principal]) -> Option<Step> {
        let known = self.live(external_id)?;
        let readers: BTreeSet<Principal> = readers.iter().cloned().collect();
        (readers != *known.readers).then(|| Step::Access { document: known.document.clone(), readers })
    }

    fn live(&self, external_id: &str) -> Option<&Known> {
        self.documents.get(external_id).filter(|known| known.live)
    }
}

/// What a batch says of one item more than once, said once: the last counts.
pub fn said_once(changes: Vec<Change>) -> Vec<Change> {
    let mut said: Vec<Option<Change>> = Vec::with_capacity(changes.len());
    let mut last: HashMap<String, usize> = HashMap::new();
    for change in changes {
        let id = match &change {
            Change::Members { .. } => None,
            Change::Upsert(raw) => Some(raw.external_id.clone()),
            Change::Unchanged { external_id, .. }
            | Change::Access { external_id, .. }
            | Change::Delete { external_id }
            | Change::Failed { external_id, .. } => Some(external_id.clone()),
        };
        let before = id.as_ref().and_then(|id| last.get(id)).copied();
        let earlier = before.and_then(|before| said.get_mut(before));
        match (change, earlier) {
            // New readers for what was just reported with its content.
            (
                Change::Access { readers: now, .. } | Change::Unchanged { readers: now, .. },
                Some(Some(Change::Upsert(RawDocument { readers, .. }))),
            ) => {
                *readers = now;
                continue;
            }
            (change, earlier) => {
                if let Some(earlier) = earlier {
                    *earlier = None;
                }
                said.push(Some(change));
            }
        }
        if let Some(id) = id {
            last.insert(id, said.len() - 1);
        }
    }
    said.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(id: &str, bytes: &str) -> RawDocument {
        RawDocument {
            external_id: id.into(),
            uri: format!("file:///{id}"),
            title: None,
            file_name: id.into(),
            bytes: bytes.into(),
            readers: vec![Principal::everyone()],
            modified_at: None,
            revision: Some("r1".into()),
        }
    }

    /// A source whose only document is what `decide` would have stored for `raw`.
    fn knowing(document: RawDocument) -> KnownSource {
        let id = SourceId::new(ulid::Ulid::from_parts(1, 7));
        let empty = KnownSource::new(id, HashMap::new(), HashMap::new(), "r1".into());
        let external_id = document.external_id.clone();
        let readers = std::sync::Arc::new(document.readers.iter().cloned().collect());
        let Some(Step::Parse { raw_hash, raw, .. }) = empty.decide(Change::Upsert(document)).pop() else {
            return empty;
        };
        let id = DocumentId::new(ulid::Ulid::from_parts(1, 1));
        let known = Known { document: id, raw_hash, revision: raw.revision, readers, live: true };
        KnownSource::new(empty.id, HashMap::from([(external_id, known)]), HashMap::new(), empty.recipe)
    }

    #[test]
    fn unchanged_bytes_and_readers_are_skipped() {
        let known = knowing(raw("a.md", "one"));
        assert!(matches!(known.decide(Change::Upsert(raw("a.md", "one")))[..], [Step::Same { .. }]));
        assert!(matches!(
            known.decide(Change::Upsert(raw("a.md", "two")))[..],
            [Step::Parse { document: Some(_), .. }]
        ));
        assert!(matches!(known.decide(Change::Upsert(raw("b.md", "one")))[..], [Step::Parse { document: None, .. }]));
    }

    #[test]
    fn changed_readers_alone_do_not_parse_again() {
        let known = knowing(raw("a.md", "one"));
        let restricted = RawDocument { readers: vec![Principal::group("hr")], ..raw("a.md", "one") };
        assert!(matches!(known.decide(Change::Upsert(restricted))[..], [Step::Access { .. }, Step::Same { .. }]));
    }

    #[test]
    fn other_readers_count_even_when_the_bytes_cannot_be_read() {
        let known = knowing(raw("a.md", "one"));
        let readers = Some(vec![Principal::group("hr")]);
        let failed = Change::Failed { external_id: "a.md".into(), reason: "too large".into(), readers };
        assert!(matches!(known.decide(failed)[..], [Step::Access { .. }, Step::Failed { .. }]));
        let changed = RawDocument { readers: vec![Principal::group("hr")], ..raw("a.md", "two") };
        assert!(matches!(known.decide(Change::Upsert(changed))[..], [Step::Access { .. }, Step::Parse { .. }]));
    }

    #[test]
    fn a_new_recipe_reads_everything_anew() {
        let known = KnownSource { recipe: "r2".into(), ..knowing(raw("a.md", "one")) };
        assert!(matches!(known.decide(Change::Upsert(raw("a.md", "one")))[..], [Step::Parse { .. }]));
    }

    #[test]
    fn an_empty_listing_deletes_nothing() {
        let known = knowing(raw("a.md", "one"));
        assert!(known.gone(&[]).is_empty());
        assert_eq!(known.gone(&["b.md".into()]).len(), 1);
        assert!(known.gone(&["a.md".into()]).is_empty());
    }

    #[test]
    fn what_one_sync_stored_is_known_to_the_rest_of_it() {
        let mut known = knowing(raw("a.md", "one"));
        let Some(held) = known.documents.get("a.md").cloned() else { return };
        let document = DocumentId::new(ulid::Ulid::from_parts(1, 2));
        known.documents.clear();
        let put = |readers: &[Principal]| Write::Put {
            document: document.clone(),
            external_id: "a.md".into(),
            uri: String::new(),
            title: String::new(),
            media_type: String::new(),
            raw_hash: held.raw_hash.clone(),
            revision: held.revision.clone(),
            modified_at: None,
            readers: readers.iter().cloned().collect(),
            parsed: domain::Document::default(),
            generation: domain::GenerationId(1),
            chunks: Vec::new(),
            duplicate_of: None,
        };
        known.learn(&[put(&[Principal::everyone()])]);
        assert!(matches!(known.decide(Change::Upsert(raw("a.md", "one")))[..], [Step::Same { .. }]), "no second id");
        assert!(matches!(known.decide(Change::Delete { external_id: "a.md".into() })[..], [Step::Delete { .. }]));
        known.learn(&[Write::Access { document: document.clone(), readers: BTreeSet::new() }]);
        let same = Change::Unchanged { external_id: "a.md".into(), readers: vec![Principal::everyone()] };
        assert!(matches!(known.decide(same)[..], [Step::Access { .. }, Step::Same { .. }]));
        known.learn(&[Write::Delete { document }]);
        assert_eq!(known.gone(&["b.md".into()]), []);
    }

    #[test]
    fn the_last_word_of_a_batch_counts() {
        let id = || "a.md".to_owned();
        let deleted = said_once(vec![Change::Upsert(raw("a.md", "one")), Change::Delete { external_id: id() }]);
        assert_eq!(deleted, [Change::Delete { external_id: id() }]);
        let hr = vec![Principal::group("hr")];
        let access = Change::Access { external_id: id(), readers: hr.clone() };
        let narrowed = said_once(vec![Change::Upsert(raw("a.md", "one")), Change::Upsert(raw("b.md", "b")), access]);
        let expected = RawDocument { readers: hr, ..raw("a.md", "one") };
        assert_eq!(narrowed, [Change::Upsert(expected), Change::Upsert(raw("b.md", "b"))]);
    }

    #[test]
    fn a_failure_that_was_never_about_the_bytes_passes() {
        let mut known = knowing(raw("a.md", "one"));
        let failed = Failed { raw_hash: None, revision: None, reason: "its permissions could not be read".into() };
        known.failed.insert("a.md".into(), failed);
        let unchanged = Change::Unchanged { external_id: "a.md".into(), readers: vec![Principal::everyone()] };
        assert!(matches!(known.decide(unchanged)[..], [Step::Same { .. }]));
    }
}
