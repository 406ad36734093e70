//! Where sources stand, for administrators alone.

use reqwest::Method;
use serde_json::{Value, json};
use store::{SyncState, Write};

use crate::house::*;

#[tokio::test]
async fn an_admin_sees_figures_and_has_a_source_synced() {
    let house = House::open().await;
    let (ann, path) = (house.login("ann").await, format!("/api/v1/sources/{}", house.source));
    let list: Value = house.get("/api/v1/sources", &ann).await.json().await.unwrap();
    let summary = &list["sources"][0];
    for (key, value) in [
        ("kind", json!("folder")),
        ("name", json!("docs")),
        ("state", json!("idle")),
        ("source_count", json!(2)),
        // Nothing has been indexed yet.
        ("waiting_count", json!(2)),
        ("indexed_count", json!(0)),
        ("failed_count", json!(0)),
        ("next_sync", Value::Null),
    ] {
        assert_eq!(summary[key], value, "{key} in {summary:#}");
    }
    assert!(summary.get("failed").is_none());
    let queued = house.post(&format!("{path}/sync"), &ann, &json!({})).await;
    assert_eq!(queued.status(), 202);
    assert_eq!(queued.json::<Value>().await.unwrap()["state"], "queued");
    assert_eq!(house.store.sync_status(&house.source).await.unwrap().state, SyncState::Queued);
    let paused: Value = house.post(&format!("{path}/pause"), &ann, &json!({})).await.json().await.unwrap();
    assert_eq!((&paused["paused"], &paused["failed"]), (&json!(true), &json!([])));
    problem(house.post(&format!("{path}/sync"), &ann, &json!({})).await, 409, "source-state").await;
    let resumed: Value = house.post(&format!("{path}/resume"), &ann, &json!({})).await.json().await.unwrap();
    assert_eq!((&resumed["paused"], &resumed["state"]), (&json!(false), &json!("queued")));
    problem(house.get("/api/v1/sources/src_x", &ann).await, 404, "not-found").await;

    let retry = async |query: &str| house.post(&format!("{path}/failures/retry{query}"), &ann, &json!({})).await;
    problem(retry("").await, 404, "not-found").await;
    let failed = Write::Failed {
        external_id: "scan.pdf".into(),
        name: "scan.pdf".into(),
        reason: "no text".into(),
        raw_hash: Some("hash".into()),
        revision: None,
    };
    house.store.apply_batch(&house.source, vec![failed], None, (clock().now)()).await.unwrap();
    problem(retry("?item=other.pdf").await, 404, "not-found").await;
    assert_eq!(retry("?item=scan.pdf").await.status(), 202);
    assert_eq!(house.store.failures(None).await.unwrap()[0].raw_hash, None, "its bytes are as if they were new");

    let delete = async |path: &str| house.request(Method::DELETE, path).header("cookie", &ann).send().await.unwrap();
    let removed = delete(&path).await;
    assert_eq!(removed.status(), 202);
    assert_eq!(removed.json::<Value>().await.unwrap()["state"], "removing");
    problem(delete("/api/v1/sources/src_x").await, 404, "not-found").await;
}

#[tokio::test]
async fn nobody_else_does() {
    let house = House::open().await;
    let bob = house.login("bob").await;
    let path = format!("/api/v1/sources/{}", house.source);
    for path in ["/api/v1/sources", &path, "/api/v1/sources/src_x"] {
        problem(house.get(path, "").await, 401, "not-logged-in").await;
        problem(house.get(path, &bob).await, 403, "not-admin").await;
    }
    for action in ["sync", "pause", "resume", "failures/retry"] {
        problem(house.post(&format!("{path}/{action}"), "", &json!({})).await, 401, "not-logged-in").await;
        problem(house.post(&format!("{path}/{action}"), &bob, &json!({})).await, 403, "not-admin").await;
    }
    let deleted = house.request(Method::DELETE, &path).header("cookie", &bob).send().await.unwrap();
    problem(deleted, 403, "not-admin").await;
    assert_ne!(house.store.sync_status(&house.source).await.unwrap().state, SyncState::Removing);
    assert!(!house.store.source(&house.source).await.unwrap().settings.paused);
}
