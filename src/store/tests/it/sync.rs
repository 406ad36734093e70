//! The sync transaction: all or nothing, versions, failures, deletion, revival.

use domain::VersionHash;
use store::{Error, NewSource, Store, Write};

use crate::{engines::*, world::*};

fn failed(external_id: &str, reason: &str) -> Write {
    let (external_id, name) = (external_id.to_owned(), external_id.to_owned());
    Write::Failed { external_id, name, reason: reason.into(), raw_hash: Some("bad".into()), revision: None }
}

#[tokio::test]
async fn a_batch_is_stored_with_its_cursor_and_jobs() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let writes = vec![put(1, "one\ntwo é", &["everyone"]), put(2, "three", &["group:hr"])];
        store.apply_batch(&source, writes, cursor("p1"), at(1)).await.unwrap();

        let saved = store.source_by_name("folder", "docs 1").await.unwrap().unwrap();
        assert_eq!((saved.cursor, saved.config["path"].as_str()), (cursor("p1"), Some("/docs")));
        let known = store.known_documents(&source).await.unwrap();
        assert_eq!((known.len(), known["1.md"].raw_hash.as_str(), known["1.md"].live), (2, "raw one\ntwo é", true));
        assert_eq!(*known["2.md"].readers, readers(&["group:hr"]));
        assert_ne!(known["1.md"].readers, known["2.md"].readers);
        assert_eq!(drain(&store, 1).await, [doc(1), doc(2)]);
        let counts = store.counts().await.unwrap();
        assert_eq!((counts.live, counts.chunks, counts.pending_jobs), (2, 3, 0));
    })
    .await;
}

#[tokio::test]
async fn a_failing_write_leaves_nothing_of_its_batch() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        store.apply_batch(&source, vec![put(1, "old", &["everyone"])], cursor("p1"), at(1)).await.unwrap();
        drain(&store, 1).await;
        let before = store.counts().await.unwrap();
        let bad_last = [
            Write::Delete { document: doc(99) },
            put_duplicate(9, "no such text", &["everyone"], 1),
            put(9, "a\0b", &["everyone"]),
            Write::Access { document: doc(1), readers: readers(&[&format!("group:{}", "x".repeat(2_000))]) },
        ];
        for bad in bad_last {
            let writes = vec![
                put(1, "new", &["group:hr"]),
                put(2, "second", &["group:never-seen"]),
                failed("3.md", "broken"),
                bad,
            ];
            store.apply_batch(&source, writes, cursor("p2"), at(2)).await.unwrap_err();

            assert_eq!(store.counts().await.unwrap(), before);
            assert_eq!(visible(&store, &viewer(&[])).await, ["old"]);
            assert!(store.readable_classes(&viewer(&["never-seen"])).await.unwrap().len() == 1);
            let saved = store.source_by_name("folder", "docs 1").await.unwrap().unwrap();
            assert_eq!(saved.cursor, cursor("p1"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_batch_that_is_abandoned_half_way_leaves_nothing() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let writes: Vec<Write> = (0..200).map(|n| put(n, &format!("text {n}"), &["everyone"])).collect();
        for wait in [1, 5, 20] {
            let batch = store.apply_batch(&source, writes.clone(), cursor("p1"), at(1));
            let _ = tokio::time::timeout(std::time::Duration::from_millis(wait), batch).await;
        }
        let counts = store.counts().await.unwrap();
        assert!([(0, 0, 0), (200, 200, 200)].contains(&(counts.documents, counts.chunks, counts.pending_jobs)));
        store.apply_batch(&source, writes, cursor("p2"), at(2)).await.unwrap();
        assert_eq!(store.counts().await.unwrap().chunks, 200);
    })
    .await;
}

#[tokio::test]
async fn a_new_version_replaces_chunks_and_keeps_the_old_text() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let everyone = viewer(&[]);
        store.apply_batch(&source, vec![put(1, "old text", &["everyone"])], None, at(1)).await.unwrap();
        let old_ids = store.live_chunk_ids().await.unwrap();
        store.apply_batch(&source, vec![put(1, "new text", &["everyone"])], None, at(2)).await.unwrap();

        let new_ids = store.live_chunk_ids().await.unwrap();
        assert!(new_ids.iter().all(|id| old_ids.iter().all(|old| id > old)), "ids are never reused");
        assert_eq!(store.read_passages(&everyone, &old_ids).await.unwrap(), []);
        let (old, new) = (VersionHash::of("old text"), VersionHash::of("new text"));
        let text = store.version_text(&everyone, &doc(1), Some(&old)).await.unwrap();
        assert_eq!((text.text.as_str(), text.superseded, text.version), ("old text", true, old.clone()));
        assert_eq!((text.headings.len(), text.pages[0].number), (1, 1));
        let text = store.version_text(&everyone, &doc(1), None).await.unwrap();
        assert_eq!((text.text.as_str(), text.superseded), ("new text", false));
        let view = store.document(&everyone, &doc(1)).await.unwrap();
        let versions: Vec<_> = view.versions.iter().map(|v| (v.hash.clone(), v.live)).collect();
        assert_eq!(versions, [(new, true), (old.clone(), false)]);

        store.apply_batch(&source, vec![put(1, "old text", &["everyone"])], None, at(3)).await.unwrap();
        let text = store.version_text(&everyone, &doc(1), Some(&old)).await.unwrap();
        assert!(!text.superseded, "a version can come back");
        assert_eq!(store.document(&everyone, &doc(1)).await.unwrap().versions.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_deleted_document_is_gone_for_viewers_and_can_come_back() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        store.apply_batch(&source, vec![put(1, "text", &["everyone"])], None, at(1)).await.unwrap();
        let ids = store.live_chunk_ids().await.unwrap();
        drain(&store, 1).await;
        for _ in 0..2 {
            let gone = vec![Write::Delete { document: doc(1) }];
            store.apply_batch(&source, gone, None, at(2)).await.unwrap();
            assert_eq!(store.read_passages(&viewer(&[]), &ids).await.unwrap(), []);
            assert!(matches!(store.document(&viewer(&[]), &doc(1)).await, Err(Error::NotFound(_))));
            assert_eq!(store.counts().await.unwrap().deleted, 1);
            assert!(!store.known_documents(&source).await.unwrap()["1.md"].live);
        }
        assert_eq!(store.index_state(FIRST, &[doc(1)]).await.unwrap()[0].chunks, []);
        assert_eq!(drain(&store, 2).await, [doc(1)]);

        store.apply_batch(&source, vec![put(1, "text", &["everyone"])], None, at(3)).await.unwrap();
        assert_eq!(visible(&store, &viewer(&[])).await, ["text"]);
        assert_ne!(store.live_chunk_ids().await.unwrap(), ids);
    })
    .await;
}

#[tokio::test]
async fn failures_stay_until_a_success_clears_them() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let writes = vec![
            put(1, "text", &["everyone"]),
            failed("1.md", "first"),
            failed("a.pdf", "en\0crypted"),
            failed("b", "x"),
        ];
        store.apply_batch(&source, writes, None, at(1)).await.unwrap();
        store.apply_batch(&source, vec![failed("1.md", "again")], None, at(2)).await.unwrap();
        let other = add_source(&store, 2).await;
        store.apply_batch(&other, vec![failed("1.md", "elsewhere")], None, at(3)).await.unwrap();

        let found = store.failures(Some(&source)).await.unwrap();
        let named: Vec<_> = found.iter().map(|f| (f.name.as_str(), f.reason.as_str(), f.at)).collect();
        assert_eq!(named, [("1.md", "again", at(2)), ("a.pdf", "encrypted", at(1)), ("b", "x", at(1))]);
        assert_eq!(found[0].raw_hash.as_deref(), Some("bad"));
        assert_eq!(visible(&store, &viewer(&[])).await, ["text"], "the document stays as it is");

        let better = vec![put(1, "text", &["everyone"]), Write::Seen { external_id: "a.pdf".into(), revision: None }];
        store.apply_batch(&source, better, None, at(4)).await.unwrap();
        let left: Vec<_> = store.failures(None).await.unwrap().into_iter().map(|f| (f.source, f.external_id)).collect();
        assert_eq!(left, [(other, "1.md".into()), (source, "b".into())]);
    })
    .await;
}

#[tokio::test]
async fn ids_and_names_cannot_be_taken_over() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let other = add_source(&store, 2).await;
        store.apply_batch(&source, vec![put(1, "text", &["everyone"])], None, at(1)).await.unwrap();
        let stolen = store.apply_batch(&other, vec![Write::Delete { document: doc(1) }], None, at(2)).await;
        assert!(matches!(stolen, Err(Error::Conflict(_))));
        let mut renamed = put(2, "text", &["everyone"]);
        if let Write::Put { external_id, .. } = &mut renamed {
            *external_id = "1.md".into();
        }
        let twice = store.apply_batch(&source, vec![renamed], None, at(2)).await;
        assert!(matches!(twice, Err(Error::Conflict(_))));
        let new = NewSource {
            id: source_id(3),
            kind: "folder".into(),
            name: "docs 1".into(),
            config: 1.into(),
            settings: Default::default(),
            now: at(0),
        };
        assert!(matches!(store.create_source(new).await, Err(Error::Conflict(_))));
        let unknown = store.apply_batch(&source_id(9), vec![], None, at(2)).await;
        assert!(matches!(unknown, Err(Error::NotFound(_))));
    })
    .await;
}

#[tokio::test]
async fn words_that_look_like_sql_are_words() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let nasty = "'; DROP TABLE documents; -- \" \\ $1 ? %";
        let group = format!("group:{nasty}");
        let mut write = put(1, nasty, &[&group]);
        if let Write::Put { external_id, title, .. } = &mut write {
            *external_id = format!("{nasty}{}", "long/".repeat(2_000));
            *title = format!("{nasty}\0");
        }
        store.apply_batch(&source, vec![write, failed(nasty, nasty)], cursor(nasty), at(1)).await.unwrap();
        assert_eq!(visible(&store, &viewer(&[nasty])).await, [nasty]);
        assert_eq!(visible(&store, &viewer(&[])).await, [""; 0]);
        let view = store.document(&viewer(&[nasty]), &doc(1)).await.unwrap();
        assert_eq!(view.title, nasty);
        assert!(store.version_text(&viewer(&[nasty]), &doc(1), Some(&VersionHash::from_stored("\0"))).await.is_err());
        assert!(store.user_by_email("a\0b").await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn reopening_keeps_everything_and_a_newer_schema_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let url = sqlite_url(dir.path());
    let store = Store::open(&url).await.unwrap();
    let source = settle(&store).await;
    store.apply_batch(&source, vec![put(1, "text", &["everyone"])], None, at(1)).await.unwrap();
    let again = Store::open(&url).await.unwrap();
    assert_eq!(visible(&again, &viewer(&[])).await, ["text"]);

    let raw = sea_orm::Database::connect(&url).await.unwrap();
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20991231_000001_later', 0)";
    sea_orm::ConnectionTrait::execute_unprepared(&raw, newer).await.unwrap();
    assert!(matches!(Store::open(&url).await, Err(Error::Schema(_))));
}

#[tokio::test]
async fn versions_from_before_the_migration_are_read_like_their_document() {
    let dir = tempfile::tempdir().unwrap();
    let url = sqlite_url(dir.path());
    let store = Store::open(&url).await.unwrap();
    let source = settle(&store).await;
    for (second, text) in [(1, "old"), (2, "new")] {
        store.apply_batch(&source, vec![put(1, text, &["group:hr"])], None, at(second)).await.unwrap();
    }
    let raw = sea_orm::Database::connect(&url).await.unwrap();
    let undo = "ALTER TABLE versions DROP COLUMN access_class_id; \
         DELETE FROM seaql_migrations WHERE version = 'm20261124_000000_version_access'";
    sea_orm::ConnectionTrait::execute_unprepared(&raw, undo).await.unwrap();

    let store = Store::open(&url).await.unwrap();
    let old = VersionHash::of("old");
    assert!(store.version_text(&viewer(&["hr"]), &doc(1), Some(&old)).await.unwrap().superseded);
    store.apply_batch(&source, vec![put(1, "new", &["everyone"])], None, at(3)).await.unwrap();
    assert!(matches!(store.version_text(&viewer(&[]), &doc(1), Some(&old)).await, Err(Error::NotFound(_))));
    assert_eq!(store.document(&viewer(&[]), &doc(1)).await.unwrap().versions.len(), 1);
}
