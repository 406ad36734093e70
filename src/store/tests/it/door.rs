//! `read_passages` and the other reads: what a viewer may not see does not exist.

use domain::{ChunkId, Span, VersionHash, Viewer};
use store::{Error, Write};

use crate::{engines::*, world::*};

#[tokio::test]
async fn passages_come_in_the_order_asked_with_their_place() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        store.apply_batch(&source, vec![put(1, "ä one\ntwo\nthree", &["everyone"])], None, at(1)).await.unwrap();
        let ids = store.live_chunk_ids().await.unwrap();
        let asked = [ids[2], ChunkId(9_999), ids[0], ids[2], ChunkId(-1), ids[1]];
        let passages = store.read_passages(&viewer(&[]), &asked).await.unwrap();
        let texts: Vec<_> = passages.iter().map(|p| p.text.as_str()).collect();
        assert_eq!(texts, ["three", "ä one", "two"]);
        let two = &passages[2];
        assert_eq!((two.span, two.page, two.title.as_str()), (Span { start: 6, end: 9 }, Some(1), "Title 1"));
        assert_eq!((two.document_id.clone(), two.context.as_str(), two.score), (doc(1), "Handbook", 0.0));
        assert!(two.access.is_some());
        assert_eq!(store.read_passages(&viewer(&[]), &[]).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn each_viewer_sees_their_own_documents_only() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let writes = vec![
            put(1, "for all", &["everyone"]),
            put(2, "for hr", &["group:hr"]),
            put(3, "for ann and legal", &["user:Ann@Example.com", "group:Legal"]),
            put(4, "for nobody", &[]),
        ];
        store.apply_batch(&source, writes, None, at(1)).await.unwrap();
        let ann = Viewer::user(user_id(1), "ANN@example.com", &[]);
        let bob = Viewer::user(user_id(2), "bob@example.com", &["HR".into(), "legal".into()]);
        let mallory = Viewer::user(user_id(3), "hr", &["everyone".into(), "hr%".into(), "ann@example.com".into()]);
        let cases = [
            (Viewer::everyone(), vec![1]),
            (ann, vec![1, 3]),
            (bob, vec![1, 2, 3]),
            (mallory, vec![1]),
            (Viewer { user: None, principals: Default::default() }, vec![]),
        ];
        for (viewer, seen) in cases {
            let seen: Vec<_> = seen.into_iter().map(doc).collect();
            let page = store.documents(&viewer, 10, None).await.unwrap();
            assert_eq!(page.documents.iter().map(|d| d.id.clone()).collect::<Vec<_>>(), seen);
            assert_eq!(visible(&store, &viewer).await.len(), seen.len());
            assert_eq!(store.readable_classes(&viewer).await.unwrap().len(), seen.len());
            for n in 1..=4 {
                let may = seen.contains(&doc(n));
                assert_eq!(store.document(&viewer, &doc(n)).await.is_ok(), may);
                assert_eq!(store.version_text(&viewer, &doc(n), None).await.is_ok(), may);
            }
        }
        let hidden = store.document(&Viewer::everyone(), &doc(2)).await.unwrap_err().to_string();
        let missing = store.document(&Viewer::everyone(), &doc(77)).await.unwrap_err().to_string();
        assert_eq!(hidden.replace(doc(2).as_str(), "ID"), missing.replace(doc(77).as_str(), "ID"));
    })
    .await;
}

#[tokio::test]
async fn revoked_access_takes_effect_at_once_for_ids_already_found() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        store.apply_batch(&source, vec![put(1, "text", &["group:hr"])], None, at(1)).await.unwrap();
        drain(&store, 1).await;
        let ids = store.live_chunk_ids().await.unwrap();
        let hr = viewer(&["hr"]);
        assert_eq!(store.read_passages(&hr, &ids).await.unwrap().len(), 1);

        let moved = Write::Access { document: doc(1), readers: readers(&["group:legal"]) };
        store.apply_batch(&source, vec![moved.clone()], None, at(2)).await.unwrap();
        assert_eq!(store.read_passages(&hr, &ids).await.unwrap(), []);
        assert!(matches!(store.version_text(&hr, &doc(1), None).await, Err(Error::NotFound(_))));
        assert_eq!(store.read_passages(&viewer(&["legal"]), &ids).await.unwrap().len(), 1, "chunk ids stay");
        assert_eq!(drain(&store, 2).await, [doc(1)]);
        let state = &store.index_state(FIRST, &[doc(1)]).await.unwrap()[0];
        assert_eq!(vec![state.access], store.readable_classes(&viewer(&["legal"])).await.unwrap());

        store.apply_batch(&source, vec![moved], None, at(3)).await.unwrap();
        assert_eq!(drain(&store, 3).await, [], "the same readers are no change");
    })
    .await;
}

#[tokio::test]
async fn pages_follow_each_other_and_skip_what_is_hidden() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let writes = (0..10).map(|n| put(n, &n.to_string(), if n % 3 == 0 { &["group:hr"] } else { &["everyone"] }));
        store.apply_batch(&source, writes.collect(), None, at(1)).await.unwrap();
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = store.documents(&viewer(&[]), 4, after.as_ref()).await.unwrap();
            seen.extend(page.documents.into_iter().map(|d| d.title));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["Title 1", "Title 2", "Title 4", "Title 5", "Title 7", "Title 8"]);
    })
    .await;
}

#[tokio::test]
async fn a_superseded_version_stays_with_its_own_readers() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let (outsider, hr) = (viewer(&[]), viewer(&["hr"]));
        let apply =
            async |write: Write, second| store.apply_batch(&source, vec![write], None, at(second)).await.unwrap();
        let reads = async |viewer: &Viewer, text: &str| {
            let hash = VersionHash::of(text);
            let read = store.version_text(viewer, &doc(1), Some(&hash)).await.is_ok();
            let listed = store.document(viewer, &doc(1)).await.unwrap().versions.iter().any(|v| v.hash == hash);
            assert_eq!(read, listed, "{text}");
            read
        };
        apply(put(1, "secret", &["group:hr"]), 1).await;
        apply(put(1, "public", &["everyone"]), 2).await;
        assert!(!reads(&outsider, "secret").await && reads(&outsider, "public").await);
        assert!(reads(&hr, "secret").await && reads(&hr, "public").await);
        let hidden = store.version_text(&outsider, &doc(1), Some(&VersionHash::of("secret"))).await.unwrap_err();
        let missing = store.version_text(&outsider, &doc(1), Some(&VersionHash::of("never"))).await.unwrap_err();
        let unnamed = |error: Error, text: &str| error.to_string().replace(VersionHash::of(text).as_str(), "HASH");
        assert_eq!(unnamed(hidden, "secret"), unnamed(missing, "never"));

        apply(put(1, "secret", &["group:hr"]), 3).await;
        apply(put(1, "leaflet", &["everyone"]), 5).await;
        assert!(!reads(&outsider, "secret").await && reads(&outsider, "public").await);

        // What was opened while it was live was open; what is closed now is closed.
        apply(put(1, "draft", &["group:hr"]), 6).await;
        assert!(reads(&hr, "leaflet").await);
        apply(Write::Access { document: doc(1), readers: readers(&["everyone"]) }, 7).await;
        apply(put(1, "final", &["everyone"]), 8).await;
        assert!(reads(&outsider, "draft").await && !reads(&outsider, "secret").await && reads(&hr, "secret").await);
        apply(put(1, "final", &["group:legal"]), 9).await;
        assert!(store.version_text(&hr, &doc(1), Some(&VersionHash::of("secret"))).await.is_err());
        let both = viewer(&["legal", "hr"]);
        assert!(!reads(&viewer(&["legal"]), "secret").await && reads(&both, "secret").await);

        // Gone, and its path used again for something else: nothing of before is left.
        apply(Write::Delete { document: doc(1) }, 10).await;
        apply(put(1, "menu", &["group:hr"]), 11).await;
        assert!(reads(&both, "menu").await && !reads(&both, "secret").await && !reads(&both, "public").await);
    })
    .await;
}
