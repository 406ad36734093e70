//! The API's description: complete, the one in web/, and true.

use serde_json::Value;

use crate::house::*;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/openapi.json");

#[test]
fn the_committed_description_is_the_one_served() {
    let committed = std::fs::read_to_string(COMMITTED).unwrap();
    assert!(
        committed == server::openapi_json(),
        "web/openapi.json is stale: run `cargo test --release -p footnote-server -- --ignored write_openapi`, then \
         `npm --prefix web run api`"
    );
}

#[test]
#[ignore = "writes web/openapi.json"]
fn write_openapi() {
    std::fs::write(COMMITTED, server::openapi_json()).unwrap();
}

#[test]
fn every_reference_leads_somewhere() {
    let document: Value = serde_json::from_str(server::openapi_json()).unwrap();
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 30);
    for reference in references {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    let expected = [
        "ask",
        "documents",
        "documents/{id}",
        "documents/{id}/text",
        "login",
        "logout",
        "me",
        "search",
        "sources",
        "sources/{id}",
        "sources/{id}/documents",
        "sources/{id}/documents/{external_id}",
        "sources/{id}/failures/retry",
        "sources/{id}/pause",
        "sources/{id}/resume",
        "sources/{id}/sync",
    ];
    assert_eq!(paths, expected.map(|path| format!("/api/v1/{path}")).iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn the_description_is_served() {
    let house = House::open().await;
    let response = house.get("/api/openapi.json", "").await;
    assert_eq!(header(&response, "content-type"), "application/json");
    assert_eq!(response.text().await.unwrap(), server::openapi_json());
}

#[tokio::test]
async fn problems_read_like_this() {
    let house = House::open().await;
    let cookie = house.login("ann").await;
    let mut problems = Vec::new();
    problems.push(problem(house.get("/api/v1/me", "").await, 401, "not-logged-in").await);
    problems.push(problem(house.try_login("ann@example.com", "x").await, 401, "bad-credentials").await);
    problems.push(problem(house.ask(&cookie, "").await, 400, "bad-question").await);
    problems.push(problem(house.get("/api/v1/documents/doc_x", &cookie).await, 404, "not-found").await);
    problems.push(problem(house.get("/api/v1/answers", &cookie).await, 404, "not-found").await);
    // How other crates build serde_json decides the order of keys otherwise.
    insta::with_settings!({ sort_maps => true }, { insta::assert_json_snapshot!(problems) });
}

fn collect<'a>(value: &'a Value, references: &mut Vec<&'a str>) {
    match value {
        Value::Object(map) => {
            references.extend(map.get("$ref").and_then(Value::as_str));
            map.values().for_each(|value| collect(value, references));
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}
