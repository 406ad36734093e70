//! The portal's files, the headers of every response, health and metrics.

use reqwest::Method;
use serde_json::{Value, json};
use server::ServerConfig;

use crate::house::*;

#[tokio::test]
async fn every_response_has_the_security_headers() {
    let house = House::open().await;
    for path in ["/", "/ask", "/api/v1/me", "/api/nothing", "/assets/none.js", "/livez", "/metrics"] {
        let response = house.get(path, "").await;
        let policy = header(&response, "content-security-policy");
        assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header(&response, "referrer-policy"), "no-referrer", "{path}");
        assert_eq!(header(&response, "strict-transport-security"), "", "{path}");
        assert_eq!(header(&response, "server"), "");
    }
}

#[tokio::test]
async fn the_portal_answers_its_own_addresses_and_no_others() {
    let house = House::open().await;
    let page = house.get("/", "").await;
    assert!(header(&page, "content-type").starts_with("text/html"));
    let text = page.text().await.unwrap();
    assert!(text.contains("Footnote"));
    for path in ["/documents/doc_1", "/login?next=/", "/..%2f..%2fetc/passwd"] {
        assert_eq!(house.get(path, "").await.text().await.unwrap(), text, "{path}");
    }
    problem(house.get("/assets/missing-12345678.js", "").await, 404, "not-found").await;
    problem(house.get("/api/v2/ask", "").await, 404, "not-found").await;
    problem(house.get("/api/v1/nothing", "").await, 404, "not-found").await;
    problem(house.request(Method::POST, "/").send().await.unwrap(), 404, "not-found").await;

    // The built portal: hashed names stay, the page is asked for again and not sent twice.
    let Some(asset) = text.split('"').find(|part| part.starts_with("/assets/")) else { return };
    let script = house.get(asset, "").await;
    assert_eq!(
        (script.status().as_u16(), header(&script, "cache-control")),
        (200, "public, max-age=31536000, immutable")
    );
    let page = house.get("/", "").await;
    assert_eq!(header(&page, "cache-control"), "no-cache");
    let tag = header(&page, "etag").to_owned();
    let known = house.request(Method::GET, "/").header("if-none-match", tag).send().await.unwrap();
    assert_eq!(known.status(), 304);
    let head = house.request(Method::HEAD, "/").send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.text().await.unwrap()), (200, String::new()));
}

#[tokio::test]
async fn health_is_told_to_anyone() {
    let house = House::open().await;
    assert_eq!(house.get("/livez", "").await.text().await.unwrap(), "ok");
    let ready = house.get("/readyz", "").await;
    assert_eq!(ready.status(), 200);
    let checks = json!({"store": "ok", "keyword": "ok", "vector": "ok", "embedder": "ok", "generator": "not asked"});
    assert_eq!(ready.json::<Value>().await.unwrap(), json!({"ready": true, "checks": checks}));
}

#[tokio::test]
async fn requests_and_answers_are_counted() {
    let house = House::open().await;
    let cookie = house.login("ann").await;
    house.get("/made/up/by/a/client", "").await;
    house.get(&format!("/api/v1/documents/{}", document(HANDBOOK)), &cookie).await;
    house.ask(&cookie, "How many days of leave do employees get each year?").await.text().await.unwrap();
    let text = house.get("/metrics", "").await.text().await.unwrap();
    for line in [
        "footnote_answers_total{outcome=\"answered\"}",
        "footnote_answer_stage_seconds_bucket{stage=\"retrieve\"",
        "footnote_http_requests_total{method=\"GET\",route=\"/api/v1/documents/{id}\",status=\"200\"}",
        "footnote_http_request_seconds_count{method=\"POST\",route=\"/api/v1/ask\"}",
        "footnote_logins_total{outcome=\"accepted\"}",
        "footnote_documents 2",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("made/up") && !text.contains("doc_"));
    let closed = House::open_with(ServerConfig { metrics: false, ..ServerConfig::default() }).await;
    assert!(!closed.get("/metrics", "").await.text().await.unwrap().contains("footnote_http"));
}

#[tokio::test]
async fn a_taken_port_is_one_clear_line() {
    let house = House::open().await;
    let port = house.url.rsplit(':').next().unwrap().parse().unwrap();
    let ctx = std::sync::Arc::new(house.context_over(house.store.clone()));
    let config = ServerConfig { port, ..ServerConfig::default() };
    let error = server::run(ctx, config, &|_| ()).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("listen on 127.0.0.1:{port}: ")), "{error}");
}

#[tokio::test]
async fn a_body_that_never_ends_is_not_waited_for() {
    use std::io::{Read, Write};
    let house = House::open_with(ServerConfig { request_timeout_secs: 1, ..ServerConfig::default() }).await;
    let address = house.url.strip_prefix("http://").unwrap().to_owned();
    let answer = tokio::task::spawn_blocking(move || {
        let mut socket = std::net::TcpStream::connect(&address).unwrap();
        socket.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
        let head =
            "POST /api/v1/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{";
        socket.write_all(head.as_bytes()).unwrap();
        let mut bytes = [0; 20];
        socket.read_exact(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    });
    assert!(answer.await.unwrap().starts_with("HTTP/1.1 408"));
}
