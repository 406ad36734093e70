//! Exact duplicates: one set of chunks for the same text and readers, never lost with its owner.

use domain::VersionHash;
use store::{Store, Write};

use crate::{engines::*, world::*};

const ALL: &[&str] = &["everyone"];

/// Document 1 with duplicates 2 and 3, indexed.
async fn three_alike(store: &Store) -> domain::SourceId {
    let source = settle(store).await;
    let writes = vec![put(1, "same", ALL), put_duplicate(2, "same", ALL, 1), put_duplicate(3, "same", ALL, 1)];
    store.apply_batch(&source, writes, None, at(1)).await.unwrap();
    drain(store, 1).await;
    source
}

/// The documents whose chunks are searchable.
async fn owners(store: &Store) -> Vec<domain::DocumentId> {
    let ids = store.live_chunk_ids().await.unwrap();
    let passages = store.read_passages(&viewer(&["hr"]), &ids).await.unwrap();
    passages.into_iter().map(|passage| passage.document_id).collect()
}

#[tokio::test]
async fn the_same_text_is_found_for_the_same_readers_only() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let same = VersionHash::of("same");
        assert_eq!(store.document_by_text(&same, &readers(ALL)).await.unwrap(), None);
        store
            .apply_batch(&source, vec![put(1, "same", ALL), put(2, "same", &["group:hr"])], None, at(1))
            .await
            .unwrap();
        assert_eq!(store.document_by_text(&same, &readers(ALL)).await.unwrap(), Some(doc(1)));
        assert_eq!(store.document_by_text(&same, &readers(&["group:hr"])).await.unwrap(), Some(doc(2)));
        assert_eq!(store.document_by_text(&same, &readers(&["group:legal"])).await.unwrap(), None);
        assert_eq!(store.document_by_text(&VersionHash::of("other"), &readers(ALL)).await.unwrap(), None);
        store.apply_batch(&source, vec![Write::Delete { document: doc(1) }], None, at(2)).await.unwrap();
        assert_eq!(store.document_by_text(&same, &readers(ALL)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_duplicate_inherits_when_its_original_goes() {
    let goes = [
        Write::Delete { document: doc(1) },
        put(1, "changed", &["group:other"]),
        Write::Access { document: doc(1), readers: readers(&["group:other"]) },
    ];
    for go in goes {
        on_each_engine(async |store| {
            let source = three_alike(&store).await;
            assert_eq!(owners(&store).await, [doc(1)]);
            store.apply_batch(&source, vec![go.clone()], None, at(2)).await.unwrap();
            assert_eq!(owners(&store).await, [doc(2)]);
            assert_eq!(drain(&store, 2).await, [doc(1), doc(2)]);
            store.apply_batch(&source, vec![Write::Delete { document: doc(2) }], None, at(3)).await.unwrap();
            assert_eq!(owners(&store).await, [doc(3)], "the other duplicates follow the heir");
            let passage = store.version_text(&viewer(&[]), &doc(3), None).await.unwrap();
            assert_eq!(passage.text, "same");
        })
        .await;
    }
}

#[tokio::test]
async fn a_duplicate_with_other_readers_or_text_stands_alone() {
    on_each_engine(async |store| {
        let source = three_alike(&store).await;
        let apart = vec![Write::Access { document: doc(2), readers: readers(&["group:hr"]) }, put(3, "mine", ALL)];
        store.apply_batch(&source, apart, None, at(2)).await.unwrap();
        let mut found = owners(&store).await;
        found.sort();
        assert_eq!(found, [doc(1), doc(2), doc(3)]);
        assert_eq!(visible(&store, &viewer(&[])).await, ["same", "mine"]);
        store.apply_batch(&source, vec![Write::Delete { document: doc(1) }], None, at(3)).await.unwrap();
        assert_eq!(visible(&store, &viewer(&["hr"])).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn an_original_put_again_keeps_its_chunks() {
    on_each_engine(async |store| {
        let source = three_alike(&store).await;
        let ids = store.live_chunk_ids().await.unwrap();
        store.apply_batch(&source, vec![put_duplicate(1, "same", ALL, 1)], None, at(2)).await.unwrap();
        assert_eq!(store.live_chunk_ids().await.unwrap(), ids);
        store.apply_batch(&source, vec![put(1, "same", ALL)], None, at(3)).await.unwrap();
        assert_eq!(owners(&store).await, [doc(1)]);
        let lost = put_duplicate(4, "same", ALL, 2);
        assert!(store.apply_batch(&source, vec![lost], None, at(4)).await.is_err(), "2 has no chunks to lend");
    })
    .await;
}
