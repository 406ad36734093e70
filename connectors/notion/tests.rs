//! What a workspace can hold beyond the suite: nested blocks, values of rows, edits within the minute.

use serde_json::json;

use super::{
    conformance::connector,
    fake::{Fake, TOKEN, block, rich},
    *,
};
use crate::conformance::{Replica, clock, parts};

async fn synced(fake: &Fake) -> Replica {
    let mut replica = Replica::default();
    replica.sync(&*connector(&fake.address)).await.unwrap();
    replica
}

#[tokio::test]
async fn blocks_are_read_in_order_into_their_depth() {
    let fake = Fake::start().await;
    fake.put("p", "", false);
    let item =
        |id: &str, text: &str, nested| block(id, "bulleted_list_item", json!({ "rich_text": rich(text) }), nested);
    let cell = |text: &str| rich(text);
    {
        let mut workspace = fake.lock();
        workspace.items.get_mut("p").unwrap().blocks = vec![
            block("h", "heading_1", json!({ "rich_text": rich("Head") }), false),
            item("l", "outer", true),
            block("t", "table", json!({ "table_width": 2 }), true),
            block("c", "code", json!({ "language": "rust", "rich_text": rich("let x;") }), false),
            block("q", "child_page", json!({ "title": "Another page" }), true),
            block("n", "something_new", json!({ "rich_text": rich("kept") }), false),
        ];
        workspace.nested.insert("l".into(), ["one", "two", "three"].map(|text| item("i", text, false)).into());
        let rows =
            [["a", "b"], ["1", "2"]].map(|cells| block("r", "table_row", json!({ "cells": cells.map(cell) }), false));
        workspace.nested.insert("t".into(), rows.into());
    }
    let replica = synced(&fake).await;
    let expected = "# Title p\n\n## Head\n\n- outer\n  - one\n  - two\n  - three\n| a | b |\n| 1 | 2 |\n\
        ```rust\nlet x;\n```\n\nAnother page\n\nkept\n\n";
    assert_eq!(replica.documents["p"].text, expected, "{:?}", replica.failures);
}

#[tokio::test]
async fn depth_and_length_are_bounded() {
    let fake = Fake::start().await;
    fake.put("p", "the end", false);
    let round = block("round", "toggle", json!({ "rich_text": rich("again") }), true);
    fake.lock().nested.insert("round".into(), vec![round.clone()]);
    fake.lock().items.get_mut("p").unwrap().blocks.insert(0, round);
    let text = synced(&fake).await.documents["p"].text.clone();
    assert_eq!(text.matches("again").count(), text::MOST_DEPTH + 1);
    assert!(text.contains("the end"));
}

#[tokio::test]
async fn a_row_shows_its_values() {
    let fake = Fake::start().await;
    fake.put("r", "body", true);
    fake.lock().items.get_mut("r").unwrap().properties = json!({
        "Amount": { "type": "number", "number": 4.5 },
        "Due": { "type": "date", "date": { "start": "2026-03-01", "end": "2026-03-05" } },
        "Empty": { "type": "select", "select": null },
        "Note": { "type": "rich_text", "rich_text": [{ "plain_text": "two " }, { "plain_text": "parts" }] },
        "Paid": { "type": "checkbox", "checkbox": true },
        "Tags": { "type": "multi_select", "multi_select": [{ "name": "red" }, { "name": "blue" }] },
    });
    let text = synced(&fake).await.documents["r"].text.clone();
    let values =
        "- Amount: 4.5\n- Due: 2026-03-01 to 2026-03-05\n- Note: two parts\n- Paid: yes\n- Tags: red, blue\n\n";
    assert!(text.starts_with(&format!("# Title r\n\n{values}")), "{text}");
}

#[tokio::test]
async fn an_edit_within_the_minute_is_not_missed() {
    let fake = Fake::start().await;
    fake.put("p", "first words", false);
    fake.lock().items.get_mut("p").unwrap().edited = (clock().now)();
    let mut replica = synced(&fake).await;
    let edited = fake.lock().items["p"].edited;
    fake.put("p", "other words", false);
    fake.lock().items.get_mut("p").unwrap().edited = edited;
    replica.sync(&*connector(&fake.address)).await.unwrap();
    assert!(replica.documents["p"].text.contains("other words"));
}

#[tokio::test]
async fn what_the_search_overlooks_stays_and_what_is_closed_ends_no_sync() {
    let fake = Fake::start().await;
    fake.put("p", "words", false);
    fake.put("q", "words", false);
    fake.put("r", "words", true);
    let mut replica = synced(&fake).await;
    fake.lock().items.get_mut("p").unwrap().is_overlooked = true;
    fake.lock().items.get_mut("q").unwrap().in_trash = true;
    replica.sync(&*connector(&fake.address)).await.unwrap();
    assert_eq!(replica.documents.keys().collect::<Vec<_>>(), ["p", "r"]);
    fake.lock().is_closed = true;
    fake.lock().items.remove("p");
    for _ in 0..2 {
        replica.sync(&*connector(&fake.address)).await.unwrap();
        assert_eq!(replica.documents.keys().collect::<Vec<_>>(), ["r"], "rows are asked for by themselves");
        assert_eq!(replica.failures.keys().collect::<Vec<_>>(), ["data source ds"]);
    }
    fake.put("s", "words", false);
    fake.lock().items.get_mut("r").unwrap().is_closed = true;
    replica.sync(&*connector(&fake.address)).await.unwrap();
    assert_eq!(replica.documents.keys().collect::<Vec<_>>(), ["r", "s"]);
    assert_eq!(replica.failures.keys().collect::<Vec<_>>(), ["data source ds", "r"]);
    fake.lock().is_closed = false;
    fake.lock().items.get_mut("r").unwrap().is_closed = false;
    replica.sync(&*connector(&fake.address)).await.unwrap();
    assert!(replica.failures.is_empty() && replica.documents.len() == 2, "{:?}", replica.failures);
}

#[tokio::test]
async fn a_source_without_a_rule_about_readers_is_refused() {
    let open = |parts: Parts| crate::kind("notion").unwrap().open(json!({ "token": TOKEN }), parts).map(|_| ());
    assert!(open(parts()).is_ok());
    let error = open(Parts { readers: None, ..parts() }).err().unwrap();
    assert!(error.message.contains("--access"), "{error}");
}
