//! What the suite cannot know of forums.

use domain::{Connector, EngineResult};
use serde_json::{Value, json};

use super::fake::Forum;
use crate::conformance::{Replica, parts};

/// A source at `address` with `more` settings.
pub(super) fn open(address: &str, more: Value) -> EngineResult<Box<dyn Connector>> {
    let mut settings = json!({ "url": address, "api_key": "admin-key", "requests_per_second": 10_000 });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    crate::kind("discourse").unwrap().open(settings, parts())
}

#[tokio::test]
async fn a_long_topic_is_read_to_its_end_without_what_is_not_for_all() {
    let forum = Forum::default();
    forum.put("Long", "the first post");
    forum.with("Long", |topic| {
        topic.posts.extend((1..50).map(|number| (1, format!("reply number {number}."))));
        topic.posts.push((3, "closed by a moderator".into()));
        topic.posts.push((4, "whispered among staff".into()));
        topic.posts.push((2, "a moderator's word".into()));
    });
    forum.put("Message", "for your eyes only");
    forum.with("Message", |topic| topic.archetype = "private_message");
    let connector = open(&forum.serve().await, json!({})).unwrap();
    let mut replica = Replica::default();
    replica.sync(&*connector).await.unwrap();
    assert_eq!(replica.documents.len(), 1);
    let held = replica.documents.values().next().unwrap();
    assert_eq!(held.title.as_deref(), Some("Long"));
    assert!(held.uri.ends_with("/t/slug/1"));
    let at = |text: &str| held.text.find(text);
    assert!(at("the first post") < at("reply number 1.") && at("reply number 1.") < at("reply number 49."));
    assert!(at("a moderator's word").is_some() && at("whispered").is_none() && at("closed by").is_none());
    assert!(held.text.starts_with("<h2>ann, 2026-01-01</h2>"));
}

#[tokio::test]
async fn whoever_is_not_shown_the_permissions_keeps_everybody_out() {
    let forum = Forum::default();
    forum.put("Open", "open text");
    forum.put("Secret", "secret text");
    let connector = open(&forum.serve().await, json!({})).unwrap();
    let mut replica = Replica::default();
    replica.sync(&*connector).await.unwrap();
    assert_eq!(replica.readers("secret text").into_iter().collect::<Vec<_>>(), ["everyone"]);
    forum.restrict("Secret", "crew", &["ann@example.com", "bob@example.com", "eve@example.com"]);
    replica.sync(&*connector).await.unwrap();
    assert_eq!((replica.readers("secret text").len(), replica.fetched), (3, 0));
    forum.0.lock().unwrap().is_plain_key = true;
    replica.sync(&*connector).await.unwrap();
    assert!(replica.readers("secret text").is_empty());
    assert_eq!(replica.readers("open text").into_iter().collect::<Vec<_>>(), ["everyone"]);
    assert!(replica.failures["2"].contains("global key of an admin"));
}

#[tokio::test]
async fn a_topic_that_slipped_between_two_pages_is_not_lost_and_one_made_private_is() {
    let forum = Forum::default();
    for title in ["One", "Two", "Three"] {
        forum.put(title, title);
    }
    let connector = open(&forum.serve().await, json!({})).unwrap();
    let mut replica = Replica::default();
    replica.sync(&*connector).await.unwrap();
    forum.0.lock().unwrap().slipped = Some(2);
    replica.sync(&*connector).await.unwrap();
    assert_eq!(replica.documents.keys().collect::<Vec<_>>(), ["1", "2", "3"]);
    forum.with("Two", |topic| topic.archetype = "private_message");
    replica.sync(&*connector).await.unwrap();
    assert_eq!(replica.documents.keys().collect::<Vec<_>>(), ["1", "3"]);
}

#[tokio::test]
async fn a_wrong_key_and_wrong_settings_are_named() {
    let forum = Forum::default();
    forum.put("One", "one");
    let address = forum.serve().await;
    let error = Replica::default().sync(&*open(&address, json!({ "api_key": "guessed" })).unwrap()).await.unwrap_err();
    assert!(!error.retryable && error.message.contains("API key") && !error.message.contains("guessed"), "{error}");
    assert!(open("forum.example.com", json!({})).is_err());
    assert_eq!(crate::kind("discourse").unwrap().secrets(), ["api_key"]);
}
