//! Sources as admins keep them: revisions, groups, syncs with leases, removal.

use domain::Principal;
use store::{SyncEnd, SyncState, Write};

use crate::{engines::*, world::*};

fn ended(state: SyncState, reason: Option<&str>, run_after: Option<jiff::Timestamp>) -> SyncEnd {
    let (reason, succeeded) = (reason.map(str::to_owned), state == SyncState::Idle);
    let is_settled = succeeded;
    SyncEnd { state, reason, run_after, listed: Some(3), summary: Some("{}".into()), succeeded, is_settled }
}

#[tokio::test]
async fn a_sync_has_one_worker_at_a_time_and_survives_it() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        assert_eq!(store.claim_sync(None, "one", at(0), at(60)).await.unwrap(), None);
        assert!(store.request_sync(&source, at(1)).await.unwrap());
        assert_eq!(store.sync_status(&source).await.unwrap().state, SyncState::Queued);
        assert_eq!(store.claim_sync(None, "one", at(0), at(60)).await.unwrap(), None, "not yet due");

        let claim = store.claim_sync(None, "one", at(1), at(60)).await.unwrap().unwrap();
        assert_eq!((claim.attempts, claim.removes), (1, false));
        assert_eq!(store.claim_sync(None, "two", at(2), at(60)).await.unwrap(), None, "it is taken");
        assert!(!store.request_sync(&source, at(2)).await.unwrap(), "it runs already");
        assert!(store.renew_sync(&claim, 5, Some(10), at(90)).await.unwrap());
        let status = store.sync_status(&source).await.unwrap();
        assert_eq!((status.state, status.done, status.total), (SyncState::Running, 5, Some(10)));

        // The worker dies; another takes over, and the first, should it wake, has no say any more.
        let other = store.claim_sync(None, "two", at(100), at(160)).await.unwrap().unwrap();
        assert_eq!(other.attempts, 2);
        assert!(!store.renew_sync(&claim, 6, Some(10), at(200)).await.unwrap());
        store.end_sync(&claim, ended(SyncState::Failed, Some("stale"), None), at(101)).await.unwrap();
        assert_eq!(store.sync_status(&source).await.unwrap().state, SyncState::Running);

        store
            .end_sync(&other, ended(SyncState::Waiting, Some("the wiki is away\0"), Some(at(300))), at(110))
            .await
            .unwrap();
        let status = store.sync_status(&source).await.unwrap();
        assert_eq!((status.state, status.reason.as_deref()), (SyncState::Waiting, Some("the wiki is away")));
        assert_eq!((status.attempts, status.run_after, status.succeeded_at), (2, Some(at(300)), None));
        assert_eq!(store.claim_sync(None, "two", at(299), at(400)).await.unwrap(), None, "it waits");

        let again = store.claim_sync(Some(&source), "two", at(300), at(400)).await.unwrap().unwrap();
        store.end_sync(&again, ended(SyncState::Idle, None, None), at(310)).await.unwrap();
        let status = store.sync_status(&source).await.unwrap();
        assert_eq!((status.attempts, status.succeeded_at, status.listed), (0, Some(at(310)), Some(3)));
    })
    .await;
}

#[tokio::test]
async fn many_workers_never_take_the_same_sync() {
    on_each_engine(async |store| {
        for n in 1..=4 {
            let source = add_source(&store, n).await;
            store.request_sync(&source, at(1)).await.unwrap();
        }
        let workers: Vec<String> = (0..12).map(|n| format!("worker {n}")).collect();
        let claims = workers.iter().map(|worker| store.claim_sync(None, worker, at(2), at(60)));
        let claims = futures::future::join_all(claims).await;
        let mut taken: Vec<_> = claims.into_iter().filter_map(Result::unwrap).map(|claim| claim.source).collect();
        let count = taken.len();
        taken.sort();
        taken.dedup();
        assert_eq!(taken.len(), count, "each is taken once");
        // Workers that met a locked row try again later; in the end all are taken.
        while let Some(claim) = store.claim_sync(None, "late", at(3), at(60)).await.unwrap() {
            taken.push(claim.source);
        }
        assert_eq!(taken.len(), 4);
    })
    .await;
}

#[tokio::test]
async fn a_group_of_a_source_is_who_the_source_says_now() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let user = |n: u128, email: &str| store::NewUser {
            id: user_id(n),
            email: email.into(),
            name: String::new(),
            password_hash: None,
            is_admin: false,
            groups: Vec::new(),
            now: at(0),
        };
        store.create_user(user(1, "ann@example.com")).await.unwrap();
        store.create_user(user(2, "bob@example.com")).await.unwrap();
        let crew = Principal::source_group("Crew").within(&source);
        let mut write = put(1, "one", &[]);
        if let Write::Put { readers, .. } = &mut write {
            readers.insert(crew);
        }
        let members = |emails: &[&str]| Write::Members {
            group: "Crew".into(),
            members: emails.iter().map(ToString::to_string).collect(),
        };
        let reads = async |email: &str| {
            let viewer = store.user_by_email(email).await.unwrap().unwrap().viewer();
            !visible(&store, &viewer).await.is_empty()
        };
        store.apply_batch(&source, vec![write, members(&["Ann@example.com"])], None, at(1)).await.unwrap();
        assert!(reads("ann@example.com").await && !reads("bob@example.com").await);
        store.apply_batch(&source, vec![members(&["bob@example.com"])], None, at(2)).await.unwrap();
        assert!(!reads("ann@example.com").await && reads("bob@example.com").await);
        // The same name in another source is another group.
        let other = add_source(&store, 2).await;
        let claim = Write::Members { group: "Crew".into(), members: ["ann@example.com".to_owned()].into() };
        store.apply_batch(&other, vec![claim], None, at(3)).await.unwrap();
        assert!(!reads("ann@example.com").await);
    })
    .await;
}

#[tokio::test]
async fn a_removed_source_leaves_nothing_behind() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let failed = Write::Failed {
            external_id: "x".into(),
            name: "x".into(),
            reason: "broken".into(),
            raw_hash: None,
            revision: None,
        };
        let writes = vec![put(1, "one", &["everyone"]), put_duplicate(2, "one", &["everyone"], 1), failed];
        store.apply_batch(&source, writes, cursor("c"), at(1)).await.unwrap();
        let counts = store.source_counts(&source).await.unwrap();
        assert_eq!((counts.documents, counts.indexed, counts.duplicates, counts.failed), (2, 0, 1, 1));
        store.request_removal(&source, at(2)).await.unwrap();
        assert!(!store.request_sync(&source, at(2)).await.unwrap(), "it is going");
        assert!(store.claim_sync(None, "one", at(2), at(60)).await.unwrap().unwrap().removes);
        let again = store.claim_sync(None, "two", at(61), at(90)).await.unwrap().unwrap();
        assert!(again.removes, "also for who takes over");

        assert!(store.purge_source(&source).await.is_err(), "documents are live");
        assert!(store.delete_some(&source, at(3)).await.unwrap());
        assert!(!store.delete_some(&source, at(3)).await.unwrap());
        assert!(store.purge_source(&source).await.is_err(), "the indexes have not followed");
        drain(&store, 4).await;
        store.purge_source(&source).await.unwrap();
        assert!(store.sources().await.unwrap().is_empty());
        assert_eq!(store.counts().await.unwrap(), store::Counts::default());
    })
    .await;
}

#[tokio::test]
async fn revisions_and_notes_come_back_as_they_were_stored() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        let mut write = put(1, "one", &["everyone"]);
        if let Write::Put { revision, parsed, .. } = &mut write {
            *revision = Some("r1 etag".into());
            parsed.notes.push("page 2 is scanned".into());
        }
        store.apply_batch(&source, vec![write], None, at(1)).await.unwrap();
        assert_eq!(store.known_documents(&source).await.unwrap()["1.md"].revision.as_deref(), Some("r1 etag"));
        assert_eq!(store.notes(&source).await.unwrap(), [("1.md".to_owned(), "page 2 is scanned".to_owned())]);
        let seen = Write::Seen { external_id: "1.md".into(), revision: Some("r1 other".into()) };
        store.apply_batch(&source, vec![seen], None, at(2)).await.unwrap();
        assert_eq!(store.known_documents(&source).await.unwrap()["1.md"].revision.as_deref(), Some("r1 other"));
    })
    .await;
}

#[tokio::test]
async fn a_removal_is_remembered_until_it_is_done() {
    on_each_engine(async |store| {
        let source = settle(&store).await;
        store.request_sync(&source, at(1)).await.unwrap();
        let running = store.claim_sync(None, "one", at(1), at(60)).await.unwrap().unwrap();
        assert!(running.is_asked_for);
        assert!(!store.request_removal(&source, at(2)).await.unwrap(), "a sync runs");
        let late = store.apply_claimed_batch(&running, vec![put(1, "one", &["everyone"])], None, at(3)).await;
        assert!(late.is_err(), "nothing more comes in");
        store.end_sync(&running, ended(SyncState::Waiting, Some("it broke off"), Some(at(900))), at(4)).await.unwrap();
        assert_eq!(store.sync_status(&source).await.unwrap().state, SyncState::Removing);
        assert!(!store.request_sync(&source, at(5)).await.unwrap(), "it is to go");

        let removing = store.claim_sync(None, "two", at(5), at(60)).await.unwrap().unwrap();
        assert!(removing.removes);
        let broken = ended(SyncState::Waiting, Some("an index is away"), Some(at(70)));
        store.end_sync(&removing, broken, at(6)).await.unwrap();
        assert!(!store.request_sync(&source, at(7)).await.unwrap());
        assert!(!store.schedule_sync(&source, Some(at(7))).await.unwrap());
        assert!(store.claim_sync(None, "three", at(71), at(90)).await.unwrap().unwrap().removes);
        store.purge_source(&source).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn the_languages_of_a_source_are_those_of_its_live_texts() {
    on_each_engine(async |store| {
        let (source, other) = (add_source(&store, 1).await, add_source(&store, 2).await);
        let written = |n: u128, text: &str, code: Option<&str>| {
            let mut write = put(n, text, &["everyone"]);
            if let Write::Put { parsed, .. } = &mut write {
                parsed.language = code.map(domain::Language::new);
            }
            write
        };
        let texts = vec![written(1, "a", Some("eng")), written(2, "b", Some("nld")), written(3, "c", None)];
        store.apply_batch(&source, texts, None, at(1)).await.unwrap();
        store.apply_batch(&other, vec![written(4, "d", Some("fra"))], None, at(1)).await.unwrap();
        let state = store.index_state(FIRST, &[doc(1), doc(3), doc(4)]).await.unwrap();
        let codes: Vec<_> = state.iter().map(|state| state.language.as_ref().map(domain::Language::as_str)).collect();
        assert_eq!(codes, [Some("eng"), None, Some("fra")]);
        let changed = vec![written(1, "een", Some("nld")), Write::Delete { document: doc(3) }];
        store.apply_batch(&source, changed, None, at(2)).await.unwrap();
        let counts = store.source_languages(&source).await.unwrap();
        assert_eq!(counts.into_iter().collect::<Vec<_>>(), [(domain::Language::new("nld"), 2)]);
    })
    .await;
}
