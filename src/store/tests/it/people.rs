//! Users, groups, sessions, answers and meta.

use domain::{AnswerId, Viewer};
use secrecy::{ExposeSecret, SecretString};
use store::{Error, NewSession, NewUser, Store, StoredAnswer};

use crate::{engines::*, world::*};

async fn add_user(store: &Store, n: u128, email: &str) -> Result<(), Error> {
    let (id, name) = (user_id(n), format!("User {n}"));
    let password_hash = Some(SecretString::from("$argon2id$x"));
    store
        .create_user(NewUser {
            id,
            email: email.into(),
            name,
            password_hash,
            is_admin: n == 1,
            groups: vec!["Staff".into()],
            now: at(0),
        })
        .await
}

async fn log_in(store: &Store, n: u128, token: &str, expires: i64) {
    let session =
        NewSession { token_sha256: token.into(), user: user_id(n), created_at: at(0), expires_at: at(expires) };
    store.create_session(session).await.unwrap();
}

#[tokio::test]
async fn an_email_address_is_one_user_in_any_case() {
    on_each_engine(async |store| {
        assert_eq!(store.user_count().await.unwrap(), 0);
        add_user(&store, 1, " Ann@Example.COM ").await.unwrap();
        assert!(matches!(add_user(&store, 2, "ANN@example.com").await, Err(Error::Conflict(_))));
        let ann = store.user_by_email("aNN@example.com").await.unwrap().unwrap();
        assert_eq!((ann.email.as_str(), ann.name.as_str(), ann.is_admin), ("ann@example.com", "User 1", true));
        assert_eq!(ann.password_hash.as_ref().unwrap().expose_secret(), "$argon2id$x");
        assert!(!format!("{ann:?}").contains("argon2id"));
        assert_eq!(ann.groups, ["staff"]);
        assert!(store.user_by_email("ann_example.com").await.unwrap().is_none());

        store.set_groups(&ann.id, &["HR".into(), "legal".into(), " hr ".into(), "".into()]).await.unwrap();
        let ann = store.users().await.unwrap().remove(0);
        assert_eq!(ann.groups, ["hr", "legal"]);
        assert!(ann.viewer().principals.contains(&"group:hr".parse().unwrap()));
        store.set_groups(&ann.id, &[]).await.unwrap();
        assert_eq!(store.users().await.unwrap()[0].groups, [""; 0]);
        assert!(matches!(store.set_groups(&user_id(9), &[]).await, Err(Error::NotFound(_))));
    })
    .await;
}

#[tokio::test]
async fn a_session_ends_by_time_logout_or_a_new_password() {
    on_each_engine(async |store| {
        add_user(&store, 1, "ann@example.com").await.unwrap();
        store.set_groups(&user_id(1), &["hr".into()]).await.unwrap();
        for token in ["a", "b", "c"] {
            log_in(&store, 1, token, 100).await;
        }
        log_in(&store, 1, "short", 10).await;
        let open = store.session_viewer("a", at(99)).await.unwrap().unwrap();
        assert_eq!(
            (open.email.as_str(), open.groups.clone(), open.is_admin),
            ("ann@example.com", vec!["hr".into()], true)
        );
        assert_eq!(open.viewer(), Viewer::user(user_id(1), "ann@example.com", &["hr".into()]));
        assert_eq!(store.session_viewer("a", at(100)).await.unwrap(), None);
        assert_eq!(store.session_viewer("unknown", at(1)).await.unwrap(), None);

        store.delete_session("b").await.unwrap();
        assert_eq!(store.session_viewer("b", at(1)).await.unwrap(), None);
        assert_eq!(store.delete_expired(at(10)).await.unwrap(), 1);
        assert!(store.session_viewer("c", at(1)).await.unwrap().is_some());
        store.set_password_hash(&user_id(1), &SecretString::from("$new")).await.unwrap();
        assert_eq!(store.session_viewer("c", at(1)).await.unwrap(), None);
        let ann = store.user_by_email("ann@example.com").await.unwrap().unwrap();
        assert_eq!(ann.password_hash.unwrap().expose_secret(), "$new");
    })
    .await;
}

#[tokio::test]
async fn an_answer_is_read_by_who_asked() {
    on_each_engine(async |store| {
        add_user(&store, 1, "ann@example.com").await.unwrap();
        add_user(&store, 2, "bob@example.com").await.unwrap();
        let [ann, bob] = [1, 2].map(|n| Viewer::user(user_id(n), "x@example.com", &[]));
        let ids = [1, 2].map(|n| AnswerId::new(ulid::Ulid::from_parts(4, n)));
        let [mine, nobodys] = ids.map(|id| StoredAnswer {
            id,
            question: "How many days?\0".into(),
            answer: serde_json::json!({"answer": "25 \u{0} [1]", "score": 0.5}),
            evidence: serde_json::json!({"seed": 7}),
            created_at: at(5),
            erased_at: None,
        });
        store.save_answer(&ann, mine.clone(), &Default::default()).await.unwrap();
        store.save_answer(&Viewer::everyone(), nobodys.clone(), &Default::default()).await.unwrap();

        let read = store.answer(&ann, &mine.id).await.unwrap();
        assert_eq!(read, StoredAnswer { question: "How many days?".into(), ..mine.clone() });
        for (viewer, id) in [(&bob, &mine.id), (&Viewer::everyone(), &nobodys.id), (&ann, &nobodys.id)] {
            assert!(matches!(store.answer(viewer, id).await, Err(Error::NotFound(_))));
        }
    })
    .await;
}

#[tokio::test]
async fn meta_is_overwritten() {
    on_each_engine(async |store| {
        assert_eq!(store.get_meta("index_profile").await.unwrap(), None);
        for value in ["a", "b"] {
            store.set_meta("index_profile", value).await.unwrap();
            assert_eq!(store.get_meta("index_profile").await.unwrap().as_deref(), Some(value));
        }
        store.ping().await.unwrap();
    })
    .await;
}
