//! Compares what a source reports with what the store knows: pure, decides but does nothing.

use std::collections::{BTreeSet, HashMap, HashSet};

use domain::{Change, DocumentId, Principal, RawDocument, sha256_hex};
use store::Known;

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
    /// Nothing differs.
    Same {
        external_id: String,
    },
    /// Could not be fetched, or failed to parse before with the very same bytes.
    Failed {
        external_id: String,
        raw_hash: Option<String>,
        reason: String,
    },
    /// Names something the store never had.
    Nothing,
}

/// What the store knows of one source.
pub struct KnownSource {
    pub documents: HashMap<String, Known>,
    /// External id to the hash of the bytes that failed and the reason.
    pub failed: HashMap<String, (String, String)>,
    /// Changes when parsing, chunking or embedding does, so that everything is then read anew.
    pub recipe: String,
}

impl KnownSource {
    /// What a change asks for, other readers first: they count even when the new bytes cannot be read.
    pub fn decide(&self, change: Change) -> Vec<Step> {
        let access = match &change {
            Change::Upsert(raw) => self.other_readers(&raw.external_id, &raw.readers),
            Change::Failed { external_id, readers: Some(readers), .. } => self.other_readers(external_id, readers),
            _ => None,
        };
        access.into_iter().chain([self.decide_content(change)]).collect()
    }

    fn decide_content(&self, change: Change) -> Step {
        match change {
            Change::Upsert(raw) => self.decide_upsert(raw),
            Change::Access { external_id, readers } => match self.live(&external_id) {
                Some(known) => {
                    Step::Access { document: known.document.clone(), readers: readers.into_iter().collect() }
                }
                None => Step::Nothing,
            },
            Change::Delete { external_id } => match self.live(&external_id) {
                Some(known) => Step::Delete { document: known.document.clone() },
                None => Step::Nothing,
            },
            Change::Failed { external_id, reason, .. } => Step::Failed { external_id, raw_hash: None, reason },
        }
    }

    /// Live documents that a complete listing no longer names. An empty listing names no deletion.
    pub fn gone(&self, listing: &[String]) -> Vec<DocumentId> {
        if listing.is_empty() {
            return Vec::new();
        }
        let listed: HashSet<&str> = listing.iter().map(String::as_str).collect();
        let gone = self.documents.iter().filter(|(id, known)| known.live && !listed.contains(id.as_str()));
        let mut gone: Vec<_> = gone.map(|(_, known)| known.document.clone()).collect();
        gone.sort();
        gone
    }

    fn decide_upsert(&self, raw: RawDocument) -> Step {
        let raw_hash = sha256_hex(format!("{}:{}", self.recipe, sha256_hex(&raw.bytes)).as_bytes());
        if let Some((hash, reason)) = self.failed.get(&raw.external_id)
            && *hash == raw_hash
        {
            return Step::Failed { external_id: raw.external_id, raw_hash: Some(raw_hash), reason: reason.clone() };
        }
        let known = self.documents.get(&raw.external_id);
        match known {
            Some(known) if known.live && known.raw_hash == raw_hash => Step::Same { external_id: raw.external_id },
            _ => Step::Parse { document: known.map(|known| known.document.clone()), raw, raw_hash },
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
        }
    }

    /// A source whose only document is what `decide` would have stored for `raw`.
    fn knowing(document: RawDocument) -> KnownSource {
        let empty = KnownSource { documents: HashMap::new(), failed: HashMap::new(), recipe: "r1".into() };
        let external_id = document.external_id.clone();
        let readers = std::sync::Arc::new(document.readers.iter().cloned().collect());
        let Some(Step::Parse { raw_hash, .. }) = empty.decide(Change::Upsert(document)).pop() else { return empty };
        let id = DocumentId::new(ulid::Ulid::from_parts(1, 1));
        let known = Known { document: id, raw_hash, access: domain::AccessClassId(1), readers, live: true };
        KnownSource { documents: HashMap::from([(external_id, known)]), ..empty }
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
}
