//! Generations of the indexes: each document has chunks and jobs in every one that is kept, and one is live.

use domain::{EmbedderProfile, GenerationId};
use sea_orm::{ConnectionTrait, Database};
use serde_json::json;
use store::{Error, GenerationState, IndexJob, Jobs, Store, Write};

use crate::{engines::*, world::*};

const ALL: &[&str] = &["everyone"];

fn profile(model: &str) -> EmbedderProfile {
    EmbedderProfile {
        model: model.into(),
        weights_sha256: "w".into(),
        dims: 4,
        max_tokens: 8,
        query_prefix: String::new(),
        passage_prefix: String::new(),
    }
}

async fn begin(store: &Store, second: i64) -> GenerationId {
    store.begin_generation(&profile("other"), &json!({ "tokens": 9 }), at(second)).await.unwrap()
}

/// Works off what is left of building `id`: every document in one chunk. Returns how many documents that were.
async fn build(store: &Store, id: GenerationId, second: i64) -> usize {
    let jobs = to_build(store, id, second).await;
    for job in &jobs {
        cut(store, id, &job.document).await;
    }
    let done: Vec<_> = jobs.iter().map(|job| (job.document.clone(), job.seq)).collect();
    store.finish_jobs(WORKER, id, &done, flushed(second)).await.unwrap();
    done.len()
}

async fn to_build(store: &Store, id: GenerationId, second: i64) -> Vec<IndexJob> {
    store.claim_jobs(WORKER, Jobs::Building(id), 1_000, at(second), at(second)).await.unwrap()
}

async fn changed(store: &Store, ids: &[GenerationId], second: i64) -> Vec<IndexJob> {
    store.claim_jobs(WORKER, Jobs::Changed(ids), 1_000, at(second), at(second)).await.unwrap()
}

/// Works off what changed, for one generation.
async fn follow(store: &Store, id: GenerationId, second: i64) {
    let jobs = changed(store, &[id], second).await;
    let done: Vec<_> = jobs.into_iter().map(|job| (job.document, job.seq)).collect();
    store.finish_jobs(WORKER, id, &done, flushed(second)).await.unwrap();
}

/// Cuts a document into one chunk for `id`, if that is to be done.
async fn cut(store: &Store, id: GenerationId, document: &domain::DocumentId) -> bool {
    if store.uncut(id, std::slice::from_ref(document)).await.unwrap().is_empty() {
        return false;
    }
    let uncut = store.read_uncut(document).await.unwrap().unwrap();
    let text = uncut.parsed.text.replace('\n', " ");
    store.save_cut(id, &uncut, chunks(&text)).await.unwrap()
}

async fn states(store: &Store) -> Vec<(i64, GenerationState)> {
    store.generations().await.unwrap().into_iter().map(|row| (row.id.0, row.state)).collect()
}

/// Documents with two lines each, indexed in the first generation.
async fn two_documents(store: &Store) -> domain::SourceId {
    let source = settle(store).await;
    let writes = vec![put(1, "one\ntwo", ALL), put(2, "three\nfour", ALL)];
    store.apply_batch(&source, writes, None, at(1)).await.unwrap();
    drain(store, 1).await;
    source
}

#[tokio::test]
async fn a_generation_is_built_from_stored_texts_switched_to_and_rolled_back() {
    on_each_engine(async |store| {
        let source = two_documents(&store).await;
        store.record_recipe(FIRST, &profile("first"), &json!({ "tokens": 3 })).await.unwrap();
        store.record_recipe(FIRST, &profile("again"), &json!({ "tokens": 4 })).await.unwrap();
        let second = begin(&store, 2).await;
        assert_eq!(states(&store).await, [(1, GenerationState::Live), (2, GenerationState::Building)]);
        let progress = store.generation_progress(second).await.unwrap();
        assert_eq!((progress.documents, progress.left, progress.chunks), (2, 2, 0));
        assert_eq!(store.pending_job_count().await.unwrap(), 0, "nobody waits for what is being built");
        assert!(matches!(store.switch_generation(second, at(3)).await, Err(Error::Conflict(_))));

        // Changed, added and deleted meanwhile: all generations follow.
        let writes = vec![put(1, "new\nwords", ALL), put(3, "five\nsix", ALL), Write::Delete { document: doc(2) }];
        store.apply_batch(&source, writes, None, at(3)).await.unwrap();
        let jobs = changed(&store, &[FIRST, second], 3).await;
        assert_eq!(jobs.iter().filter(|job| job.generation == second).count(), 3);
        assert_eq!(build(&store, second, 4).await, 0, "what changed is no longer part of building");
        for generation in [FIRST, second] {
            for document in [1, 2, 3] {
                assert_eq!(cut(&store, generation, &doc(document)).await, generation == second && document != 2);
            }
            follow(&store, generation, 3).await;
            assert_eq!(store.job_count(generation).await.unwrap(), 0);
        }
        assert_eq!(visible(&store, &viewer(&[])).await, ["new", "words", "five", "six"]);
        store.switch_generation(second, at(5)).await.unwrap();
        assert_eq!(states(&store).await, [(1, GenerationState::Previous), (2, GenerationState::Live)]);
        assert_eq!(visible(&store, &viewer(&[])).await, ["new words", "five six"]);
        assert_eq!(store.counts().await.unwrap().chunks, 2);

        store.apply_batch(&source, vec![Write::Delete { document: doc(3) }], None, at(6)).await.unwrap();
        assert_eq!(store.roll_back(at(7)).await.unwrap(), FIRST);
        assert_eq!(visible(&store, &viewer(&[])).await, ["new", "words"], "the previous one was kept up to date");
        let live = store.live_generation().await.unwrap();
        assert_eq!((live.profile.unwrap().model.as_str(), live.chunking), ("first", Some(json!({ "tokens": 3 }))));

        assert_eq!(store.give_up_previous().await.unwrap(), second);
        assert!(matches!(store.give_up_previous().await, Err(Error::NotFound(_))));
        assert!(matches!(store.roll_back(at(8)).await, Err(Error::NotFound(_))));
        assert_eq!(store.job_count(second).await.unwrap(), 0);
        store.apply_batch(&source, vec![put(4, "last", ALL)], None, at(9)).await.unwrap();
        assert_eq!(store.job_count(second).await.unwrap(), 0, "nothing is asked of one that goes");
        while store.delete_chunks(second, 1).await.unwrap() {}
        while store.delete_chunks(FIRST, 1).await.unwrap() {}
        store.forget_generation(second, at(10)).await.unwrap();
        store.forget_generation(FIRST, at(10)).await.unwrap();
        assert_eq!(states(&store).await, [(1, GenerationState::Live)]);
        assert_eq!(visible(&store, &viewer(&[])).await, ["new", "words", "last"]);
    })
    .await;
}

#[tokio::test]
async fn an_heir_inherits_the_chunks_of_every_generation() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let writes = vec![put(1, "same\ntext", ALL), put_duplicate(2, "same\ntext", ALL, 1)];
        store.apply_batch(&source, writes, None, at(1)).await.unwrap();
        drain(&store, 1).await;
        let second = begin(&store, 2).await;
        assert_eq!(build(&store, second, 2).await, 1, "a duplicate has no chunks in any generation");
        store.apply_batch(&source, vec![Write::Delete { document: doc(1) }], None, at(3)).await.unwrap();
        for (generation, chunks) in [(FIRST, 2), (second, 1)] {
            let states = store.index_state(generation, &[doc(1), doc(2)]).await.unwrap();
            assert_eq!(states.iter().map(|state| state.chunks.len()).collect::<Vec<_>>(), [0, chunks]);
            assert_eq!(store.chunk_ids(generation).await.unwrap().len(), chunks);
        }
    })
    .await;
}

#[tokio::test]
async fn no_chunk_of_an_older_state_is_stored() {
    on_each_engine(async |store| {
        let source = two_documents(&store).await;
        let second = begin(&store, 2).await;
        let read = store.read_uncut(&doc(1)).await.unwrap().unwrap();
        store.apply_batch(&source, vec![put(1, "other", ALL)], None, at(3)).await.unwrap();
        assert!(!store.save_cut(second, &read, chunks("one\ntwo")).await.unwrap());
        assert_eq!(store.chunk_ids(second).await.unwrap(), []);
        assert!(cut(&store, second, &doc(1)).await);
        let read = store.read_uncut(&doc(1)).await.unwrap().unwrap();
        assert!(!store.save_cut(second, &read, chunks("other")).await.unwrap(), "once is enough");
        store.give_up_generation(second).await.unwrap();
        let read = store.read_uncut(&doc(2)).await.unwrap().unwrap();
        assert!(!store.save_cut(second, &read, chunks("three")).await.unwrap(), "nor for one that goes");
        store.give_up_generation(FIRST).await.unwrap();
        assert_eq!(states(&store).await[0], (1, GenerationState::Live), "the live one stays");
        store.apply_batch(&source, vec![Write::Delete { document: doc(2) }], None, at(4)).await.unwrap();
        assert_eq!(store.read_uncut(&doc(2)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_refused_document_does_not_hold_up_the_switch() {
    on_each_engine(async |store| {
        two_documents(&store).await;
        let second = begin(&store, 2).await;
        let jobs = to_build(&store, second, 2).await;
        store.fail_job(&jobs[0], "too odd", at(60)).await.unwrap();
        assert!(matches!(store.switch_generation(second, at(3)).await, Err(Error::Conflict(_))));
        assert_eq!(build(&store, second, 3).await, 1);
        let progress = store.generation_progress(second).await.unwrap();
        assert_eq!((progress.left, progress.refused), (0, 1));
        store.switch_generation(second, at(4)).await.unwrap();
        let put_off = store.put_off(&source_id(1)).await.unwrap();
        assert_eq!(put_off, [("1.md".to_owned(), "too odd".to_owned())]);
        assert_eq!(store.source_counts(&source_id(1)).await.unwrap().indexed, 1);
        assert_eq!(changed(&store, &[second], 60).await.len(), 1, "and is tried again");
    })
    .await;
}

#[tokio::test]
async fn another_beginning_gives_up_what_was_begun_and_what_was_before() {
    on_each_engine(async |store| {
        let source = two_documents(&store).await;
        let second = begin(&store, 2).await;
        build(&store, second, 2).await;
        store.switch_generation(second, at(3)).await.unwrap();
        let third = begin(&store, 4).await;
        let fourth = begin(&store, 5).await;
        let expected =
            [GenerationState::Dropping, GenerationState::Live, GenerationState::Dropping, GenerationState::Building];
        assert_eq!(states(&store).await, [1, 2, 3, 4].into_iter().zip(expected).collect::<Vec<_>>());
        assert!(store.switch_generation(third, at(6)).await.is_err());
        let fifth = store.replace_generations(&profile("new"), &json!({}), at(7)).await.unwrap();
        assert_eq!(store.live_generation().await.unwrap().id, fifth);
        assert_eq!(store.job_count(fourth).await.unwrap(), 0);
        assert_eq!(changed(&store, &[fifth], 7).await.len(), 2, "all at once, by ordinary jobs");
        // A put that was cut for a generation that has gone stores no chunks; the index job cuts.
        store.apply_batch(&source, vec![put(1, "late", ALL)], None, at(8)).await.unwrap();
        assert_eq!(store.uncut(fifth, &[doc(1)]).await.unwrap(), [doc(1)]);
    })
    .await;
}

#[tokio::test]
async fn a_removed_source_leaves_no_generation_behind() {
    on_each_engine(async |store| {
        let source = two_documents(&store).await;
        let second = begin(&store, 2).await;
        build(&store, second, 2).await;
        while store.delete_some(&source, at(3)).await.unwrap() {}
        follow(&store, FIRST, 3).await;
        assert!(matches!(store.purge_source(&source).await, Err(Error::Conflict(_))), "the new one still holds it");
        follow(&store, second, 3).await;
        store.purge_source(&source).await.unwrap();
        for generation in [FIRST, second] {
            assert_eq!(store.chunk_ids(generation).await.unwrap(), []);
        }
    })
    .await;
}

#[tokio::test]
async fn a_receipt_waits_for_every_generation_and_for_what_is_being_deleted() {
    on_each_engine(async |store| {
        let source = two_documents(&store).await;
        let second = begin(&store, 2).await;
        build(&store, second, 2).await;
        let gone = async || store.receipts(None, None, 1).await.unwrap().remove(0).keyword_at;
        store.apply_batch(&source, vec![Write::Delete { document: doc(1) }], None, at(3)).await.unwrap();
        follow(&store, FIRST, 4).await;
        assert_eq!(gone().await, None, "the new indexes still hold it");
        follow(&store, second, 5).await;
        assert_eq!(gone().await, Some(at(5)));

        store.apply_batch(&source, vec![Write::Delete { document: doc(2) }], None, at(6)).await.unwrap();
        store.give_up_generation(second).await.unwrap();
        follow(&store, FIRST, 7).await;
        assert_eq!(gone().await, None, "nobody takes it out of what is being deleted");
        store.forget_generation(second, at(8)).await.unwrap();
        assert_eq!(gone().await, Some(at(8)));
    })
    .await;
}

/// Brings a database back to the schema of the time before generations.
const UNDO: &[&str] = &[
    "DELETE FROM seaql_migrations WHERE version = 'm20261124_000030_generations'",
    "DROP TABLE index_generations",
    "DROP INDEX chunks_document_id_generation_ordinal_idx",
    "DROP INDEX chunks_generation_id_idx",
    "ALTER TABLE chunks DROP COLUMN generation",
    "CREATE UNIQUE INDEX chunks_document_id_ordinal_idx ON chunks (document_id, ordinal)",
    "ALTER TABLE index_jobs RENAME TO jobs",
    "CREATE TABLE index_jobs (document_id text PRIMARY KEY, seq bigint NOT NULL, attempts bigint NOT NULL, error text, \
     run_after bigint NOT NULL, created_at bigint NOT NULL, source_id text, worker text, lease_until bigint)",
    "INSERT INTO index_jobs SELECT document_id, seq, attempts, error, run_after, created_at, source_id, worker, lease_until FROM jobs",
    "DROP TABLE jobs",
    "CREATE INDEX index_jobs_run_after_document_id_idx ON index_jobs (run_after, document_id)",
    "CREATE INDEX index_jobs_source_id_run_after_idx ON index_jobs (source_id, run_after)",
    "CREATE INDEX index_jobs_worker_idx ON index_jobs (worker)",
];

#[tokio::test]
async fn what_was_there_becomes_the_first_generation() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&sqlite_url(dir.path())).await.unwrap();
    let source = two_documents(&store).await;
    store.apply_batch(&source, vec![put(2, "changed", ALL)], None, at(2)).await.unwrap();
    let (chunks, jobs) = (store.live_chunk_ids().await.unwrap(), changed(&store, &[FIRST], 2).await);
    store.set_meta("index_profile", &serde_json::to_string(&profile("old")).unwrap()).await.unwrap();
    drop(store);
    let raw = Database::connect(sqlite_url(dir.path())).await.unwrap();
    for statement in UNDO {
        raw.execute_unprepared(statement).await.unwrap();
    }
    raw.close().await.unwrap();

    let store = Store::open(&sqlite_url(dir.path())).await.unwrap();
    let live = store.live_generation().await.unwrap();
    assert_eq!((live.id, live.profile, live.chunking), (FIRST, Some(profile("old")), None));
    assert_eq!(store.live_chunk_ids().await.unwrap(), chunks);
    assert_eq!(changed(&store, &[FIRST], 2).await, jobs);
    assert_eq!(store.get_meta("index_profile").await.unwrap(), None);
    let second = begin(&store, 3).await;
    assert_eq!((second, build(&store, second, 3).await), (GenerationId(2), 2));
}
