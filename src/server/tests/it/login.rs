//! Log in, stay logged in, log out; and everything that must not work.

use reqwest::Method;
use serde_json::{Value, json};
use server::ServerConfig;

use crate::house::*;

#[tokio::test]
async fn a_session_lasts_from_login_to_logout() {
    let house = House::open().await;
    let response = house.try_login(" ANN@example.com", PASSWORD).await;
    assert_eq!(response.status(), 200);
    let set = header(&response, "set-cookie").to_owned();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=604800"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Secure"));
    assert_eq!(header(&response, "cache-control"), "no-store");
    let cookie = cookie(&response);
    let user = json!({"email": "ann@example.com", "groups": ["hr"], "id": "usr_00000000030000000000000001", "is_admin": true, "name": "Ann"});
    assert_eq!(response.json::<Value>().await.unwrap(), json!({ "user": user }));
    assert_eq!(house.get("/api/v1/me", &cookie).await.json::<Value>().await.unwrap(), user);

    let response = house.request(Method::POST, "/api/v1/logout").header("cookie", &cookie).send().await.unwrap();
    assert_eq!(response.status(), 204);
    assert!(header(&response, "set-cookie").starts_with("footnote_session=;"));
    problem(house.get("/api/v1/me", &cookie).await, 401, "not-logged-in").await;
    let again = house.request(Method::POST, "/api/v1/logout").send().await.unwrap();
    assert_eq!(again.status(), 204);
}

#[tokio::test]
async fn wrong_passwords_and_unknown_addresses_look_the_same() {
    let house = House::open().await;
    let mut bodies = Vec::new();
    let cases =
        [("ann@example.com", "wrong"), ("nobody@example.com", PASSWORD), ("ann@example.com", ""), ("a\0b", "\0")];
    for (email, password) in cases {
        let response = house.try_login(email, password).await;
        assert_eq!(header(&response, "set-cookie"), "");
        bodies.push(problem(response, 401, "bad-credentials").await);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[tokio::test]
async fn unknown_addresses_take_as_long_as_wrong_passwords() {
    let house = House::open().await;
    let emails = ["ann@example.com", "nobody@example.com"];
    let mut best = [f64::MAX; 2];
    for _ in 0..8 {
        for (email, best) in emails.iter().zip(&mut best) {
            let begun = std::time::Instant::now();
            house.try_login(email, "wrong").await;
            *best = best.min(begun.elapsed().as_secs_f64());
        }
    }
    // Without the check an unknown address would be answered thirty times as fast.
    assert!((0.25..4.0).contains(&(best[0] / best[1])), "{best:?}");
}

#[tokio::test]
async fn the_eleventh_attempt_for_one_address_must_wait() {
    let house = House::open().await;
    for _ in 0..10 {
        problem(house.try_login("nobody@example.com", "x").await, 401, "bad-credentials").await;
    }
    let response = house.try_login("NOBODY@example.com", "x").await;
    let wait: u64 = header(&response, "retry-after").parse().unwrap();
    assert!((1..=31).contains(&wait));
    problem(response, 429, "too-many-logins").await;
    assert_eq!(house.try_login("bob@example.com", PASSWORD).await.status(), 200);
}

#[tokio::test]
async fn an_address_too_long_to_be_one_is_refused_and_not_counted() {
    let house = House::open().await;
    let longest = format!("{}@example.com", "x".repeat(242));
    for _ in 0..12 {
        problem(house.try_login(&format!("x{longest}"), "x").await, 401, "bad-credentials").await;
    }
    for _ in 0..10 {
        problem(house.try_login(&longest, "x").await, 401, "bad-credentials").await;
    }
    problem(house.try_login(&longest, "x").await, 429, "too-many-logins").await;
}

#[tokio::test]
async fn a_session_expires() {
    let house = House::open_with(ServerConfig { session_hours: 1, ..ServerConfig::default() }).await;
    let cookie = house.login("ann").await;
    assert_eq!(house.get("/api/v1/me", &cookie).await.status(), 200);
    let_hours_pass(1);
    problem(house.get("/api/v1/me", &cookie).await, 401, "not-logged-in").await;
}

#[tokio::test]
async fn made_up_tokens_are_nobody() {
    let house = House::open().await;
    let cookie = house.login("ann").await;
    let token = cookie.split_once('=').unwrap().1.to_owned();
    assert_eq!(token.len(), 64);
    let hash = domain::sha256_hex(token.as_bytes());
    for token in [String::new(), "x".into(), "0".repeat(64), token[..63].into(), format!("{token}0"), hash] {
        problem(house.get("/api/v1/me", &format!("footnote_session={token}")).await, 401, "not-logged-in").await;
    }
    for path in ["/api/v1/search?q=leave", "/api/v1/documents", "/api/v1/documents/x", "/api/v1/documents/x/text"] {
        problem(house.get(path, "").await, 401, "not-logged-in").await;
    }
    problem(house.ask("", "How many days?").await, 401, "not-logged-in").await;
}

#[tokio::test]
async fn other_sites_pages_cannot_act() {
    let house = House::open().await;
    let cookie = house.login("ann").await;
    let send = async |path: &str, name: &str, value: &str| {
        let request = house.request(Method::POST, path).header("cookie", &cookie).header(name, value);
        request.json(&json!({"question": "x", "email": "ann@example.com", "password": PASSWORD})).send().await.unwrap()
    };
    for path in ["/api/v1/ask", "/api/v1/login", "/api/v1/logout"] {
        problem(send(path, "sec-fetch-site", "cross-site").await, 403, "foreign-page").await;
        problem(send(path, "origin", "https://evil.example.com").await, 403, "foreign-page").await;
    }
    assert_eq!(house.get("/api/v1/me", &cookie).await.status(), 200);
    assert_eq!(send("/api/v1/login", "origin", &house.url).await.status(), 200);
    let form = house.request(Method::POST, "/api/v1/login").header("content-type", "text/plain").body("{}");
    problem(form.send().await.unwrap(), 415, "not-json").await;
}

#[tokio::test]
async fn behind_https_the_cookie_is_secure() {
    let public_url = Some("https://footnote.example.com/".to_owned());
    let house = House::open_with(ServerConfig { public_url, ..ServerConfig::default() }).await;
    assert_eq!(house.announced, "https://footnote.example.com/");
    let response = house.try_login("ann@example.com", PASSWORD).await;
    assert!(header(&response, "set-cookie").contains("Secure"));
    assert!(header(&response, "strict-transport-security").contains("max-age"));
}

#[tokio::test]
async fn the_first_run_makes_an_admin_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = store::Store::open(&format!("sqlite://{}/test.db", dir.path().display())).await.unwrap();
    let house = House::open().await;
    let ctx = house.context_over(store.clone());
    let login = server::first_run(&ctx).await.unwrap().unwrap();
    assert!(server::first_run(&ctx).await.unwrap().is_none());
    let admin = store.user_by_email(&login.email).await.unwrap().unwrap();
    assert!(admin.is_admin);
    assert!(server::first_run(&house.context_over(house.store.clone())).await.unwrap().is_none());
}
