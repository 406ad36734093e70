//! Index jobs: none is lost, none is finished by who saw an older state.

use store::Write;

use crate::{engines::*, world::*};

#[tokio::test]
async fn a_job_done_for_an_older_state_stays() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        store.apply_batch(&source, vec![put(1, "one", &["everyone"])], None, at(1)).await.unwrap();
        let first = store.pending_jobs(10, at(1)).await.unwrap().remove(0);
        store.apply_batch(&source, vec![put(1, "two", &["everyone"])], None, at(2)).await.unwrap();
        store.finish_jobs(&[(doc(1), first.seq)]).await.unwrap();
        let second = store.pending_jobs(10, at(2)).await.unwrap().remove(0);
        assert!(second.seq > first.seq);
        store.finish_jobs(&[(doc(1), second.seq)]).await.unwrap();
        assert_eq!(store.pending_job_count().await.unwrap(), 0);

        store.apply_batch(&source, vec![put(1, "three", &["everyone"])], None, at(3)).await.unwrap();
        let third = store.pending_jobs(10, at(3)).await.unwrap().remove(0);
        assert!(third.seq > second.seq, "a number never comes back after its job is gone");
        store.finish_jobs(&[(doc(1), second.seq)]).await.unwrap();
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
        let job = store.pending_jobs(1, at(1)).await.unwrap().remove(0);
        assert_eq!(job.document, doc(1));
        store.fail_job(&job.document, job.seq, "no embedder\0", at(60)).await.unwrap();
        store.fail_job(&job.document, job.seq - 1, "stale", at(600)).await.unwrap();
        assert_eq!(store.put_off(&source).await.unwrap(), [("1.md".to_owned(), "no embedder".to_owned())]);

        let due = store.pending_jobs(10, at(2)).await.unwrap();
        assert_eq!(due.iter().map(|job| job.document.clone()).collect::<Vec<_>>(), [doc(2)]);
        assert_eq!(store.pending_job_count().await.unwrap(), 2);
        let again = store.pending_jobs(10, at(60)).await.unwrap();
        assert_eq!(again.iter().find(|job| job.document == doc(1)).unwrap().attempts, 1);

        store.apply_batch(&source, vec![put(1, "better", &["everyone"])], None, at(3)).await.unwrap();
        let fresh = store.pending_jobs(10, at(3)).await.unwrap();
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
        store.enqueue_all(at(2)).await.unwrap();
        store.enqueue_all(at(2)).await.unwrap();
        assert_eq!(drain(&store, 2).await, [doc(1), doc(2)]);

        let states = store.index_state(&[doc(2), doc(5), doc(1)]).await.unwrap();
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
