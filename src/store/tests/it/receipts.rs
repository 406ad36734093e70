//! Deleted means gone, with a receipt of when.

use domain::{AnswerId, VersionHash, Viewer};
use store::{NewUser, Store, StoredAnswer, Write};

use crate::{engines::*, world::*};

async fn ask(store: &Store, viewer: &Viewer, n: u128, documents: &[u128]) -> AnswerId {
    let id = AnswerId::new(ulid::Ulid::from_parts(4, n));
    let stored = StoredAnswer {
        id: id.clone(),
        question: "How many days?".into(),
        answer: serde_json::json!({"answer": "25 days [1]"}),
        evidence: serde_json::json!({"user": "25 days"}),
        created_at: at(5),
        erased_at: None,
    };
    store.save_answer(viewer, stored, &documents.iter().map(|n| doc(*n)).collect()).await.unwrap();
    id
}

async fn ann(store: &Store) -> Viewer {
    let (name, groups) = ("Ann".into(), Vec::new());
    let new = NewUser {
        id: user_id(1),
        email: "ann@example.com".into(),
        name,
        password_hash: None,
        is_admin: false,
        groups,
        now: at(0),
    };
    store.create_user(new).await.unwrap();
    Viewer::user(user_id(1), "ann@example.com", &[])
}

#[tokio::test]
async fn a_deleted_document_is_gone_everywhere_and_the_receipt_says_when() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let ann = ann(&store).await;
        store.apply_batch(&source, vec![put(1, "old", &["everyone"])], None, at(1)).await.unwrap();
        let writes = vec![put(1, "25 days", &["everyone"]), put(2, "kept", &["everyone"])];
        store.apply_batch(&source, writes, None, at(2)).await.unwrap();
        drain(&store, 3).await;
        assert_eq!(store.receipts(None, None, 10).await.unwrap(), []);
        let (both, other) = (ask(&store, &ann, 1, &[1, 2]).await, ask(&store, &ann, 2, &[2]).await);

        store.apply_batch(&source, vec![Write::Delete { document: doc(1) }], None, at(10)).await.unwrap();
        let erased = store.answer(&ann, &both).await.unwrap();
        assert_eq!((erased.question.as_str(), erased.erased_at), ("How many days?", Some(at(10))));
        assert!(erased.answer.is_null() && erased.evidence.is_null());
        assert_eq!(store.answer(&ann, &other).await.unwrap().erased_at, None);
        let receipt = store.receipts(Some(&source), Some("1.md"), 10).await.unwrap().remove(0);
        assert_eq!((receipt.deleted_at, receipt.versions, receipt.answers), (at(10), 2, 1));
        assert_eq!((receipt.keyword_at, receipt.vector_at), (None, None), "the indexes have not followed");
        drain(&store, 20).await;
        let receipt = store.receipts(Some(&source), None, 10).await.unwrap().remove(0);
        assert_eq!((receipt.keyword_at, receipt.vector_at), (Some(at(20)), Some(at(21))));

        // An answer that was being written while the document went is stored without its words.
        let late = ask(&store, &ann, 3, &[1]).await;
        assert!(store.answer(&ann, &late).await.unwrap().erased_at.is_some());

        // It comes back under its id; its past does not.
        store.apply_batch(&source, vec![put(1, "25 days", &["everyone"])], None, at(30)).await.unwrap();
        let view = store.document(&ann, &doc(1)).await.unwrap();
        assert_eq!((view.title.as_str(), view.versions.len()), ("Title 1", 1));
        assert!(store.version_text(&ann, &doc(1), Some(&VersionHash::of("old"))).await.is_err());
        assert_eq!(store.receipts(None, None, 10).await.unwrap().len(), 1, "a receipt stays");
    })
    .await;
}

#[tokio::test]
async fn what_failed_can_be_tried_again() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let failed = |id: &str| Write::Failed {
            external_id: id.into(),
            name: id.into(),
            reason: "broken".into(),
            raw_hash: Some("hash".into()),
            revision: Some("r1".into()),
        };
        let writes = vec![failed("a.pdf"), failed("b.pdf"), put(1, "one", &["everyone"])];
        store.apply_batch(&source, writes, cursor("x"), at(1)).await.unwrap();
        assert_eq!(store.retry_failures(&source, Some("c.pdf"), at(2)).await.unwrap(), 0);
        assert_eq!(store.source(&source).await.unwrap().cursor, cursor("x"));
        assert_eq!(store.retry_failures(&source, Some("a.pdf"), at(2)).await.unwrap(), 1);
        assert_eq!(store.source(&source).await.unwrap().cursor, None, "a cursor would pass over it");
        let hashes = |failures: Vec<store::Failure>| {
            let mut hashes: Vec<_> = failures.into_iter().map(|f| (f.external_id, f.raw_hash, f.revision)).collect();
            hashes.sort();
            hashes
        };
        let known = hashes(store.failures(Some(&source)).await.unwrap());
        assert_eq!(known[0], ("a.pdf".into(), None, None));
        assert_eq!(known[1], ("b.pdf".into(), Some("hash".into()), Some("r1".into())));

        let job = due(&store, 1, 2).await.remove(0);
        store.fail_job(&job, "refused", at(900)).await.unwrap();
        assert_eq!(store.retry_failures(&source, None, at(3)).await.unwrap(), 3);
        assert_eq!(due(&store, 5, 3).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_lost_its_sync_stores_nothing() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        store.request_sync(&source, at(1)).await.unwrap();
        let first = store.claim_sync(None, "one", at(1), at(60)).await.unwrap().unwrap();
        store.apply_claimed_batch(&first, vec![put(1, "one", &["everyone"])], None, at(2)).await.unwrap();
        let second = store.claim_sync(None, "two", at(61), at(120)).await.unwrap().unwrap();
        let late = store.apply_claimed_batch(&first, vec![put(2, "two", &["everyone"])], None, at(62)).await;
        assert!(matches!(late, Err(store::Error::Conflict(_))), "{late:?}");
        store.apply_claimed_batch(&second, vec![put(3, "three", &["everyone"])], None, at(63)).await.unwrap();
        assert_eq!(visible(&store, &viewer(&[])).await, ["one", "three"]);
    })
    .await;
}
