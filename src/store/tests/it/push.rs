//! What pushing leans on: tokens, requests done once, and reads by external id.

use store::{Begun, Write};

use crate::{engines::*, world::*};

#[tokio::test]
async fn a_source_has_one_token_at_a_time() {
    on_each_engine(async |store| {
        let (source, other) = (settle(&store).await, add_source(&store, 2).await);
        assert_eq!(store.source_token(&source).await.unwrap(), None);
        for hash in ["first", "second"] {
            store.set_source_token(&source, hash.into(), at(0)).await.unwrap();
            assert_eq!(store.source_token(&source).await.unwrap().as_deref(), Some(hash));
        }
        assert_eq!(store.source_token(&other).await.unwrap(), None);
        assert!(store.delete_source_token(&source).await.unwrap());
        assert!(!store.delete_source_token(&source).await.unwrap());
        store.set_source_token(&source, "third".into(), at(1)).await.unwrap();
        store.purge_source(&source).await.unwrap();
        assert_eq!(store.source_token(&source).await.unwrap(), None, "it goes with its source");
    })
    .await;
}

#[tokio::test]
async fn a_key_is_worked_on_once() {
    on_each_engine(async |store| {
        let (source, other) = (settle(&store).await, add_source(&store, 2).await);
        let begin = async |body: &str, second: i64| store.begin_once(&source, "k", body, at(second)).await.unwrap();
        assert_eq!(begin("a", 0).await, Begun::New);
        assert_eq!(begin("a", 1).await, Begun::Running);
        assert_eq!(begin("b", 1).await, Begun::OtherBody);
        assert_eq!(store.begin_once(&other, "k", "b", at(1)).await.unwrap(), Begun::New, "another source's key");
        store.forget_once(&source, "k").await.unwrap();
        assert_eq!(begin("b", 2).await, Begun::New, "given back, it is free");
        assert_eq!(begin("b", 602).await, Begun::New, "whoever had it is gone");
        store.finish_once(&source, "k", "done").await.unwrap();
        assert_eq!(begin("b", 603).await, Begun::Done("done".into()));
        assert_eq!(begin("a", 24 * 3600).await, Begun::OtherBody);
        assert_eq!(begin("a", 24 * 3600 + 2).await, Begun::New, "expired");
    })
    .await;
}

#[tokio::test]
async fn many_requests_with_one_key_begin_once() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let begun = (0..8).map(|_| store.begin_once(&source, "k", "a", at(0)));
        let begun = futures::future::join_all(begun).await;
        let new = begun.into_iter().filter(|begun| matches!(begun, Ok(Begun::New))).count();
        assert_eq!(new, 1);
    })
    .await;
}

#[tokio::test]
async fn only_what_is_asked_for_is_read() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let failed = Write::Failed {
            external_id: "9.md".into(),
            name: "9.md".into(),
            reason: "broken".into(),
            raw_hash: None,
            revision: None,
        };
        let writes =
            vec![put(1, "one", &["group:hr"]), put(2, "two", &["everyone"]), put(3, "three", &["everyone"]), failed];
        store.apply_batch(&source, writes, None, at(0)).await.unwrap();
        store.apply_batch(&source, vec![Write::Delete { document: doc(2) }], None, at(1)).await.unwrap();
        let asked = ["1.md", "2.md", "4.md", "9.md"].map(String::from);
        let known = store.known_among(&source, &asked).await.unwrap();
        assert_eq!(known.len(), 2);
        assert!(known["1.md"].live && !known["2.md"].live);
        assert_eq!(*known["1.md"].readers, readers(&["group:hr"]));
        let all = store.known_documents(&source).await.unwrap();
        assert_eq!((all.len(), &all["1.md"]), (3, &known["1.md"]));
        let failures = store.failures_among(&source, &asked).await.unwrap();
        assert_eq!(failures.iter().map(|failure| failure.external_id.as_str()).collect::<Vec<_>>(), ["9.md"]);
        assert!(store.failures_among(&source, &asked[..2]).await.unwrap().is_empty());
    })
    .await;
}
