//! Large batches, many writers and readers at once, and that the access check uses its indexes.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use store::{Store, Write};

use crate::{engines::*, world::*};

#[tokio::test]
async fn a_batch_beyond_the_limits_of_one_statement() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let long: String = (0..8_000).map(|n| format!("line {n}\n")).collect();
        let many: Vec<String> = (0..1_200).map(|n| format!("group:g{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let mut writes = vec![put(9_999, &long, &many)];
        writes.extend((0..1_500).map(|n| put(n, &format!("text {n}"), &[&format!("group:g{n}")])));
        store.apply_batch(&source, writes, None, at(1)).await.unwrap();

        let ids = store.live_chunk_ids().await.unwrap();
        assert_eq!(ids.len(), 9_500);
        let all: Vec<String> = (0..1_500).map(|n| format!("g{n}")).collect();
        let all = viewer(&all.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(store.read_passages(&all, &ids).await.unwrap().len(), 9_500);
        assert_eq!(store.readable_classes(&all).await.unwrap().len(), 1_501);
        let documents: Vec<_> = (0..1_500).map(doc).collect();
        assert_eq!(store.index_state(FIRST, &documents).await.unwrap().len(), 1_500);
        assert_eq!(due(&store, 5_000, 1).await.len(), 1_501);
        let done: Vec<_> = due(&store, 5_000, 1).await;
        let done: Vec<_> = done.into_iter().map(|job| (job.document, job.seq)).collect();
        store.finish_jobs(WORKER, FIRST, &done, flushed(9)).await.unwrap();
        assert_eq!(store.pending_job_count().await.unwrap(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_and_readers_at_once_never_meet_a_lock() {
    on_each_engine(async |store| {
        let mut tasks = tokio::task::JoinSet::new();
        for writer in 0..6_u128 {
            let source = add_source(&store, writer).await;
            let store = store.clone();
            tasks.spawn(async move {
                for round in 0..10_u128 {
                    let writes: Vec<Write> = (0..5)
                        .map(|n| {
                            put(
                                writer * 100 + n,
                                &format!("{writer} {round} {n}"),
                                &["everyone", &format!("group:g{round}-{n}")],
                            )
                        })
                        .collect();
                    store.apply_batch(&source, writes, cursor("x"), at(1)).await.unwrap();
                    let worker = format!("worker {writer}");
                    let jobs = store.claim_jobs(&worker, CHANGED, 100, at(1), at(60)).await.unwrap();
                    let done: Vec<_> = jobs.into_iter().map(|job| (job.document, job.seq)).collect();
                    store.finish_jobs(&worker, FIRST, &done, flushed(9)).await.unwrap();
                    store.set_meta("round", &round.to_string()).await.unwrap();
                }
            });
        }
        for _ in 0..4 {
            let store = store.clone();
            tasks.spawn(async move {
                for _ in 0..30 {
                    let ids = store.live_chunk_ids().await.unwrap();
                    store.read_passages(&viewer(&[]), &ids).await.unwrap();
                    store.counts().await.unwrap();
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        assert_eq!(store.counts().await.unwrap().chunks, 30);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_on_one_file_wait_for_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let url = sqlite_url(dir.path());
    let (one, two) = tokio::join!(Store::open(&url), Store::open(&url));
    let (one, two) = (one.unwrap(), two.unwrap());
    let (a, b) = (add_source(&one, 1).await, add_source(&two, 2).await);
    let write = async |store: &Store, source, first: u128| {
        for round in 0..20 {
            let writes = (0..10).map(|n| put(first + n, &format!("{first} {round} {n}"), &["everyone"])).collect();
            store.apply_batch(source, writes, None, at(1)).await.unwrap();
        }
    };
    tokio::join!(write(&one, &a, 100), write(&two, &b, 200));
    assert_eq!(one.counts().await.unwrap().chunks, 20);
}

#[tokio::test]
async fn the_access_check_walks_no_table() {
    let dir = tempfile::tempdir().unwrap();
    let url = sqlite_url(dir.path());
    Store::open(&url).await.unwrap();
    let raw = Database::connect(&url).await.unwrap();
    let queries = [
        "SELECT chunks.id FROM chunks INNER JOIN documents ON chunks.document_id = documents.id WHERE chunks.id IN (1, 2) \
         AND documents.deleted_at IS NULL AND EXISTS(SELECT 1 FROM access_class_principals WHERE class_id = \
         documents.access_class_id AND principal IN ('everyone', 'group:hr'))",
        "SELECT DISTINCT class_id FROM access_class_principals WHERE principal IN ('everyone', 'group:hr')",
        "SELECT id FROM documents WHERE version = 'x' AND access_class_id = 1 AND deleted_at IS NULL AND duplicate_of IS NULL",
        "SELECT id FROM documents WHERE duplicate_of = 'x' AND deleted_at IS NULL ORDER BY id",
        "SELECT * FROM index_jobs WHERE rank = 0 AND source_id = 's' AND generation IN (1, 2) AND run_after <= 5 ORDER BY run_after, document_id LIMIT 10",
        "SELECT * FROM index_jobs WHERE rank = 1 AND source_id = 's' AND generation = 2 AND run_after <= 5 ORDER BY run_after, document_id LIMIT 10",
        "SELECT COUNT(*) FROM index_jobs WHERE generation = 2 AND rank = 1 AND attempts = 0",
        "SELECT id FROM chunks WHERE generation = 2 ORDER BY id",
        "SELECT document_id FROM chunks WHERE document_id IN ('a', 'b') AND generation = 2",
    ];
    for query in queries {
        let explain = Statement::from_string(DbBackend::Sqlite, format!("EXPLAIN QUERY PLAN {query}"));
        for row in raw.query_all_raw(explain).await.unwrap() {
            let step: String = row.try_get("", "detail").unwrap();
            assert!(!step.starts_with("SCAN") || step.contains("USING COVERING INDEX"), "{query}\n{step}");
            assert!(!step.contains("TEMP B-TREE FOR ORDER BY"), "{query}\n{step}");
        }
    }
}

/// `cargo test --release -p footnote-store -- --ignored --nocapture measure`
#[tokio::test]
#[ignore = "a measurement, not a check"]
async fn measure() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let text: String = (0..20).map(|n| format!("{n} {}\n", "word ".repeat(150))).collect();
        let begun = Instant::now();
        for batch in 0..50_u128 {
            let put = |n| put(batch * 100 + n, &format!("{n} {batch}\n{text}"), &["everyone", &format!("group:g{}", n % 7)]);
            store.apply_batch(&source, (0..100).map(put).collect(), cursor("x"), at(1)).await.unwrap();
        }
        let written = begun.elapsed();
        let ids = store.live_chunk_ids().await.unwrap();
        let mut times: Vec<Duration> = Vec::new();
        for n in 0..500 {
            let some: Vec<_> = (0..50).map(|i| ids[(n * 7_919 + i * 104_729) % ids.len()]).collect();
            let begun = Instant::now();
            assert_eq!(store.read_passages(&viewer(&["hr", "g1"]), &some).await.unwrap().len(), 50);
            times.push(begun.elapsed());
        }
        times.sort();
        let begun = Instant::now();
        let known = store.known_documents(&source).await.unwrap().len();
        println!(
            "postgres={} 5,000 documents, {} chunks written in {written:?}; 50 passages p50 {:?} p95 {:?}; {known} known in {:?}",
            store.is_postgres(), ids.len(), times[250], times[475], begun.elapsed(),
        );
    })
    .await;
}
