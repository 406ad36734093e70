//! Documents sent by programs and people: stored once, readable by whom they name, refused with a reason.

use std::sync::atomic::Ordering;

use domain::{SourceId, sha256_hex};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use server::{ServerConfig, UploadConfig};
use store::{NewSource, SourceSettings, SyncState};
use ulid::Ulid;

use crate::house::*;

const TOKEN: &str = "fnp_0123456789";

/// A push source whose documents HR may read, with a token.
async fn open(house: &House) -> SourceId {
    let id = SourceId::new(Ulid::from_parts(1, 7));
    let access = Some(vec!["group:hr".parse().unwrap()]);
    let settings = SourceSettings { access, ..SourceSettings::default() };
    let (kind, name, now) = ("push".into(), "handouts".into(), (clock().now)());
    let new = NewSource { id: id.clone(), kind, name, config: json!({}), settings, now };
    house.store.create_source(new).await.unwrap();
    house.store.set_source_token(&id, sha256_hex(TOKEN.as_bytes()), now).await.unwrap();
    id
}

fn address(source: &SourceId) -> String {
    format!("/api/v1/sources/{source}/documents")
}

fn post(house: &House, source: &SourceId) -> RequestBuilder {
    house.request(Method::POST, &address(source)).bearer_auth(TOKEN)
}

async fn send(house: &House, source: &SourceId, documents: Value) -> Response {
    post(house, source).json(&json!({ "documents": documents })).send().await.unwrap()
}

/// What became of each document.
async fn became(response: Response) -> Vec<Value> {
    assert_eq!(response.status(), 200);
    response.json::<Value>().await.unwrap()["documents"].as_array().unwrap().clone()
}

async fn titles(house: &House, name: &str) -> Vec<String> {
    let cookie = house.login(name).await;
    let list: Value = house.get("/api/v1/documents", &cookie).await.json().await.unwrap();
    list["documents"].as_array().unwrap().iter().map(|document| document["title"].as_str().unwrap().into()).collect()
}

#[tokio::test]
async fn a_document_is_added_changed_unchanged_and_deleted() {
    let house = House::open().await;
    let source = open(&house).await;
    let document = |text: &str| json!([{"id": "notes/badges.md", "text": text}]);
    let first = became(send(&house, &source, document("# Badges\n\nBlue.")).await).await;
    let id = first[0]["document_id"].clone();
    assert_eq!(first, [json!({"id": "notes/badges.md", "document_id": id, "status": "added", "reason": null})]);
    for (text, status) in [("# Badges\n\nBlue.", "unchanged"), ("# Badges\n\nRed.", "changed")] {
        let again = became(send(&house, &source, document(text)).await).await;
        assert_eq!((&again[0]["status"], &again[0]["document_id"]), (&json!(status), &id));
    }
    assert!(titles(&house, "ann").await.contains(&"Badges".to_owned()));
    assert!(!titles(&house, "bob").await.contains(&"Badges".to_owned()), "the source's rule says who reads it");

    let cookie = house.login("ann").await;
    let shown: Value =
        house.get(&format!("/api/v1/documents/{}", id.as_str().unwrap()), &cookie).await.json().await.unwrap();
    assert_eq!(shown["uri"], "handouts/notes/badges.md");

    for (path, status) in [("/notes%2Fbadges.md", 204), ("/notes/badges.md", 404), ("?id=notes/badges.md", 404)] {
        let request = house.request(Method::DELETE, &format!("{}{path}", address(&source))).bearer_auth(TOKEN);
        assert_eq!(request.send().await.unwrap().status(), status, "{path}");
    }
    assert!(!titles(&house, "ann").await.contains(&"Badges".to_owned()));
    let back = became(send(&house, &source, document("# Badges\n\nRed.")).await).await;
    assert_eq!((&back[0]["status"], &back[0]["document_id"]), (&json!("changed"), &id));
    let request = house.request(Method::DELETE, &format!("{}?id=notes/badges.md", address(&source)));
    assert_eq!(request.bearer_auth(TOKEN).send().await.unwrap().status(), 204);
}

#[tokio::test]
async fn each_document_says_what_it_is_and_who_reads_it() {
    let house = House::open().await;
    let source = open(&house).await;
    let documents = json!([
        {"id": "a", "text": "Plain words."},
        {"id": "b", "text": "# Head\n\nText", "media_type": "text/markdown", "readers": ["everyone"]},
        {"id": "c", "content_base64": "PGgxPldlYjwvaDE+PHA+UGFnZTwvcD4=", "media_type": "text/html; charset=utf-8", "title": "Named",
         "uri": "https://intra/c", "modified_at": "2026-03-04T05:06:07Z", "readers": ["user:bob@example.com"]},
        {"id": "d", "content_base64": "PGgxPldlYjwvaDE+", "file_name": "d.html"},
    ]);
    let sent = became(send(&house, &source, documents).await).await;
    assert!(sent.iter().all(|document| document["status"] == "added"), "{sent:#?}");
    let (ann, bob) = (titles(&house, "ann").await, titles(&house, "bob").await);
    for (title, for_ann, for_bob) in
        [("a.txt", true, false), ("Head", true, true), ("Named", false, true), ("Web", true, false)]
    {
        let seen =
            (ann.iter().any(|seen| seen.starts_with(title.trim_end_matches(".txt"))), bob.contains(&title.into()));
        assert_eq!(seen, (for_ann, for_bob), "{title}: {ann:?} {bob:?}");
    }
    // Other readers alone are a change; nothing is parsed for it.
    let documents = json!([{"id": "b", "text": "# Head\n\nText", "media_type": "text/markdown"}]);
    assert_eq!(became(send(&house, &source, documents).await).await[0]["status"], "changed");
    assert!(!titles(&house, "bob").await.contains(&"Head".to_owned()));
}

#[tokio::test]
async fn what_cannot_be_read_fails_alone_and_is_kept_as_a_failure() {
    let house = House::open().await;
    let source = open(&house).await;
    let documents = json!([
        {"id": "good.md", "text": "Words."},
        {"id": "broken.pdf", "content_base64": "JVBERi0xLjcgYnJva2Vu"},
        {"id": "garbled", "content_base64": "not base64!"},
        {"id": "empty.txt", "text": "  "},
    ]);
    for _ in 0..2 {
        let sent = became(send(&house, &source, documents.clone()).await).await;
        for failed in &sent[1..] {
            assert_eq!((&failed["status"], &failed["document_id"]), (&json!("failed"), &Value::Null));
            assert!(failed["reason"].as_str().unwrap().contains(failed["id"].as_str().unwrap()), "{failed}");
        }
    }
    let cookie = house.login("ann").await;
    let status: Value = house.get(&format!("/api/v1/sources/{source}"), &cookie).await.json().await.unwrap();
    assert_eq!((&status["failed_count"], &status["source_count"]), (&json!(3), &json!(4)));
    // Sent again as it should be, it is no failure any more; a failure that is deleted is gone too.
    let mended = became(send(&house, &source, json!([{"id": "empty.txt", "text": "Full."}])).await).await;
    assert_eq!(mended[0]["status"], "added");
    let gone = house.request(Method::DELETE, &format!("{}/broken.pdf", address(&source))).bearer_auth(TOKEN);
    assert_eq!(gone.send().await.unwrap().status(), 204);
    let status: Value = house.get(&format!("/api/v1/sources/{source}"), &cookie).await.json().await.unwrap();
    assert_eq!(status["failed"].as_array().unwrap().len(), 1, "{status:#}");
}

#[tokio::test]
async fn a_request_that_means_nothing_is_refused_whole() {
    let house = House::open().await;
    let source = open(&house).await;
    let many: Vec<Value> = (0..101).map(|n| json!({"id": format!("{n}"), "text": "x"})).collect();
    for documents in [
        json!([]),
        json!(many),
        json!([{"id": "a", "text": "x"}, {"id": "a", "text": "y"}]),
        json!([{"id": "", "text": "x"}]),
        json!([{"id": "a\u{0}b", "text": "x"}]),
        json!([{"id": "x".repeat(1_001), "text": "x"}]),
        json!([{"id": "a"}]),
        json!([{"id": "a", "text": "x", "content_base64": "eA=="}]),
        json!([{"id": "a", "text": "x", "readers": []}]),
        json!([{"id": "a", "text": "x", "readers": ["staff"]}]),
        json!([{"id": "a", "text": "x", "readers": [format!("group:{}", "x".repeat(1_000))]}]),
        json!([{"id": "a", "text": "x", "modified_at": "yesterday"}]),
        json!([{"id": "a", "text": "x", "title": "x".repeat(301)}]),
        json!([{"id": "a", "text": "x", "colour": "red"}]),
    ] {
        problem(send(&house, &source, documents).await, 400, "bad-request").await;
    }
    let text = post(&house, &source).header("content-type", "text/plain").body("words").send().await.unwrap();
    problem(text, 415, "not-documents").await;
    let cut = post(&house, &source).header("content-type", "multipart/form-data; boundary=x").body("--x\r\n");
    problem(cut.send().await.unwrap(), 400, "bad-request").await;
    let status = house.store.source_counts(&source).await.unwrap();
    assert_eq!((status.documents, status.failed), (0, 0));
}

fn form(parts: &[(&str, Option<&str>, &str)]) -> String {
    let mut body = String::new();
    for (name, file, content) in parts {
        let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
        body += &format!("--edge\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n");
    }
    body + "--edge--\r\n"
}

#[tokio::test]
async fn a_form_uploads_files_under_their_names() {
    let house = House::open().await;
    let source = open(&house).await;
    let upload = async |parts: &[(&str, Option<&str>, &str)], token: &str| {
        let request = house.request(Method::POST, &address(&source)).bearer_auth(token);
        request.header("content-type", "multipart/form-data; boundary=edge").body(form(parts)).send().await.unwrap()
    };
    let parts = [
        ("readers", None, "everyone, group:hr"),
        ("file", Some("../../etc/pläne.md"), "# Pläne\n\nText."),
        ("file", Some("old.zip"), "nothing"),
        ("file", Some(""), ""),
    ];
    let sent = became(upload(&parts, TOKEN).await).await;
    assert_eq!(sent.len(), 2, "{sent:#?}");
    assert_eq!(
        (&sent[0]["id"], &sent[0]["status"]),
        (&json!("../../etc/pläne.md"), &json!("added")),
        "a name, no path"
    );
    assert_eq!((&sent[1]["id"], &sent[1]["status"]), (&json!("old.zip"), &json!("failed")));
    assert!(titles(&house, "bob").await.contains(&"Pläne".to_owned()));
    problem(upload(&[("readers", None, "staff"), parts[1]], TOKEN).await, 400, "bad-request").await;
    problem(upload(&[("colour", None, "red"), parts[1]], TOKEN).await, 400, "bad-request").await;
    problem(upload(&[parts[0]], TOKEN).await, 400, "bad-request").await;
    problem(upload(&parts, "fnp_wrong").await, 401, "bad-token").await;
}

#[tokio::test]
async fn a_request_that_is_too_large_hears_so() {
    let upload = UploadConfig { max_bytes: 5_000, ..UploadConfig::default() };
    let house = House::open_with(ServerConfig { upload, ..ServerConfig::default() }).await;
    let source = open(&house).await;
    problem(send(&house, &source, json!([{"id": "a", "text": "x".repeat(5_000)}])).await, 413, "too-large").await;
    problem(send(&house, &source, json!([{"id": "a", "text": "x".repeat(50_000)}])).await, 413, "too-large").await;
    for length in [6_000, 60_000] {
        let body = form(&[("file", Some("a.txt"), &"x".repeat(length))]);
        let request = post(&house, &source).header("content-type", "multipart/form-data; boundary=edge").body(body);
        problem(request.send().await.unwrap(), 413, "too-large").await;
    }
    assert_eq!(became(send(&house, &source, json!([{"id": "a", "text": "x".repeat(4_000)}])).await).await.len(), 1);
}

#[tokio::test]
async fn only_admins_and_the_sources_own_token_may_send() {
    let house = House::open().await;
    let (source, body) = (open(&house).await, json!({"documents": [{"id": "a", "text": "x"}]}));
    problem(house.post(&address(&source), "", &body).await, 401, "not-logged-in").await;
    problem(house.post(&address(&source), &house.login("bob").await, &body).await, 403, "not-admin").await;
    let ann = house.login("ann").await;
    assert_eq!(house.post(&address(&source), &ann, &body).await.status(), 200);
    let missing = SourceId::new(Ulid::from_parts(9, 9));
    for path in [address(&missing), "/api/v1/sources/x/documents".into()] {
        problem(house.post(&path, &ann, &body).await, 404, "not-found").await;
        // To a token there are no other sources.
        let request = house.request(Method::POST, &path).bearer_auth(TOKEN).json(&body);
        problem(request.send().await.unwrap(), 401, "bad-token").await;
    }
    for header in
        ["Bearer", "Bearer ", "Basic eDp5", "Bearer fnp_", &format!("Bearer {}", sha256_hex(TOKEN.as_bytes()))]
    {
        let request = house.request(Method::POST, &address(&source)).header("authorization", header).json(&body);
        problem(request.send().await.unwrap(), 401, "bad-token").await;
    }
    // A token opens nothing else.
    for path in ["/api/v1/me".to_owned(), "/api/v1/documents".into(), format!("/api/v1/sources/{source}")] {
        let request = house.request(Method::GET, &path).bearer_auth(TOKEN);
        problem(request.send().await.unwrap(), 401, "not-logged-in").await;
    }
    house.store.delete_source_token(&source).await.unwrap();
    problem(send(&house, &source, body["documents"].clone()).await, 401, "bad-token").await;
}

#[tokio::test]
async fn wrong_tokens_are_bounded() {
    let house = House::open().await;
    let source = open(&house).await;
    let wrong = async || house.request(Method::POST, &address(&source)).bearer_auth("fnp_x").send().await.unwrap();
    for _ in 0..21 {
        problem(wrong().await, 401, "bad-token").await;
    }
    let response = wrong().await;
    assert!((1..=11).contains(&header(&response, "retry-after").parse::<u64>().unwrap()));
    problem(response, 429, "too-many-tokens").await;
    problem(send(&house, &source, json!([{"id": "a", "text": "x"}])).await, 429, "too-many-tokens").await;
    // People are not held up by it.
    assert_eq!(house.get("/api/v1/sources", &house.login("ann").await).await.status(), 200);
}

#[tokio::test]
async fn a_source_that_takes_nothing_says_why() {
    let house = House::open().await;
    let source = open(&house).await;
    let (ann, body) = (house.login("ann").await, json!([{"id": "a", "text": "x"}]));
    let pulled = house.post(&address(&house.source), &ann, &json!({ "documents": body })).await;
    assert!(problem(pulled, 409, "source-state").await["detail"].as_str().unwrap().contains("push source"));
    house.switches.disk_full.store(true, Ordering::Relaxed);
    let full = problem(send(&house, &source, body.clone()).await, 507, "no-space").await;
    assert!(!full.to_string().contains("secret"));
    house.switches.disk_full.store(false, Ordering::Relaxed);
    assert_eq!(house.post(&format!("/api/v1/sources/{source}/pause"), &ann, &json!({})).await.status(), 200);
    problem(send(&house, &source, body.clone()).await, 409, "source-state").await;
    assert_eq!(house.post(&format!("/api/v1/sources/{source}/resume"), &ann, &json!({})).await.status(), 200);
    assert_eq!(house.store.sync_status(&source).await.unwrap().state, SyncState::Idle, "there is nothing to fetch");
    assert_eq!(send(&house, &source, body.clone()).await.status(), 200);
    house.store.request_removal(&source, (clock().now)()).await.unwrap();
    problem(send(&house, &source, body).await, 409, "source-state").await;
}

#[tokio::test]
async fn a_repeated_request_is_done_once() {
    let house = House::open().await;
    let source = open(&house).await;
    let keyed = async |key: &str, text: &str| {
        let body = json!({"documents": [{"id": "a", "text": text}]});
        post(&house, &source).header("idempotency-key", key).json(&body).send().await.unwrap()
    };
    let first = became(keyed("one", "x").await).await;
    assert_eq!(first[0]["status"], "added");
    assert_eq!(became(keyed("one", "x").await).await, first, "the same response, not `unchanged`");
    assert_eq!(became(keyed("two", "x").await).await[0]["status"], "unchanged");
    problem(keyed("one", "y").await, 422, "key-reused").await;
    problem(keyed(&"k".repeat(201), "x").await, 400, "bad-request").await;
    // As if another replica were at it.
    let digest = "0".repeat(64);
    house.store.begin_once(&source, "three", &digest, (clock().now)()).await.unwrap();
    problem(keyed("three", "x").await, 422, "key-reused").await;
    // A form is the same whatever its boundary.
    let form = async |edge: &str| {
        let body = form(&[("file", Some("f.txt"), "words")]).replace("edge", edge);
        let request = post(&house, &source).header("idempotency-key", "form").body(body);
        request.header("content-type", format!("multipart/form-data; boundary={edge}")).send().await.unwrap()
    };
    let first = became(form("one").await).await;
    assert_eq!((became(form("two").await).await, &first[0]["status"]), (first.clone(), &json!("added")));
    // Many at once: one does the work, the others hear of it or that it is being done.
    let all = futures::future::join_all((0..6).map(|_| keyed("four", "z"))).await;
    let mut changed = 0;
    for response in all {
        match response.status().as_u16() {
            200 => changed += usize::from(became(response).await[0]["status"] == "changed"),
            _ => drop(problem(response, 409, "key-in-progress").await),
        }
    }
    assert!(changed >= 1);
    assert_eq!(became(keyed("five", "z").await).await[0]["status"], "unchanged");
}

#[tokio::test]
async fn pushes_at_once_of_the_same_new_document_all_succeed() {
    let house = House::open().await;
    let source = open(&house).await;
    let documents = json!([{"id": "same", "text": "the same words"}, {"id": "other", "text": "other words"}]);
    let all = futures::future::join_all((0..4).map(|_| send(&house, &source, documents.clone()))).await;
    let mut ids = std::collections::BTreeSet::new();
    for response in all {
        ids.extend(became(response).await.iter().map(|document| document["document_id"].as_str().unwrap().to_owned()));
    }
    assert_eq!(ids.len(), 2);
    assert_eq!(house.store.source_counts(&source).await.unwrap().documents, 2);
}
