//! What the suite cannot know: rights that are missing, edits that hide, renames, rate limits, apps, settings.

use std::{process::Command, time::Duration};

use domain::{Connector, EngineResult, Principal};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{GithubConfig, fake::Fake};
use crate::{
    Kind, Parts,
    conformance::{Replica, clock, parts, serve},
};

struct Hub {
    fake: Fake,
    address: String,
    work: TempDir,
}

impl Hub {
    async fn new() -> Self {
        let fake = Fake::new();
        let address = serve(fake.router()).await;
        Self { fake, address, work: tempfile::tempdir().unwrap() }
    }

    fn open(&self, more: Value, rule: Option<Vec<Principal>>) -> EngineResult<Box<dyn Connector>> {
        let mut settings =
            json!({ "organization": "acme", "api_url": format!("{}/api/v3", self.address), "token": "secret" });
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        settings.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let parts = Parts { work_dir: self.work.path().to_owned(), readers: rule, ..parts() };
        Kind::of::<GithubConfig>().open(settings, parts)
    }

    async fn sync(&self, replica: &mut Replica, more: Value) -> EngineResult<()> {
        replica.sync(&*self.open(more, Some(vec![Principal::everyone()])).unwrap()).await
    }
}

#[tokio::test]
async fn a_repository_whose_readers_nobody_can_say_is_reported_and_shown_to_nobody() {
    let hub = Hub::new().await;
    hub.fake.with(|state| {
        state.add("private", true);
        state.open("private", "pay", "the text of pay", false);
        state.hides_collaborators = true;
    });
    let mut replica = Replica::default();
    hub.sync(&mut replica, json!({})).await.unwrap();
    assert!(replica.documents.is_empty(), "a rule for public repositories is none for private ones");
    assert!(replica.failures.values().all(|reason| reason.contains("who may read acme/private")));
    assert_eq!(replica.failures.len(), 1);
    hub.sync(&mut replica, json!({ "private_readers": "rule" })).await.unwrap();
    assert_eq!(replica.readers("the text of pay").into_iter().collect::<Vec<_>>(), ["everyone"]);
}

#[tokio::test]
async fn a_public_repository_needs_the_rule() {
    let hub = Hub::new().await;
    hub.fake.with(|state| {
        state.add("public", false);
        state.open("public", "news", "the text of news", false);
    });
    hub.fake.host.write("acme/public", "a.md", "a file");
    let mut replica = Replica::default();
    replica.sync(&*hub.open(json!({}), None).unwrap()).await.unwrap();
    assert!(replica.documents.is_empty());
    assert_eq!(replica.failures.len(), 2);
    assert!(replica.failures.values().all(|reason| reason.contains("--access")), "{:?}", replica.failures);
}

#[tokio::test]
async fn an_issue_reads_as_one_conversation_and_edited_comments_are_seen() {
    let hub = Hub::new().await;
    let number = hub.fake.with(|state| {
        state.add("open", false);
        let number = state.open("open", "It breaks", "On Mondays.", true);
        for (kind, text) in
            [("issues", "Same here."), ("pulls", "This line?"), ("reviews", "Good."), ("issues", "Fixed.")]
        {
            state.comment("open", number, kind, text);
        }
        state.open("open", "other", "untouched", false);
        number
    });
    let mut replica = Replica::default();
    hub.sync(&mut replica, json!({})).await.unwrap();
    let document = replica.documents.values().find(|held| held.text.contains("Mondays")).unwrap();
    assert_eq!(document.title.as_deref(), Some("It breaks"));
    assert!(document.uri.ends_with(&format!("/acme/open/issues/{number}")));
    let parts =
        [&format!("Pull request: acme/open#{number}"), "On Mondays.", "Same here.", "This line?", "Good.", "Fixed."];
    let positions: Vec<_> = parts.iter().map(|part| document.text.find(*part).unwrap()).collect();
    assert!(positions.is_sorted(), "{}", document.text);

    hub.fake.with(|state| {
        state.now = (clock().now)() + SignedDuration::from_mins(5);
        state.edit_comment("open", number, "Fixed for good.");
    });
    hub.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!(replica.fetched, 1);
    assert!(replica.documents.values().any(|held| held.text.contains("Fixed for good.")));
}

#[tokio::test]
async fn unchanged_pages_are_answered_from_their_etags_and_nothing_of_the_texts_is_kept() {
    let hub = Hub::new().await;
    hub.fake.with(|state| {
        state.add("open", false);
        for title in ["one", "two", "three", "four", "five"] {
            state.open("open", title, "confidential words", false);
        }
    });
    let (mut replica, only_issues) = (Replica::default(), json!({ "wiki": false, "files": false }));
    hub.sync(&mut replica, only_issues.clone()).await.unwrap();
    hub.sync(&mut replica, only_issues.clone()).await.unwrap();
    assert_eq!((hub.fake.with(|state| state.not_modified), replica.fetched), (3, 0));
    for entry in walkdir::WalkDir::new(hub.work.path()).into_iter().flatten().filter(|entry| entry.path().is_file()) {
        assert!(!std::fs::read_to_string(entry.path()).unwrap().contains("confidential"));
    }
    let mut other = Replica::default();
    hub.sync(&mut other, only_issues).await.unwrap();
    assert_eq!(other.found(["confidential words".into()])["confidential words"], 5, "texts are fetched one by one");
}

#[tokio::test]
async fn an_issue_deleted_during_the_listing_hides_no_other() {
    let hub = Hub::new().await;
    let first = hub.fake.with(|state| {
        state.add("open", false);
        let numbers: Vec<u64> =
            ["a", "b", "c", "d"].iter().map(|t| state.open("open", t, &format!("text {t}"), false)).collect();
        numbers[0]
    });
    let mut replica = Replica::default();
    hub.sync(&mut replica, json!({ "wiki": false, "files": false })).await.unwrap();
    hub.fake.with(|state| state.vanishing = Some(("open".into(), first)));
    hub.sync(&mut replica, json!({ "wiki": false, "files": false })).await.unwrap();
    let left: Vec<_> = replica.found(["a", "b", "c", "d"].map(|t| format!("text {t}"))).into_keys().collect();
    assert!(left.ends_with(&["text b".into(), "text c".into(), "text d".into()]), "{left:?}");
}

#[tokio::test]
async fn a_renamed_repository_keeps_its_documents_and_a_deleted_one_loses_them() {
    let hub = Hub::new().await;
    hub.fake.with(|state| {
        state.add("old", false);
        state.add("other", false);
        state.open("old", "a", "text a", false);
        state.open("other", "b", "text b", false);
    });
    let mut replica = Replica::default();
    hub.sync(&mut replica, json!({})).await.unwrap();
    let before: Vec<_> = replica.documents.keys().cloned().collect();
    hub.fake.with(|state| state.repo("old").name = "new".into());
    hub.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!((replica.documents.keys().cloned().collect::<Vec<_>>(), replica.fetched), (before, 0));
    hub.fake.with(|state| state.repositories.retain(|repo| repo.name != "new"));
    hub.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!(replica.found(["text a".into(), "text b".into()]).into_keys().collect::<Vec<_>>(), ["text b"]);

    let named = json!({ "organization": null, "repositories": ["acme/new"] });
    let error = hub.sync(&mut replica, named).await.err().unwrap();
    assert!(!error.retryable && error.message.contains("/repos/acme/new"), "{error}");
    assert_eq!(replica.documents.len(), 1, "what is out of sight is not deleted");
}

#[tokio::test]
async fn a_wiki_that_is_out_of_sight_is_not_deleted() {
    let hub = Hub::new().await;
    hub.fake.with(|state| state.add("open", false));
    hub.fake.host.write("acme/open.wiki", "Home-Page.md", "the home page");
    hub.fake.host.write("acme/open.wiki", "_Sidebar.md", "links");
    hub.fake.host.write("acme/open", "src/a.md", "a file");
    let mut replica = Replica::default();
    hub.sync(&mut replica, json!({})).await.unwrap();
    let uris: Vec<_> = replica.documents.values().map(|held| held.uri.trim_start_matches(&hub.address)).collect();
    assert_eq!(uris, ["/acme/open/blob/main/src/a.md", "/acme/open/wiki/Home-Page"]);
    hub.fake.with(|state| {
        state.add("other", false);
        state.open("other", "b", "text b", false);
    });
    hub.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!(replica.documents.len(), 3);
    std::fs::rename(hub.fake.host.bare("acme/open.wiki"), hub.fake.host.root().join("away")).unwrap();
    hub.fake.with(|state| state.repositories.retain(|repo| repo.name != "other"));
    for _ in 0..2 {
        hub.sync(&mut replica, json!({})).await.unwrap();
        assert_eq!(replica.documents.len(), 2, "the wiki is kept, the repository that is gone is not");
        assert!(replica.failures.values().any(|reason| reason.contains("not to be seen")), "{:?}", replica.failures);
    }
    assert_eq!(replica.readers("the home page").into_iter().collect::<Vec<_>>(), ["everyone"]);
    hub.fake.with(|state| (state.repo("open").private, state.hides_collaborators) = (true, true));
    hub.fake.with(|state| state.repo("open").has_wiki = true);
    hub.sync(&mut replica, json!({})).await.unwrap();
    assert!(replica.readers("the home page").is_empty() && replica.readers("a file").is_empty());
    std::fs::rename(hub.fake.host.root().join("away"), hub.fake.host.bare("acme/open.wiki")).unwrap();
    hub.fake.with(|state| (state.repo("open").private, state.hides_collaborators) = (false, false));
    hub.sync(&mut replica, json!({})).await.unwrap();
    assert!(replica.failures.is_empty() && replica.documents.len() == 2, "{:?}", replica.failures);
    assert!(!replica.readers("the home page").is_empty() && !replica.readers("a file").is_empty());
}

#[tokio::test]
async fn a_repository_that_turns_private_is_no_longer_for_those_of_the_rule() {
    let hub = Hub::new().await;
    hub.fake.with(|state| {
        state.add("open", false);
        state.open("open", "pay", "the text of pay", false);
    });
    hub.fake.host.write("acme/open", "a.md", "a file");
    let mut replica = Replica::default();
    hub.sync(&mut replica, json!({})).await.unwrap();
    hub.fake.with(|state| (state.repo("open").private, state.hides_collaborators) = (true, true));
    hub.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!(replica.documents.len(), 2);
    assert!(replica.readers("the text of pay").is_empty() && replica.readers("a file").is_empty());
}

#[tokio::test]
async fn rate_limits_are_waited_for_and_are_no_missing_rights() {
    let hub = Hub::new().await;
    hub.fake.with(|state| {
        state.add("open", false);
        state.open("open", "a", "text a", false);
    });
    let end = ((clock().now)().as_second() + 2).to_string();
    let soon = vec![("x-ratelimit-remaining", "0".to_owned()), ("x-ratelimit-reset", end)];
    for refusal in
        [(403, soon, ""), (403, vec![("retry-after", "1".to_owned())], "You have exceeded a secondary rate limit")]
    {
        hub.fake.with(|state| state.refusal = Some(refusal));
        hub.sync(&mut Replica::default(), json!({ "wiki": false, "files": false })).await.unwrap();
    }
    let later = ((clock().now)().as_second() + 3_000).to_string();
    let much_later = vec![("x-ratelimit-remaining", "0".to_owned()), ("x-ratelimit-reset", later)];
    for (refusal, least) in [
        ((403, much_later, ""), 2_000),
        ((403, vec![], "{\"message\":\"You have exceeded a secondary rate limit.\"}"), 60),
    ] {
        hub.fake.with(|state| state.refusal = Some(refusal));
        let error = hub.sync(&mut Replica::default(), json!({})).await.err().unwrap();
        assert!(error.retryable && error.retry_after >= Some(Duration::from_secs(least)), "{error:?}");
    }
}

#[tokio::test]
async fn an_app_signs_for_its_own_tokens() {
    let hub = Hub::new().await;
    let key = hub.work.path().join("app");
    let path = key.to_str().unwrap();
    let made =
        Command::new("ssh-keygen").args(["-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f", path]).status();
    assert!(made.unwrap().success());
    let public = Command::new("ssh-keygen").args(["-e", "-m", "PKCS8", "-f", path]).output().unwrap().stdout;
    hub.fake.with(|state| {
        state.app_key = Some(jsonwebtoken::DecodingKey::from_rsa_pem(&public).unwrap());
        state.tokens.clear();
        state.add("open", false);
        state.open("open", "a", "text a", false);
    });
    let pem = std::fs::read_to_string(&key).unwrap();
    let app = json!({
        "token": null, "app_id": "Iv1.app", "installation_id": 7, "private_key": pem, "wiki": false, "files": false
    });
    let mut replica = Replica::default();
    hub.sync(&mut replica, app.clone()).await.unwrap();
    assert_eq!(replica.documents.len(), 1);
    assert_eq!(hub.fake.with(|state| state.tokens.len()), 1, "one token does for a sync");
    let stranger = json!({ "installation_id": 8 });
    let mut wrong = app;
    wrong.as_object_mut().unwrap().extend(stranger.as_object().unwrap().clone());
    assert!(hub.sync(&mut replica, wrong).await.is_err_and(|error| !error.retryable));
}

#[tokio::test]
async fn settings_that_cannot_be_meant_are_refused() {
    let hub = Hub::new().await;
    for settings in [
        json!({ "organization": null }),
        json!({ "repositories": ["acme"] }),
        json!({ "token": null }),
        json!({ "app_id": "1", "installation_id": 1, "private_key": "k" }),
        json!({ "token": null, "app_id": "1", "installation_id": 1, "private_key": "no key" }),
        json!({ "api_url": "file:///etc" }),
        json!({ "api_url": "http://10.0.0.1/api/v3" }),
        json!({ "include": ["../x"] }),
    ] {
        assert!(hub.open(settings.clone(), None).is_err(), "{settings}");
    }
    let kind = Kind::of::<GithubConfig>();
    let secrets = kind.schema()["properties"].to_string();
    assert_eq!(secrets.matches("writeOnly").count(), 2);
}
