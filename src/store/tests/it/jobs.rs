//! Index jobs: none is lost, none is finished by who saw an older state.

use store::{IndexJob, Write};

use crate::{engines::*, world::*};

#[tokio::test]
async fn a_job_done_for_an_older_state_stays() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        store.apply_batch(&source, vec![put(1, "one", &["everyone"])], None, at(1)).await.unwrap();
        let first = due(&store, 10, 1).await.remove(0);
        store.apply_batch(&source, vec![put(1, "two", &["everyone"])], None, at(2)).await.unwrap();
        store.finish_jobs(WORKER, FIRST, &[(doc(1), first.seq)], flushed(9)).await.unwrap();
        let second = due(&store, 10, 2).await.remove(0);
        assert!(second.seq > first.seq);
        store.finish_jobs(WORKER, FIRST, &[(doc(1), second.seq)], flushed(9)).await.unwrap();
        assert_eq!(store.pending_job_count().await.unwrap(), 0);

        store.apply_batch(&source, vec![put(1, "three", &["everyone"])], None, at(3)).await.unwrap();
        let third = due(&store, 10, 3).await.remove(0);
        assert!(third.seq > second.seq, "a number never comes back after its job is gone");
        store.finish_jobs(WORKER, FIRST, &[(doc(1), second.seq)], flushed(9)).await.unwrap();
        assert_eq!(store.pending_job_count().await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_failed_job_waits_and_a_change_makes_it_due() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let writes = vec![put(1, "one", &["everyone"]), put(2, "two", &["everyone"])];
        store.apply_batch(&source, writes, None, at(1)).await.unwrap();
        let job = due(&store, 1, 1).await.remove(0);
        assert_eq!(job.document, doc(1));
        store.fail_job(&job, "no embedder\0", at(60)).await.unwrap();
        store.fail_job(&IndexJob { seq: job.seq - 1, ..job.clone() }, "stale", at(600)).await.unwrap();
        assert_eq!(store.put_off(&source).await.unwrap(), [("1.md".to_owned(), "no embedder".to_owned())]);

        let others = due(&store, 10, 2).await;
        assert_eq!(others.iter().map(|job| job.document.clone()).collect::<Vec<_>>(), [doc(2)]);
        assert_eq!(store.pending_job_count().await.unwrap(), 2);
        let again = due(&store, 10, 60).await;
        assert_eq!(again.iter().find(|job| job.document == doc(1)).unwrap().attempts, 1);

        store.apply_batch(&source, vec![put(1, "better", &["everyone"])], None, at(61)).await.unwrap();
        let fresh = due(&store, 10, 61).await;
        assert_eq!(fresh.iter().find(|job| job.document == doc(1)).unwrap().attempts, 0);
    })
    .await;
}

#[tokio::test]
async fn a_rebuild_asks_for_every_document_even_deleted_ones() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let writes =
            vec![put(1, "one\ntwo", &["everyone"]), put(2, "three", &["everyone"]), Write::Delete { document: doc(2) }];
        store.apply_batch(&source, writes, None, at(1)).await.unwrap();
        assert_eq!(store.pending_chunk_count().await.unwrap(), 2);
        drain(&store, 1).await;
        assert_eq!(store.pending_chunk_count().await.unwrap(), 0);
        store.enqueue_all(FIRST, at(2)).await.unwrap();
        store.enqueue_all(FIRST, at(2)).await.unwrap();
        assert_eq!(drain(&store, 2).await, [doc(1), doc(2)]);

        let states = store.index_state(FIRST, &[doc(2), doc(5), doc(1)]).await.unwrap();
        assert_eq!(states.iter().map(|state| state.document.clone()).collect::<Vec<_>>(), [doc(2), doc(1)]);
        assert_eq!(states[0].chunks, []);
        let words: Vec<_> = states[1].chunks.iter().map(|c| (c.context.as_str(), c.text.as_str())).collect();
        assert_eq!(words, [("Handbook", "one"), ("Handbook", "two")]);
        assert_eq!(states[1].title, "Title 1");
        let ids: Vec<_> = states[1].chunks.iter().map(|chunk| chunk.id).collect();
        assert_eq!(store.live_chunk_ids().await.unwrap(), ids);
    })
    .await;
}

#[tokio::test]
async fn a_claimed_job_is_nobody_elses_until_its_lease_ends() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let writes = (1..=3).map(|n| put(n, "one\ntwo", &["everyone"])).collect();
        store.apply_batch(&source, writes, None, at(1)).await.unwrap();
        let mine = store.claim_jobs("a", CHANGED, 2, at(1), at(60)).await.unwrap();
        assert_eq!(
            mine.iter().map(|job| (job.document.clone(), job.chunks)).collect::<Vec<_>>(),
            [(doc(1), 2), (doc(2), 2)]
        );
        let others = store.claim_jobs("b", CHANGED, 10, at(2), at(60)).await.unwrap();
        assert_eq!(others.iter().map(|job| job.document.clone()).collect::<Vec<_>>(), [doc(3)]);

        // A change while it is held does not hand it to another: the older state is still being written.
        store.apply_batch(&source, vec![put(1, "new", &["everyone"])], None, at(3)).await.unwrap();
        assert_eq!(store.claim_jobs("b", CHANGED, 10, at(4), at(60)).await.unwrap(), []);
        store.finish_jobs("a", FIRST, &[(doc(1), mine[0].seq)], flushed(9)).await.unwrap();
        let given_back = store.claim_jobs("b", CHANGED, 10, at(5), at(60)).await.unwrap();
        assert_eq!(given_back.iter().map(|job| job.document.clone()).collect::<Vec<_>>(), [doc(1)]);

        // Who let a lease run out finishes nothing that another has claimed since.
        store.renew_jobs("a", at(70)).await.unwrap();
        assert_eq!(store.claim_jobs("b", CHANGED, 10, at(65), at(90)).await.unwrap().len(), 2, "its own, run out");
        assert_eq!(
            store.claim_jobs("b", CHANGED, 10, at(71), at(90)).await.unwrap().len(),
            1,
            "what the other let run out"
        );
        assert!(store.renew_jobs("a", at(99)).await.unwrap().is_empty());
        store.finish_jobs("a", FIRST, &[(doc(2), mine[1].seq)], flushed(9)).await.unwrap();
        assert_eq!(store.pending_job_count().await.unwrap(), 3);
        store.release_leases().await.unwrap();
        assert_eq!(store.claim_jobs("c", CHANGED, 10, at(72), at(90)).await.unwrap().len(), 3);
    })
    .await;
}

#[tokio::test]
async fn what_a_claim_left_undone_is_anybodys_again() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let writes = (1..=3).map(|n| put(n, "one", &["everyone"])).collect();
        store.apply_batch(&source, writes, None, at(1)).await.unwrap();
        let mine = store.claim_jobs("a", CHANGED, 3, at(1), at(60)).await.unwrap();
        store.fail_job(&mine[1], "refused", at(900)).await.unwrap();
        let claimed: Vec<_> = mine.iter().map(|job| (job.document.clone(), job.generation)).collect();
        store.give_back_jobs("b", &claimed).await.unwrap();
        assert_eq!(store.claim_jobs("b", CHANGED, 3, at(2), at(60)).await.unwrap(), [], "not his to give");
        store.give_back_jobs("a", &claimed).await.unwrap();
        let others = store.claim_jobs("b", CHANGED, 3, at(2), at(60)).await.unwrap();
        assert_eq!(others.iter().map(|job| job.document.clone()).collect::<Vec<_>>(), [doc(1), doc(3)]);
    })
    .await;
}

#[tokio::test]
async fn a_small_source_is_not_held_up_by_a_large_one() {
    on_each_engine(async |store| {
        let (large, small) = (add_source(&store, 1).await, add_source(&store, 2).await);
        let writes = (100..160).map(|n| put(n, "one", &["everyone"])).collect();
        store.apply_batch(&large, writes, None, at(1)).await.unwrap();
        store.apply_batch(&small, vec![put(1, "two", &["everyone"])], None, at(5)).await.unwrap();
        let claimed = store.claim_jobs("a", CHANGED, 10, at(6), at(60)).await.unwrap();
        assert!(claimed.iter().any(|job| job.document == doc(1)), "{claimed:?}");
    })
    .await;
}
