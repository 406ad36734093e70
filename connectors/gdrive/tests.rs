//! What the suite cannot know of Google Drive: exports, folders, the log of changes, refusals.

use serde_json::{Value, json};

use super::{
    conformance::config,
    fake::{self, DOCUMENT, File, Shared},
};
use crate::{
    SourceConfig,
    conformance::{Replica, parts},
};

struct Drive {
    address: String,
    google: Shared,
    key: String,
}

impl Drive {
    async fn new() -> Self {
        let (address, google, key) = fake::start().await;
        Self { address, google, key }
    }

    fn put(&self, id: &str, kind: &str, more: impl FnOnce(&mut File)) {
        let mut file = File {
            name: id.to_uppercase(),
            kind: kind.into(),
            text: format!("text of {id}"),
            permissions: vec![fake::user("ann@example.com")],
            ..File::default()
        };
        more(&mut file);
        self.google.lock().unwrap().put(id, file);
    }

    async fn sync(&self, replica: &mut Replica, more: Value) -> Result<(), domain::EngineError> {
        let connector = config(&self.address, &self.key, more).open(parts())?;
        replica.sync(&*connector).await
    }
}

#[tokio::test]
async fn documents_are_exported_and_folders_and_shortcuts_left_out() {
    let drive = Drive::new().await;
    drive.put("doc", DOCUMENT, |_| ());
    drive.put("folder", "application/vnd.google-apps.folder", |_| ());
    drive.put("link", "application/vnd.google-apps.shortcut", |_| ());
    drive.put("form", "application/vnd.google-apps.form", |_| ());
    drive.put("huge", DOCUMENT, |file| file.refusal = Some("exportSizeLimitExceeded"));
    drive.put("kept", "text/plain", |file| file.refusal = Some("cannotDownloadFile"));
    drive.put("long", "text/plain", |file| file.text = "x".repeat(2_000));
    drive.put("binned", "text/plain", |file| file.trashed = true);
    let mut replica = Replica::default();
    drive.sync(&mut replica, json!({"max_file_bytes": 1_000})).await.unwrap();
    let documents: Vec<_> = replica.documents.iter().map(|(id, held)| (&**id, &*held.text, &*held.uri)).collect();
    assert_eq!(documents, [("doc", "text of doc", "https://docs.google.com/open?id=doc")]);
    let reasons: Vec<_> = replica.failures.iter().map(|(id, reason)| format!("{id}: {reason}")).collect();
    assert_eq!(
        reasons,
        [
            "form: Google exports no application/vnd.google-apps.form as text",
            "huge: its export is over Google's limit of 10 MB",
            "kept: its owner does not let it be downloaded",
            "long: it has 2000 bytes, over the limit of 1000",
        ]
    );
}

#[tokio::test]
async fn the_trash_and_lost_folders_are_seen() {
    let drive = Drive::new().await;
    drive.put("a", "text/plain", |_| ());
    drive.put("b", "text/plain", |_| ());
    drive.put("c", "text/plain", |_| ());
    drive.put("folder", "application/vnd.google-apps.folder", |_| ());
    let mut replica = Replica::default();
    drive.sync(&mut replica, json!({})).await.unwrap();
    drive.google.lock().unwrap().requests.clear();
    drive.put("a", "text/plain", |file| file.trashed = true);
    drive.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!(replica.documents.keys().collect::<Vec<_>>(), ["b", "c"]);
    assert!(!drive.google.lock().unwrap().requests.iter().any(|path| path == "drive/v3/files"), "the log was enough");
    {
        // The folder goes and takes `b` with it; the log names the folder alone.
        let mut google = drive.google.lock().unwrap();
        google.files.remove("folder");
        google.files.remove("b");
        google.note("file", "folder");
        google.log.retain(|(_, _, id)| id != "b");
    }
    drive.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!(replica.documents.keys().collect::<Vec<_>>(), ["c"]);
}

#[tokio::test]
async fn a_place_that_google_forgot_starts_over() {
    let drive = Drive::new().await;
    drive.put("a", "text/plain", |_| ());
    drive.put("b", "text/plain", |_| ());
    let mut replica = Replica::default();
    drive.sync(&mut replica, json!({})).await.unwrap();
    {
        let mut google = drive.google.lock().unwrap();
        google.files.remove("a");
        google.log.clear();
        google.log.push((1_000, "file", "b".into()));
        google.forgotten = 1_000;
    }
    drive.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!(replica.documents.keys().collect::<Vec<_>>(), ["b"]);
    assert_eq!(replica.fetched, 0);
}

#[tokio::test]
async fn another_member_of_a_shared_drive_counts_for_all_that_is_in_it() {
    let drive = Drive::new().await;
    drive.put("a", "text/plain", |file| file.drive = Some("d1".into()));
    let mut replica = Replica::default();
    drive.sync(&mut replica, json!({})).await.unwrap();
    {
        let mut google = drive.google.lock().unwrap();
        google
            .files
            .get_mut("a")
            .unwrap()
            .permissions
            .extend((0..5).map(|number| fake::user(&format!("new{number}@example.com"))));
        google.note("drive", "d1");
    }
    drive.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!((replica.readers("text of a").len(), replica.fetched), (6, 0));
    let mut without = Replica::default();
    drive.put("mine", "text/plain", |_| ());
    drive.sync(&mut without, json!({"shared_drives": false})).await.unwrap();
    assert_eq!(without.documents.keys().collect::<Vec<_>>(), ["mine"]);
}

#[tokio::test]
async fn what_nobody_may_find_any_more_is_for_nobody() {
    let drive = Drive::new().await;
    let by_link = json!({"id": "l", "type": "anyone", "allowFileDiscovery": false});
    drive.put("a", "text/plain", |_| ());
    drive.put("b", "text/plain", |_| ());
    drive.put("c", "text/plain", |file| {
        file.permissions =
            vec![json!({"id": "d", "type": "domain", "domain": "example.com", "allowFileDiscovery": true})]
    });
    let mut replica = Replica::default();
    drive.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!(replica.readers("text of c").into_iter().collect::<Vec<_>>(), ["everyone"]);
    drive.put("a", "text/plain", |file| file.permissions = vec![by_link]);
    for cursor in [replica.cursor.clone(), None] {
        replica.cursor = cursor;
        drive.sync(&mut replica, json!({})).await.unwrap();
        assert!(replica.readers("text of a").is_empty() && replica.failures["a"].contains("by link"));
    }
    drive.sync(&mut replica, json!({"links_count": true})).await.unwrap();
    replica.cursor = None;
    drive.sync(&mut replica, json!({"links_count": true})).await.unwrap();
    assert_eq!(replica.readers("text of a").into_iter().collect::<Vec<_>>(), ["everyone"]);
}

#[tokio::test]
async fn a_group_that_cannot_be_read_is_for_nobody_and_ends_no_sync() {
    let drive = Drive::new().await;
    let group = |email: &str| json!({"id": email, "type": "group", "emailAddress": email});
    drive.put("a", "text/plain", |file| file.permissions = vec![group("crew@example.com")]);
    drive.put("b", "text/plain", |file| file.permissions = vec![group("gone@example.com")]);
    let member = json!({"email": "bob@example.com", "type": "USER", "status": "ACTIVE"});
    for email in ["crew@example.com", "gone@example.com"] {
        drive.google.lock().unwrap().groups.insert(email.into(), vec![member.clone()]);
    }
    let admin = json!({"directory_admin": "admin@example.com"});
    let mut replica = Replica::default();
    drive.sync(&mut replica, admin.clone()).await.unwrap();
    assert_eq!(replica.readers("text of b").len(), 1);
    drive.google.lock().unwrap().groups.remove("gone@example.com");
    for cursor in [replica.cursor.clone(), None] {
        replica.cursor = cursor;
        drive.sync(&mut replica, admin.clone()).await.unwrap();
        assert_eq!((replica.readers("text of a").len(), replica.readers("text of b").len()), (1, 0));
        assert!(replica.failures["group gone@example.com"].contains("members"), "{:?}", replica.failures);
    }
    drive.google.lock().unwrap().groups.insert("gone@example.com".into(), vec![member]);
    drive.sync(&mut replica, admin).await.unwrap();
    assert!(replica.readers("text of b").len() == 1 && replica.failures.is_empty(), "{:?}", replica.failures);
}

#[tokio::test]
async fn a_size_that_is_wrong_for_good_ends_no_sync() {
    let drive = Drive::new().await;
    drive.put("a", "text/plain", |_| ());
    drive.put("b", "text/plain", |file| file.missing = 3);
    let mut replica = Replica::default();
    for _ in 0..2 {
        drive.sync(&mut replica, json!({})).await.unwrap();
        assert_eq!(replica.documents.keys().collect::<Vec<_>>(), ["a"]);
        assert!(replica.failures["b"].contains("9 of 12 bytes"), "{:?}", replica.failures);
    }
    // It is asked for again though the log does not name it.
    drive.google.lock().unwrap().files.get_mut("b").unwrap().missing = 0;
    drive.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!(replica.documents.keys().collect::<Vec<_>>(), ["a", "b"]);
}

#[tokio::test]
async fn after_an_incomplete_search_everything_is_listed_again() {
    let drive = Drive::new().await;
    drive.put("a", "text/plain", |_| ());
    drive.put("b", "text/plain", |_| ());
    let mut replica = Replica::default();
    drive.google.lock().unwrap().is_incomplete = true;
    let hidden = drive.google.lock().unwrap().files.remove("b").unwrap();
    drive.sync(&mut replica, json!({})).await.unwrap();
    {
        // It was there all the time, so no change is noted.
        let mut google = drive.google.lock().unwrap();
        google.files.insert("b".into(), hidden);
        google.is_incomplete = false;
    }
    drive.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!(replica.documents.keys().collect::<Vec<_>>(), ["a", "b"]);
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let drive = Drive::new().await;
    drive.put("a", "text/plain", |_| ());
    drive.google.lock().unwrap().refusal = Some("userRateLimitExceeded");
    let error = drive.sync(&mut Replica::default(), json!({})).await.unwrap_err();
    assert!(error.retryable && error.retry_after.is_some(), "{error}");
    drive.google.lock().unwrap().refusal = Some("insufficientPermissions");
    let error = drive.sync(&mut Replica::default(), json!({})).await.unwrap_err();
    assert!(!error.retryable && error.message.contains("right or scope"), "{error}");
    drive.google.lock().unwrap().refusal = None;
    let error = drive.sync(&mut Replica::default(), json!({"user": "eve@example.com"})).await.unwrap_err();
    assert!(!error.retryable, "{error}");

    let open = |more: Value| config(&drive.address, &drive.key, more).open(parts()).map(drop);
    assert!(open(json!({})).is_ok());
    let no_key =
        json!({"client_email": "a@b", "private_key": "hunter2", "token_uri": "https://example.com"}).to_string();
    for (more, said) in [
        (json!({"service_account": "{\"client_email\": \"hunter2\""}), "no key file"),
        (json!({"service_account": no_key}), "no RSA key"),
        (json!({"user": "ann"}), "no e-mail address"),
    ] {
        let error = open(more).unwrap_err();
        assert!(error.message.contains(said) && !error.message.contains("hunter2"), "{error}");
    }
}
