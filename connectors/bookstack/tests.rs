//! What the suite cannot know of BookStack.

use domain::{Connector, EngineResult};
use serde_json::{Value, json};

use super::fake::Stack;
use crate::conformance::{Replica, parts};

/// A source at `address` with `more` settings.
pub(super) fn open(address: &str, more: Value) -> EngineResult<Box<dyn Connector>> {
    let mut settings = json!({ "url": address, "token_id": "token-id", "token_secret": "token-secret", "requests_per_second": 10_000 });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    crate::kind("bookstack").unwrap().open(settings, parts())
}

#[tokio::test]
async fn pages_carry_their_book_and_chapter_and_drafts_are_left_out() {
    let stack = Stack::default();
    stack.put("books", "Handbook", json!({}));
    stack.put("chapters", "Leave", json!({ "book_id": 1 }));
    stack.put("pages", "Carry over", json!({ "chapter_id": 2, "html": "carry" }));
    stack.put("pages", "Welcome", json!({ "html": "welcome" }));
    stack.put("pages", "Unfinished", json!({ "html": "draft", "draft": true }));
    stack.put("pages", "Elsewhere", json!({ "html": "hidden book", "book_id": 99 }));
    let address = stack.serve().await;
    let connector = open(&format!("{address}/"), json!({})).unwrap();
    let mut replica = Replica::default();
    replica.sync(&*connector).await.unwrap();
    let shown: Vec<_> = replica
        .documents
        .values()
        .map(|held| (held.title.as_deref().unwrap(), held.uri.replace(&address, "")))
        .collect();
    assert_eq!(
        shown,
        [
            ("Handbook / Leave / Carry over", "/books/handbook/page/carry-over".to_owned()),
            ("Handbook / Welcome", "/books/handbook/page/welcome".to_owned()),
            ("Elsewhere", "/link/6".to_owned()),
        ]
    );
    stack.change("Leave", "name", json!("Holidays"));
    replica.sync(&*connector).await.unwrap();
    assert_eq!(replica.fetched, 1);
    assert!(replica.documents["3"].title.as_deref().unwrap().contains("Holidays"));
}

#[tokio::test]
async fn a_page_changed_a_moment_ago_is_read_again_next_time() {
    let stack = Stack::default();
    stack.put("pages", "Fresh", json!({ "html": "one" }));
    let now = (crate::conformance::clock().now)();
    stack.change("Fresh", "updated_at", json!(now.to_string()));
    let connector = open(&stack.serve().await, json!({})).unwrap();
    let mut replica = Replica::default();
    replica.sync(&*connector).await.unwrap();
    // Within the same second, so that its time stays.
    stack.change("Fresh", "html", json!("two"));
    replica.sync(&*connector).await.unwrap();
    assert_eq!(replica.found(["two".to_owned()]).len(), 1);
}

#[tokio::test]
async fn a_wrong_token_and_wrong_settings_are_named() {
    let address = Stack::default().serve().await;
    let connector = open(&address, json!({ "token_secret": "guessed" })).unwrap();
    let error = Replica::default().sync(&*connector).await.unwrap_err();
    assert!(!error.retryable && error.message.contains("credentials") && !error.message.contains("guessed"), "{error}");
    for settings in [json!({ "url": "books.example.com" }), json!({ "token_id": "" }), json!({ "token_secret": " " })] {
        assert!(open(&address, settings.clone()).is_err(), "{settings}");
    }
    assert_eq!(crate::kind("bookstack").unwrap().secrets(), ["token_secret"]);
}
