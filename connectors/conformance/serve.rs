//! Parts and servers that connectors' tests start from.

use axum::Router;
use domain::{Clock, Principal};
use tokio::net::TcpListener;

use crate::{Http, HttpConfig, Parts};

#[expect(clippy::disallowed_methods, reason = "tests run in real time")]
pub(crate) fn clock() -> Clock {
    Clock { now: jiff::Timestamp::now, ulid: ulid::Ulid::new }
}

/// Parts that may reach this machine and wait little.
pub(crate) fn parts() -> Parts {
    let config = HttpConfig {
        allow_private: vec!["127.0.0.0/8".into(), "localhost".into()],
        backoff_ms: 5,
        attempts: 3,
        max_wait_secs: 5,
        timeout_secs: 10,
        ..HttpConfig::default()
    };
    Parts {
        http: Http::new(config, clock()).unwrap(),
        readers: Some(vec![Principal::everyone()]),
        clock: clock(),
        at_once: None,
        work_dir: std::env::temp_dir().join(format!("footnote-test-{}", ulid::Ulid::new())),
    }
}

/// Serves until the runtime ends; returns `http://127.0.0.1:PORT`.
pub(crate) async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}
