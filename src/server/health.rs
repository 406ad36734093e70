//! Whether the process lives and whether its engines answer.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use actix_web::{HttpResponse, http::StatusCode};
use domain::{EngineError, KeywordQuery, VectorQuery};
use serde::Serialize;
use tokio::sync::Mutex;

use crate::{context::Shared, problem};

/// How long a part may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a report is repeated: probes must not become load.
const FRESH: Duration = Duration::from_secs(5);

/// The last report and when it was made.
#[derive(Default)]
pub(crate) struct Readiness(Mutex<Option<(Instant, Report)>>);

#[derive(Clone, Serialize)]
struct Report {
    ready: bool,
    /// `ok` or `failed`; the log says why.
    checks: BTreeMap<&'static str, &'static str>,
}

/// `GET /livez`
pub(crate) async fn livez() -> &'static str {
    "ok"
}

/// `GET /readyz`
pub(crate) async fn readyz(desk: Shared) -> HttpResponse {
    let mut last = desk.readiness.0.lock().await;
    let report = match &*last {
        Some((at, report)) if at.elapsed() < FRESH => report.clone(),
        _ => {
            let report = check(&desk).await;
            *last = Some((Instant::now(), report.clone()));
            report
        }
    };
    let status = if report.ready { StatusCode::OK } else { problem::UNREADY };
    HttpResponse::build(status).insert_header(("cache-control", "no-store")).json(report)
}

async fn check(desk: &Shared) -> Report {
    let engines = &desk.ctx.answer;
    let generator = async {
        match engines.generator.profile().context_tokens {
            0 => Err(EngineError::give_up("the generator has no room for a prompt")),
            _ => Ok(()),
        }
    };
    let keyword = async {
        let query = KeywordQuery { text: "ready".into(), access: Vec::new(), limit: 1 };
        engines.keyword.search(query).await.map(|_| ())
    };
    let vector = async {
        let mut vector = vec![0.0; engines.embedder.profile().dims];
        vector.iter_mut().take(1).for_each(|first| *first = 1.0);
        engines.vector.search(VectorQuery { vector, access: Vec::new(), limit: 1 }).await.map(|_| ())
    };
    let embedder = async { engines.embedder.embed_query("ready").await.map(|_| ()) };
    let (store, keyword, vector, embedder, generator) = futures::join!(
        within("store", desk.ctx.store.ping()),
        within("keyword", keyword),
        within("vector", vector),
        within("embedder", embedder),
        within("generator", generator),
    );
    let checks = BTreeMap::from([store, keyword, vector, embedder, generator]);
    Report { ready: checks.values().all(|state| *state == "ok"), checks }
}

async fn within<E: std::fmt::Display>(
    name: &'static str,
    part: impl Future<Output = Result<(), E>>,
) -> (&'static str, &'static str) {
    match tokio::time::timeout(PATIENCE, part).await {
        Ok(Ok(())) => (name, "ok"),
        Ok(Err(error)) => {
            tracing::warn!(part = name, %error, "not ready");
            (name, "failed")
        }
        Err(_) => {
            tracing::warn!(part = name, "not ready: no answer");
            (name, "failed")
        }
    }
}
