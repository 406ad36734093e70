//! A small world to test in: one source, documents of one chunk per line, times that count up.

use std::collections::BTreeSet;

use domain::{
    Chunk, Cursor, Document, DocumentId, GenerationId, Heading, PageStart, Principal, Signature, SourceId, Span,
    UserId, Viewer,
};
use jiff::Timestamp;
use store::{Flushed, IndexJob, Jobs, NewSource, Store, Write};
use ulid::Ulid;

/// The generation that a fresh database answers from.
pub const FIRST: GenerationId = GenerationId(1);
pub const CHANGED: Jobs<'static> = Jobs::Changed(&[FIRST]);

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_760_000_000 + second).unwrap()
}

pub fn source_id(n: u128) -> SourceId {
    SourceId::new(Ulid::from_parts(1, n))
}

pub fn doc(n: u128) -> DocumentId {
    DocumentId::new(Ulid::from_parts(2, n))
}

pub fn user_id(n: u128) -> UserId {
    UserId::new(Ulid::from_parts(3, n))
}

pub fn readers(names: &[&str]) -> BTreeSet<Principal> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

pub fn viewer(groups: &[&str]) -> Viewer {
    Viewer::everyone().with_groups(&groups.iter().map(ToString::to_string).collect::<Vec<_>>())
}

pub fn cursor(position: &str) -> Option<Cursor> {
    Some(Cursor(position.into()))
}

/// One chunk per line.
pub fn chunks(text: &str) -> Vec<Chunk> {
    let mut start = 0;
    let mut chunks = Vec::new();
    for line in text.lines() {
        let end = start + line.chars().count();
        let span = Span { start, end };
        chunks.push(Chunk { span, text: line.into(), context: "Handbook".into(), page: Some(1), tokens: 3 });
        start = end + 1;
    }
    chunks
}

pub fn parsed(text: &str) -> Document {
    Document {
        title: None,
        text: text.into(),
        headings: vec![Heading { level: 1, start: 0, text: "Handbook".into() }],
        pages: vec![PageStart { number: 1, start: 0 }],
        signature: Signature::of(text),
        ..Document::default()
    }
}

/// A put of document `n` under the external id `n.md`.
pub fn put(n: u128, text: &str, names: &[&str]) -> Write {
    Write::Put {
        document: doc(n),
        external_id: format!("{n}.md"),
        uri: format!("file:///{n}.md"),
        title: format!("Title {n}"),
        media_type: "text/markdown".into(),
        raw_hash: format!("raw {text}"),
        revision: None,
        modified_at: Some(at(0)),
        readers: readers(names),
        parsed: parsed(text),
        generation: FIRST,
        chunks: chunks(text),
        duplicate_of: None,
    }
}

/// Like [`put`], without chunks because `original` holds them.
pub fn put_duplicate(n: u128, text: &str, names: &[&str], original: u128) -> Write {
    let mut write = put(n, text, names);
    if let Write::Put { chunks, duplicate_of, .. } = &mut write {
        chunks.clear();
        *duplicate_of = Some(doc(original));
    }
    write
}

pub async fn add_source(store: &Store, n: u128) -> SourceId {
    let (id, name) = (source_id(n), format!("docs {n}"));
    let config = serde_json::json!({"path": "/docs"});
    let settings = Default::default();
    store
        .create_source(NewSource { id: id.clone(), kind: "folder".into(), name, config, settings, now: at(0) })
        .await
        .unwrap();
    id
}

/// A store with source 1.
pub async fn settle(store: &Store) -> SourceId {
    add_source(store, 1).await
}

/// What the viewer can be shown: the text of every passage, in the order of chunk ids.
pub async fn visible(store: &Store, viewer: &Viewer) -> Vec<String> {
    let ids = store.live_chunk_ids().await.unwrap();
    let passages = store.read_passages(viewer, &ids).await.unwrap();
    passages.into_iter().map(|passage| passage.text).collect()
}

pub const WORKER: &str = "worker";

pub fn flushed(second: i64) -> Flushed {
    Flushed { keyword: at(second), vector: at(second + 1) }
}

/// Claims jobs with a lease that ends at once.
pub async fn due(store: &Store, limit: u64, second: i64) -> Vec<IndexJob> {
    store.claim_jobs(WORKER, CHANGED, limit, at(second), at(second)).await.unwrap()
}

/// The documents with a due job, after which the queue is empty.
pub async fn drain(store: &Store, second: i64) -> Vec<DocumentId> {
    let jobs = due(store, 1_000, second).await;
    let done: Vec<_> = jobs.iter().map(|job| (job.document.clone(), job.seq)).collect();
    store.finish_jobs(WORKER, FIRST, &done, flushed(second)).await.unwrap();
    let mut documents: Vec<_> = done.into_iter().map(|(document, _)| document).collect();
    documents.sort();
    documents
}
