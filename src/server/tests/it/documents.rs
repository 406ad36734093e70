//! Documents as their readers see them; to everyone else they do not exist.

use domain::VersionHash;
use serde_json::{Value, json};

use crate::house::*;

async fn json_of(house: &House, path: &str, cookie: &str) -> Value {
    let response = house.get(path, cookie).await;
    assert_eq!(response.status(), 200, "{path}");
    response.json().await.unwrap()
}

#[tokio::test]
async fn a_list_a_document_and_its_versions() {
    let house = House::open().await;
    let cookie = house.login("ann").await;
    let newer = put(HANDBOOK, "Employees get 30 days.", "everyone");
    house.store.apply_batch(&house.source, vec![newer], None, (clock().now)()).await.unwrap();

    let first = json_of(&house, "/api/v1/documents?limit=1", &cookie).await;
    assert_eq!(first["documents"][0]["id"], json!(document(HANDBOOK)));
    let next = first["next"].as_str().unwrap();
    let second = json_of(&house, &format!("/api/v1/documents?limit=1&after={next}"), &cookie).await;
    assert_eq!(
        (second["documents"][0]["id"].clone(), second["next"].clone()),
        (json!(document(SALARIES)), Value::Null)
    );

    let path = format!("/api/v1/documents/{}", document(HANDBOOK));
    let detail = json_of(&house, &path, &cookie).await;
    let old = VersionHash::of("Employees get 25 days of leave each year.");
    assert_eq!((detail["versions"].as_array().unwrap().len(), detail["title"].as_str()), (2, Some("Document 1")));
    assert!(detail["versions"].as_array().unwrap().contains(&json!({
        "hash": old, "live": false, "created_at": detail["versions"][1]["created_at"],
    })));
    let live = json_of(&house, &format!("{path}/text"), &cookie).await;
    assert_eq!((live["text"].as_str(), live["superseded"].as_bool()), (Some("Employees get 30 days."), Some(false)));
    let past = json_of(&house, &format!("{path}/text?version={old}"), &cookie).await;
    assert_eq!((past["version"].clone(), past["superseded"].as_bool()), (json!(old), Some(true)));
    problem(house.get(&format!("{path}/text?version=0000"), &cookie).await, 404, "not-found").await;
    problem(house.get("/api/v1/documents?after=nonsense", &cookie).await, 400, "bad-request").await;
}

#[tokio::test]
async fn another_viewers_document_is_the_same_as_none() {
    let house = House::open().await;
    let cookie = house.login("bob").await;
    let list = json_of(&house, "/api/v1/documents", &cookie).await;
    assert_eq!(list["documents"].as_array().unwrap().len(), 1);
    let (hidden, missing) = (document(SALARIES).to_string(), document(99).to_string());
    for rest in ["", "/text"] {
        let mut bodies = Vec::new();
        for id in [&hidden, &missing] {
            let body =
                problem(house.get(&format!("/api/v1/documents/{id}{rest}"), &cookie).await, 404, "not-found").await;
            bodies.push(body.to_string().replace(id.as_str(), "ID"));
        }
        assert_eq!(bodies[0], bodies[1]);
    }
    for id in ["x", "%00", "..%2f..%2fetc", "doc_", "%ff"] {
        problem(house.get(&format!("/api/v1/documents/{id}"), &cookie).await, 404, "not-found").await;
    }
}
