//! The client against servers that misbehave.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Json, Router,
    body::Body,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::*;
use crate::{
    Secret,
    conformance::{Fault, Proxy, clock, parts, serve},
};

fn at(address: &str, path: &str) -> Request {
    Request::get(format!("{address}{path}").parse().unwrap())
}

#[tokio::test]
async fn passing_failures_are_tried_again_and_final_ones_are_not() {
    let server = serve(Router::new().route("/", get(|| async { Json(json!({ "text": "x".repeat(1_000) })) }))).await;
    let proxy = Proxy::start(&server).await;
    let http = parts().http;
    for fault in Fault::ALL {
        proxy.plan(0, fault);
        let outcome: EngineResult<Value> = http.json(&at(&proxy.address, "/")).await;
        match fault {
            Fault::Unauthorized | Fault::Forbidden => {
                assert!(
                    outcome.is_err_and(|error| !error.retryable && error.message.contains("credentials")),
                    "{fault:?}"
                );
                assert_eq!(proxy.requests(), 1, "{fault:?}");
            }
            Fault::Down => {
                assert!(outcome.is_err_and(|error| error.retryable), "{fault:?}");
                assert_eq!(proxy.requests(), 3, "{fault:?}");
            }
            _ => {
                assert!(outcome.is_ok(), "{fault:?}: {outcome:?}");
                assert_eq!(proxy.requests(), 2, "{fault:?}");
            }
        }
    }
}

#[tokio::test]
async fn who_asks_for_more_patience_than_there_is_gets_it_from_the_next_sync() {
    let busy = || async { (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "3600")]) };
    let server = serve(Router::new().route("/", get(busy))).await;
    let error = parts().http.send(&at(&server, "/")).await.err().unwrap();
    assert_eq!(error.retry_after, Some(Duration::from_secs(3_600)));
}

#[tokio::test]
async fn credentials_stay_with_their_host() {
    let seen = |headers: HeaderMap| async move { headers.contains_key(AUTHORIZATION).to_string() };
    let other = serve(Router::new().route("/", get(seen))).await;
    let target = other.clone();
    let server = serve(
        Router::new()
            .route("/here", get(|| async { Redirect::temporary("/seen") }))
            .route("/there", get(move || async move { Redirect::temporary(&target) }))
            .route("/seen", get(seen)),
    )
    .await;
    for (path, kept) in [("/here", "true"), ("/there", "false")] {
        let request = at(&server, path).bearer(&Secret::from("token"));
        let response = parts().http.send(&request).await.unwrap().ok().unwrap();
        assert_eq!(String::from_utf8(response.body).unwrap(), kept, "{path}");
    }
}

#[tokio::test]
async fn no_redirect_leads_to_a_private_address() {
    let server = serve(
        Router::new()
            .route("/", get(|| async { Redirect::temporary("http://10.0.0.1/") }))
            .route("/file", get(|| async { Redirect::temporary("file:///etc/passwd") }))
            .route("/round", get(|| async { Redirect::temporary("/round") })),
    )
    .await;
    for (path, reason) in [("/", "private address"), ("/file", "only http and https"), ("/round", "redirects")] {
        let error = parts().http.send(&at(&server, path)).await.err().unwrap();
        assert!(!error.retryable && error.message.contains(reason), "{error}");
    }
    let strict = Http::new(HttpConfig::default(), clock()).unwrap();
    let port = server.rsplit(':').next().unwrap();
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        let error = strict.send(&at(&format!("http://{host}:{port}"), "/")).await.err().unwrap();
        assert!(!error.retryable && error.message.contains("allow_private"), "{host}: {error}");
    }
}

#[tokio::test]
async fn bodies_are_bounded_whether_they_say_their_length_or_not() {
    let endless = || async {
        let parts = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 10_000]));
        Response::new(Body::from_stream(parts)).into_response()
    };
    let server =
        serve(Router::new().route("/big", get(|| async { "x".repeat(5_000) })).route("/endless", get(endless))).await;
    for path in ["/big", "/endless"] {
        let error = parts().http.send(&at(&server, path).limit(4_000)).await.err().unwrap();
        assert!(!error.retryable && error.message.contains("4000 bytes"), "{error}");
    }
}

#[tokio::test]
async fn an_answer_that_trickles_is_given_up() {
    let trickle = || async {
        let bytes = futures::stream::unfold(0, |count| async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            Some((Ok::<_, std::io::Error>(vec![b'x'; 40]), count + 1))
        });
        Response::new(Body::from_stream(bytes)).into_response()
    };
    let server = serve(Router::new().route("/", get(trickle))).await;
    let config =
        HttpConfig { allow_private: vec!["127.0.0.1".into()], timeout_secs: 1, attempts: 1, ..HttpConfig::default() };
    let patient = |least| Http::new(HttpConfig { least_bytes_per_sec: least, ..config.clone() }, clock()).unwrap();
    // Its bounds are the bytes it may have, and the time that they may take.
    let whole = patient(4).send(&at(&server, "/").limit(300)).await.err().unwrap();
    assert!(whole.message.contains("300 bytes"), "{whole}");
    let error = patient(10_000).send(&at(&server, "/")).await.err().unwrap();
    assert!(error.retryable && error.message.contains("too slowly"), "{error}");
}

#[tokio::test]
async fn a_paced_client_keeps_its_pace() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let server = serve(
        Router::new().route("/", get(move || async move { counted.fetch_add(1, Ordering::Relaxed).to_string() })),
    )
    .await;
    let http = parts().http.paced(NonZeroU32::new(10).unwrap());
    let started = tokio::time::Instant::now();
    for _ in 0..4 {
        http.send(&at(&server, "/")).await.unwrap();
    }
    assert!(started.elapsed() >= Duration::from_millis(290), "{:?}", started.elapsed());
    assert_eq!(count.load(Ordering::Relaxed), 4);
}

#[test]
fn secrets_are_never_shown() {
    let request = at("http://user:pass@example.com", "/?token=abc").bearer(&Secret::from("very-secret"));
    assert!(!format!("{request:?}").contains("very-secret"));
    assert_eq!(response::shown(&request.url), "http://example.com/");
}
