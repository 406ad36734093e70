//! The vector index: cosine over unit vectors, in-process (Qdrant Edge) or on a Qdrant server.

mod edge;
mod server;
mod shard;
mod writer;

use std::collections::BTreeMap;

use domain::{DocumentId, EngineError, EngineResult, IndexChange, VectorEntry};

pub use edge::EdgeIndex;
pub use server::ServerIndex;

/// Payload fields, the same in both engines.
const DOCUMENT: &str = "doc";
const ACCESS: &str = "access";

/// Points per request: about 2 MB at 1024 dimensions.
const POINTS_PER_UPSERT: usize = 256;
/// Documents per deletion, so that its filter stays small.
const DOCUMENTS_PER_DELETE: usize = 1_000;
const POINTS_PER_SCROLL: usize = 10_000;

/// A vector with what it is filtered by; its id is the chunk's.
#[derive(Clone, Debug)]
struct Point {
    id: u64,
    document: DocumentId,
    access: i64,
    vector: Vec<f32>,
}

/// What a list of changes comes to: first the points are written, then whatever else these documents had is
/// deleted. In that order a document is never missing for a search in between.
#[derive(Clone, Debug, Default)]
struct Settled {
    points: Vec<Point>,
    documents: Vec<DocumentId>,
}

/// Keeps the last change of each document; refuses vectors that the index cannot hold.
fn settle(changes: Vec<IndexChange<VectorEntry>>, dims: usize) -> EngineResult<Settled> {
    let mut last = BTreeMap::new();
    for change in changes {
        match change {
            IndexChange::Replace { document, entries } => last.insert(document, entries),
            IndexChange::Remove { document } => last.insert(document, Vec::new()),
        };
    }
    let mut settled = Settled::default();
    for (document, entries) in last {
        for entry in entries {
            let what = || format!("chunk {} of {document}", entry.chunk.0);
            check(&entry.vector, dims, what)?;
            let id = u64::try_from(entry.chunk.0)
                .map_err(|_| EngineError::give_up(format!("index {}: its number is negative", what())))?;
            let document = document.clone();
            settled.points.push(Point { id, document, access: entry.access.0, vector: entry.vector });
        }
        settled.documents.push(document);
    }
    Ok(settled)
}

fn check(vector: &[f32], dims: usize, what: impl Fn() -> String) -> EngineResult<()> {
    if vector.len() != dims {
        let message = format!("{}: vector has {} dimensions, the index {dims}", what(), vector.len());
        return Err(EngineError::give_up(message));
    }
    if vector.iter().any(|value| !value.is_finite()) {
        return Err(EngineError::give_up(format!("{}: vector holds a value that is not a number", what())));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::{AccessClassId, ChunkId};

    use super::*;

    fn document(n: u128) -> Option<DocumentId> {
        format!("doc_{n:026}").parse().ok()
    }

    fn replace(document: &DocumentId, chunk: i64, vector: Vec<f32>) -> IndexChange<VectorEntry> {
        let entry = VectorEntry { chunk: ChunkId(chunk), access: AccessClassId(1), vector };
        IndexChange::Replace { document: document.clone(), entries: vec![entry] }
    }

    #[test]
    fn the_last_change_of_a_document_counts() {
        let Some(one) = document(1) else { return assert!(document(1).is_some()) };
        let changes = vec![replace(&one, 1, vec![1.0]), IndexChange::Remove { document: one.clone() }];
        let settled = settle(changes, 1);
        assert!(settled.is_ok_and(|settled| settled.points.is_empty() && settled.documents == [one]));
    }

    #[test]
    fn vectors_the_index_cannot_hold_are_refused_for_good() {
        let Some(one) = document(1) else { return assert!(document(1).is_some()) };
        for bad in [replace(&one, 1, vec![1.0, 2.0]), replace(&one, 1, vec![f32::NAN]), replace(&one, -1, vec![1.0])] {
            assert!(settle(vec![bad], 1).is_err_and(|error| !error.retryable));
        }
    }
}
