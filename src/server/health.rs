//! Whether the process lives and whether its engines answer.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use actix_web::{HttpResponse, http::StatusCode};
use domain::{AccessClassId, KeywordQuery, VectorQuery};
use serde::Serialize;
use tokio::sync::Mutex;

use crate::{context::Shared, problem};

/// How long a part may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a report is repeated: probes must not become load.
const FRESH: Duration = Duration::from_secs(5);
/// No document's class. A search for no class at all is answered without asking the engine.
const NOBODYS: AccessClassId = AccessClassId(0);
const OK: &str = "ok";
const FAILED: &str = "failed";
/// What is said of the generator: asking it would cost a generation per probe, on a server that others share.
const NOT_ASKED: &str = "not asked";

/// The last report and when it was made.
#[derive(Default)]
pub(crate) struct Readiness(Mutex<Option<(Instant, Report)>>);

#[derive(Clone, Serialize)]
struct Report {
    ready: bool,
    /// `ok`, `failed` (the log says why) or `not asked`.
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
    let engines = desk.ctx.answer.now();
    let keyword = async {
        let query = KeywordQuery { text: "ready".into(), access: vec![NOBODYS], limit: 1 };
        engines.keyword.search(query).await.map(|_| ())
    };
    let vector = async {
        let mut vector = vec![0.0; engines.embedder.profile().dims];
        vector.iter_mut().take(1).for_each(|first| *first = 1.0);
        engines.vector.search(VectorQuery { vector, access: vec![NOBODYS], limit: 1 }).await.map(|_| ())
    };
    let embedder = async { engines.embedder.embed_query("ready").await.map(|_| ()) };
    let (store, keyword, vector, embedder) = futures::join!(
        within("store", desk.ctx.store.ping()),
        within("keyword", keyword),
        within("vector", vector),
        within("embedder", embedder),
    );
    let checks = BTreeMap::from([store, keyword, vector, embedder, ("generator", NOT_ASKED)]);
    Report { ready: checks.values().all(|state| *state != FAILED), checks }
}

async fn within<E: std::fmt::Display>(
    name: &'static str,
    part: impl Future<Output = Result<(), E>>,
) -> (&'static str, &'static str) {
    match tokio::time::timeout(PATIENCE, part).await {
        Ok(Ok(())) => (name, OK),
        Ok(Err(error)) => {
            tracing::warn!(part = name, %error, "not ready");
            (name, FAILED)
        }
        Err(_) => {
            tracing::warn!(part = name, "not ready: no answer");
            (name, FAILED)
        }
    }
}
