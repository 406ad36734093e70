//! Near-duplicates: grouped within their readers, kept right through every change, named only to who may read them.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use domain::{ChunkId, DocumentId, Viewer};
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use store::{Store, Write};

use crate::{engines::*, world::*};

const ALL: &[&str] = &["everyone"];

/// Three hundred words of subject `topic`, the last `changed` of them of their own.
fn text(topic: &str, changed: usize, own: &str) -> String {
    let word = |n: usize| if n < 300 - changed { format!("{topic}{n}") } else { format!("{own}{n}") };
    (0..300).map(word).collect::<Vec<_>>().join(" ")
}

/// The sets of documents that name each other, as the viewer sees them.
async fn groups(store: &Store, viewer: &Viewer) -> BTreeSet<BTreeSet<DocumentId>> {
    let documents: BTreeSet<DocumentId> =
        store.documents(viewer, 1_000, None).await.unwrap().documents.into_iter().map(|document| document.id).collect();
    let others = store.also_in(viewer, &documents).await.unwrap();
    let group = |(of, others): (DocumentId, Vec<domain::OtherDocument>)| {
        others.into_iter().map(|other| other.document_id).chain([of]).collect()
    };
    others.into_iter().map(group).collect()
}

fn sets(groups: &[&[u128]]) -> BTreeSet<BTreeSet<DocumentId>> {
    groups.iter().map(|group| group.iter().map(|n| doc(*n)).collect()).collect()
}

/// Documents 1 to 3 nearly alike, 4 about something else.
async fn three_near(store: &Store) -> domain::SourceId {
    let source = settle(store).await;
    let writes = vec![
        put(1, &text("leave", 0, ""), ALL),
        put(2, &text("leave", 12, "edited"), ALL),
        put(3, &text("leave", 15, "third"), ALL),
        put(4, &text("travel", 0, ""), ALL),
    ];
    store.apply_batch(&source, writes, None, at(1)).await.unwrap();
    source
}

#[tokio::test]
async fn texts_with_small_edits_are_one_group_and_all_stay_searchable() {
    on_each_engine(async |store| {
        three_near(&store).await;
        assert_eq!(groups(&store, &viewer(&[])).await, sets(&[&[1, 2, 3]]));
        let ids = store.live_chunk_ids().await.unwrap();
        let passages = store.read_passages(&viewer(&[]), &ids).await.unwrap();
        assert_eq!(passages.len(), 4);
        assert!(passages[0].near_group.is_some() && passages[0].near_group == passages[2].near_group);
        assert_ne!(passages[0].near_group, passages[3].near_group);
        assert_eq!(passages[0].modified_at, Some(at(0)));
    })
    .await;
}

#[tokio::test]
async fn a_document_joins_and_leaves_with_its_text() {
    on_each_engine(async |store| {
        let source = three_near(&store).await;
        store.apply_batch(&source, vec![put(1, &text("hotels", 0, ""), ALL)], None, at(2)).await.unwrap();
        assert_eq!(groups(&store, &viewer(&[])).await, sets(&[&[2, 3]]), "the first one left");
        store.apply_batch(&source, vec![put(4, &text("leave", 6, "back"), ALL)], None, at(3)).await.unwrap();
        assert_eq!(groups(&store, &viewer(&[])).await, sets(&[&[2, 3, 4]]));
        store.apply_batch(&source, vec![put(1, &text("leave", 0, ""), ALL)], None, at(4)).await.unwrap();
        assert_eq!(groups(&store, &viewer(&[])).await, sets(&[&[1, 2, 3, 4]]), "and came back");
        let gone = (1..=3).map(|n| Write::Delete { document: doc(n) }).collect();
        store.apply_batch(&source, gone, None, at(5)).await.unwrap();
        assert_eq!(groups(&store, &viewer(&[])).await, sets(&[]));
        store.apply_batch(&source, vec![put(2, &text("leave", 0, ""), ALL)], None, at(6)).await.unwrap();
        assert_eq!(groups(&store, &viewer(&[])).await, sets(&[&[2, 4]]));
    })
    .await;
}

#[tokio::test]
async fn documents_of_other_readers_are_never_grouped() {
    on_each_engine(async |store| {
        let source = three_near(&store).await;
        let other = add_source(&store, 2).await;
        let restricted = vec![
            put(5, &text("leave", 0, ""), &["group:hr"]),
            put(6, &text("leave", 9, "secret"), &["group:hr"]),
            put(7, &text("leave", 9, "legal"), &["group:hr", "group:legal"]),
        ];
        store.apply_batch(&other, restricted, None, at(2)).await.unwrap();
        assert_eq!(groups(&store, &viewer(&["hr"])).await, sets(&[&[1, 2, 3], &[5, 6]]));
        assert_eq!(groups(&store, &viewer(&["legal"])).await, sets(&[&[1, 2, 3]]));

        let narrowed = vec![Write::Access { document: doc(2), readers: readers(&["group:hr"]) }];
        store.apply_batch(&source, narrowed, None, at(3)).await.unwrap();
        assert_eq!(
            groups(&store, &viewer(&["hr"])).await,
            sets(&[&[1, 3], &[2, 5, 6]]),
            "it changed groups with its readers"
        );
        assert_eq!(groups(&store, &viewer(&[])).await, sets(&[&[1, 3]]));
        let asked = BTreeSet::from([doc(2), doc(5)]);
        assert!(store.also_in(&viewer(&[]), &asked).await.unwrap().is_empty(), "whatever is asked for");
    })
    .await;
}

#[tokio::test]
async fn duplicates_belong_to_the_group_and_short_texts_name_theirs_alone() {
    on_each_engine(async |store| {
        let source = three_near(&store).await;
        let writes = vec![
            put_duplicate(5, &text("leave", 0, ""), ALL, 1),
            put(6, "short and sweet", ALL),
            put_duplicate(7, "short and sweet", ALL, 6),
            put(8, "short and sour", ALL),
        ];
        store.apply_batch(&source, writes, None, at(2)).await.unwrap();
        let named = store.also_in(&viewer(&[]), &BTreeSet::from([doc(1), doc(6), doc(8)])).await.unwrap();
        let ids = |n| named.get(&doc(n)).map(|others| others.iter().map(|o| o.document_id.clone()).collect::<Vec<_>>());
        assert_eq!(ids(1), Some(vec![doc(5), doc(3), doc(2)]));
        assert_eq!(ids(6), Some(vec![doc(7)]));
        assert_eq!(ids(8), None);
        assert_eq!(named[&doc(6)][0].uri, "file:///7.md");
    })
    .await;
}

#[tokio::test]
async fn only_a_few_others_are_named() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let writes = (1..=40).map(|n| put(n, &text("leave", 3, &format!("own{n}x")), ALL)).collect();
        store.apply_batch(&source, writes, None, at(1)).await.unwrap();
        let named = store.also_in(&viewer(&[]), &(1..=40).map(doc).collect()).await.unwrap();
        assert_eq!(named.len(), 40);
        assert!(named.values().all(|others| others.len() == 5));
        store
            .apply_batch(&source, (1..=40).map(|n| Write::Delete { document: doc(n) }).collect(), None, at(2))
            .await
            .unwrap();
        while store.delete_some(&source, at(3)).await.unwrap() {}
        drain(&store, 3).await;
        store.purge_source(&source).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn groups_that_nobody_is_in_leave_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let url = sqlite_url(dir.path());
    let store = Store::open(&url).await.unwrap();
    let source = three_near(&store).await;
    let raw = Database::connect(&url).await.unwrap();
    let rows = async |table: &str| {
        let count = Statement::from_string(DbBackend::Sqlite, format!("SELECT COUNT(*) AS n FROM {table}"));
        raw.query_one_raw(count).await.unwrap().unwrap().try_get::<i64>("", "n").unwrap()
    };
    assert_eq!((rows("near_groups").await, rows("near_bands").await), (2, 32));
    store.apply_batch(&source, vec![put(4, "short", ALL)], None, at(2)).await.unwrap();
    assert_eq!((rows("near_groups").await, rows("near_bands").await), (1, 16));
    assert_eq!(rows("versions WHERE signature IS NOT NULL").await, 3, "a superseded version has none");
    store
        .apply_batch(&source, (1..=4).map(|n| Write::Delete { document: doc(n) }).collect(), None, at(3))
        .await
        .unwrap();
    assert_eq!((rows("near_groups").await, rows("near_bands").await), (0, 0));
    for query in [
        "SELECT group_id FROM near_bands WHERE key = 5 ORDER BY group_id DESC LIMIT 32",
        "SELECT id FROM documents WHERE near_group = 5 AND id <> 'x' AND deleted_at IS NULL ORDER BY id DESC LIMIT 5",
    ] {
        let explain = Statement::from_string(DbBackend::Sqlite, format!("EXPLAIN QUERY PLAN {query}"));
        for row in raw.query_all_raw(explain).await.unwrap() {
            let step: String = row.try_get("", "detail").unwrap();
            assert!(step.starts_with("SEARCH") && !step.contains("TEMP B-TREE"), "{query}\n{step}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sources_that_group_the_same_texts_at_once_do_not_wait_for_each_other_in_a_ring() {
    on_each_engine(async |store| {
        let mut tasks = tokio::task::JoinSet::new();
        for writer in 0..4_u128 {
            let source = add_source(&store, writer + 1).await;
            let store = store.clone();
            tasks.spawn(async move {
                for round in 0..6_u128 {
                    let near = |n: u128| {
                        let class = if (n + writer + round).is_multiple_of(2) { ALL } else { &["group:hr"][..] };
                        put(writer * 100 + n, &text(&format!("t{}", (n + round) % 3), 5, &format!("w{writer}")), class)
                    };
                    store.apply_batch(&source, (0..8).map(near).collect(), None, at(1)).await.unwrap();
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        let passages = store.read_passages(&viewer(&["hr"]), &store.live_chunk_ids().await.unwrap()).await.unwrap();
        let groups: BTreeSet<_> = passages.iter().map(|passage| passage.near_group).collect();
        assert_eq!((passages.len(), groups.len()), (32, 6), "three texts for two kinds of readers");
    })
    .await;
}

/// `cargo test --release --workspace -- --ignored --nocapture measure_near`
#[tokio::test]
#[ignore = "a measurement, not a check"]
async fn measure_near() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        // Every tenth text stands alone, the others are copies of a template with a few words of their own.
        let near = |n: u128| match n % 10 {
            0 => text(&format!("t{n}x"), 0, ""),
            _ => text("template", 8, &format!("own{n}x")),
        };
        let mut times: Vec<Duration> = Vec::new();
        for batch in 0..200_u128 {
            let writes: Vec<Write> = (0..100).map(|n| put(batch * 100 + n, &near(batch * 100 + n), ALL)).collect();
            let begun = Instant::now();
            store.apply_batch(&source, writes, None, at(1)).await.unwrap();
            times.push(begun.elapsed());
        }
        let sum = |part: &[Duration]| part.iter().sum::<Duration>();
        let ids: Vec<ChunkId> = store.live_chunk_ids().await.unwrap();
        let documents = store.read_passages(&viewer(&[]), &ids[..24]).await.unwrap();
        let begun = Instant::now();
        let named = store.also_in(&viewer(&[]), &documents.into_iter().map(|p| p.document_id).collect()).await.unwrap();
        println!(
            "postgres={} 20,000 documents, 18,000 of them near-duplicates: first 2,000 in {:?}, last 2,000 in {:?}; {} named in {:?}",
            store.is_postgres(), sum(&times[..20]), sum(&times[180..]), named.len(), begun.elapsed(),
        );
    })
    .await;
}
