//! What the suite cannot know of feeds.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use axum::{
    Router,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
    routing::get,
};
use domain::Principal;
use serde_json::json;

use crate::{
    Parts,
    conformance::{Replica, parts, serve},
};

fn rss(items: &str) -> String {
    format!("<rss version='2.0'><channel><title>c</title>{items}</channel></rss>")
}

#[tokio::test]
async fn pages_are_read_as_robots_txt_allows_and_a_page_that_is_gone_is_gone() {
    let items =
        ["open", "closed", "image", "dead"].map(|name| format!("<item><guid>{name}</guid><link>/{name}</link></item>"));
    let body = rss(&items.concat());
    let gone = Arc::new(AtomicU32::new(0));
    let is_gone = Arc::clone(&gone);
    let open = move || async move {
        if is_gone.load(Ordering::Relaxed) == 0 { "<p>text".into_response() } else { StatusCode::GONE.into_response() }
    };
    let router = Router::new()
        .route("/feed", get(move || async move { body }))
        .route("/robots.txt", get(|| async { "User-agent: *\nDisallow: /closed\nDisallow: /feed\n" }))
        .route("/closed", get(|| async { "secret" }))
        .route("/image", get(|| async { ([("content-type", "image/png")], "PNG") }))
        .route("/open", get(open));
    let address = serve(router).await;
    let settings = json!({ "feeds": [format!("{address}/feed")], "text": "page", "requests_per_second": 10_000 });
    let connector = crate::kind("feed").unwrap().open(settings, parts()).unwrap();
    let mut replica = Replica::default();
    replica.sync(&*connector).await.unwrap();
    let id = |name: &str| format!("{address}/feed {name}");
    assert_eq!(replica.documents.keys().collect::<Vec<_>>(), [&id("open")]);
    assert!(replica.failures[&id("closed")].contains("robots.txt"));
    assert!(replica.failures[&id("image")].contains("image/png"));
    assert!(replica.failures[&id("dead")].contains("404"));
    assert_eq!(replica.documents[&id("open")].uri, format!("{address}/open"));
    gone.store(1, Ordering::Relaxed);
    replica.sync(&*connector).await.unwrap();
    assert!(!replica.documents.contains_key(&id("open")) && !replica.failures.contains_key(&id("open")));
}

#[tokio::test]
async fn pages_are_public_or_on_the_feeds_own_host() {
    let inside = serve(Router::new().fallback(|| async { "<p>salaries" })).await.replace("127.0.0.1", "localhost");
    let links = ["/own".to_owned(), "/away".into(), format!("{inside}/direct")];
    let body = rss(&links.map(|link| format!("<item><link>{link}</link></item>")).concat());
    let target = format!("{inside}/redirected");
    let router = Router::new()
        .route("/feed", get(move || async move { body }))
        .route("/robots.txt", get(|| async { StatusCode::NOT_FOUND }))
        .route("/own", get(|| async { "<p>of the feed" }))
        .route("/away", get(move || async move { axum::response::Redirect::temporary(&target) }));
    let address = serve(router).await;
    let settings = json!({ "feeds": [format!("{address}/feed")], "text": "page", "requests_per_second": 10_000 });
    let mut replica = Replica::default();
    replica.sync(&*crate::kind("feed").unwrap().open(settings, parts()).unwrap()).await.unwrap();
    assert_eq!(replica.documents.values().map(|held| held.text.as_str()).collect::<Vec<_>>(), ["<p>of the feed"]);
    assert_eq!(replica.failures.len(), 2, "{:?}", replica.failures);
    assert!(replica.failures.values().all(|reason| reason.contains("private address")), "{:?}", replica.failures);
}

#[tokio::test]
async fn a_token_in_a_feeds_address_is_not_shown() {
    let router = Router::new()
        .route("/feed", get(|| async { rss("<item><guid>1</guid><description>one</description></item>") }))
        .route("/none", get(|| async { "no feed" }));
    let address = serve(router).await;
    let settings =
        |path: &str| json!({ "feeds": [format!("{address}/{path}?token=hush")], "requests_per_second": 10_000 });
    let open = |path: &str| crate::kind("feed").unwrap().open(settings(path), parts()).unwrap();
    let mut replica = Replica::default();
    replica.sync(&*open("feed")).await.unwrap();
    let (id, held) = replica.documents.first_key_value().unwrap();
    assert_eq!(held.uri, format!("{address}/feed"));
    assert!(!id.contains("hush"), "{id}");
    let error = Replica::default().sync(&*open("none")).await.unwrap_err();
    assert!(!error.message.contains("hush"), "{error}");
    assert_eq!(crate::kind("feed").unwrap().secrets(), ["feeds"]);
}

#[tokio::test]
async fn readers_follow_the_rule_even_for_entries_no_longer_in_the_feed() {
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let feed = move |headers: HeaderMap| async move {
        if headers.get("if-none-match").is_some_and(|etag| etag == "\"2\"") {
            return StatusCode::NOT_MODIFIED.into_response();
        }
        // The second time another entry has pushed the first out.
        let number = count.fetch_add(1, Ordering::Relaxed) + 1;
        let item = format!("<item><guid>{number}</guid><description>text {number}</description></item>");
        ([("etag", format!("\"{number}\""))], rss(&item)).into_response()
    };
    let address = serve(Router::new().route("/", get(feed))).await;
    let settings = json!({ "feeds": [address], "requests_per_second": 10_000 });
    let mut replica = Replica::default();
    for _ in 0..2 {
        replica.sync(&*crate::kind("feed").unwrap().open(settings.clone(), parts()).unwrap()).await.unwrap();
    }
    assert_eq!(replica.documents.len(), 2);
    let parts = Parts { readers: Some(vec![Principal::user("ann@example.com")]), ..parts() };
    replica.sync(&*crate::kind("feed").unwrap().open(settings, parts).unwrap()).await.unwrap();
    assert_eq!((asked.load(Ordering::Relaxed), replica.fetched), (2, 0));
    for text in ["text 1", "text 2"] {
        assert_eq!(replica.readers(text).into_iter().collect::<Vec<_>>(), ["ann@example.com"]);
    }
}

#[tokio::test]
async fn an_unchanged_feed_is_read_again_for_what_the_store_lost() {
    let items = rss(
        "<item><guid>1</guid><description>one</description></item><item><guid>2</guid><description>two</description></item>",
    );
    let feed = move |headers: HeaderMap| async move {
        match headers.get("if-none-match") {
            Some(_) => StatusCode::NOT_MODIFIED.into_response(),
            None => ([("etag", "\"1\"")], items).into_response(),
        }
    };
    let address = serve(Router::new().route("/", get(feed))).await;
    let connector = crate::kind("feed")
        .unwrap()
        .open(json!({ "feeds": [address], "requests_per_second": 10_000 }), parts())
        .unwrap();
    let mut replica = Replica::default();
    replica.sync(&*connector).await.unwrap();
    replica.documents.pop_first();
    replica.sync(&*connector).await.unwrap();
    assert_eq!((replica.documents.len(), replica.fetched), (2, 1));
}

#[tokio::test]
async fn what_is_no_feed_is_an_error_and_settings_are_checked() {
    let address = serve(Router::new().route("/", get(|| async { "<html>Login</html>" }))).await;
    let open = |settings| crate::kind("feed").unwrap().open(settings, parts());
    let connector = open(json!({ "feeds": [address], "requests_per_second": 10_000 })).unwrap();
    assert!(Replica::default().sync(&*connector).await.unwrap_err().message.contains("read the feed"));
    for settings in [
        json!({ "feeds": [] }),
        json!({ "feeds": ["file:///etc/passwd?hush"] }),
        json!({ "feeds": ["http://x.org"], "text": "all" }),
    ] {
        assert!(open(settings).is_err_and(|error| !error.message.contains("hush")));
    }
}
