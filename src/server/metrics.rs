//! What is counted, and `/metrics` in Prometheus' text format.

use std::{
    collections::BTreeMap,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actix_web::HttpResponse;
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};

use crate::{context::Shared, problem::Problem};

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
static REQUESTS: AtomicU64 = AtomicU64::new(0);

/// Samples wait for a scrape; every so many requests they are folded in case nobody scrapes.
const FOLD_EVERY: u64 = 1024;
const SECONDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0];

/// Starts counting; once per process, however many servers it runs.
pub(crate) fn install() {
    RECORDER.get_or_init(|| match recorder() {
        Ok(handle) => Some(handle),
        Err(error) => {
            tracing::warn!(%error, "metrics are off");
            None
        }
    });
}

pub(crate) fn request(method: &'static str, route: String, status: u16, took: Duration) {
    let labels = [("method", method.to_owned()), ("route", route)];
    metrics::histogram!("footnote_http_request_seconds", &labels).record(took.as_secs_f64());
    let [method, route] = labels;
    metrics::counter!("footnote_http_requests_total", &[method, route, ("status", status.to_string())]).increment(1);
    if REQUESTS.fetch_add(1, Ordering::Relaxed) % FOLD_EVERY == FOLD_EVERY - 1
        && let Some(Some(recorder)) = RECORDER.get()
    {
        recorder.run_upkeep();
    }
}

/// How an answer ended.
#[derive(Clone, Copy)]
pub(crate) enum Outcome {
    Answered,
    Abstained,
    Failed,
    /// The client left.
    Cancelled,
}

pub(crate) fn answer(outcome: Outcome) {
    let outcome = match outcome {
        Outcome::Answered => "answered",
        Outcome::Abstained => "abstained",
        Outcome::Failed => "failed",
        Outcome::Cancelled => "cancelled",
    };
    metrics::counter!("footnote_answers_total", "outcome" => outcome).increment(1);
}

pub(crate) fn stages(timings_ms: &BTreeMap<String, f64>) {
    for (stage, millis) in timings_ms {
        metrics::histogram!("footnote_answer_stage_seconds", "stage" => stage.clone()).record(millis / 1_000.0);
    }
}

pub(crate) fn login(outcome: &'static str) {
    metrics::counter!("footnote_logins_total", "outcome" => outcome).increment(1);
}

pub(crate) fn pushed(status: &'static str) {
    metrics::counter!("footnote_pushed_documents_total", "status" => status).increment(1);
}

/// `GET /metrics`
pub(crate) async fn serve(desk: Shared) -> Result<HttpResponse, Problem> {
    let Some(Some(recorder)) = RECORDER.get() else { return Err(crate::problem::no_such_page()) };
    let counts = desk.ctx.store.counts().await?;
    for (name, value) in [
        ("footnote_documents", counts.live),
        ("footnote_chunks", counts.chunks),
        ("footnote_failures", counts.failures),
        ("footnote_pending_jobs", counts.pending_jobs),
    ] {
        metrics::gauge!(name).set(value as f64);
    }
    recorder.run_upkeep();
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(recorder.render()))
}

fn recorder() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new().set_buckets(SECONDS)?.install_recorder()?;
    metrics::describe_counter!("footnote_http_requests_total", "Requests by method, route and status");
    metrics::describe_histogram!(
        "footnote_http_request_seconds",
        metrics::Unit::Seconds,
        "Time until the response began"
    );
    metrics::describe_counter!("footnote_answers_total", "Answers by outcome");
    metrics::describe_histogram!(
        "footnote_answer_stage_seconds",
        metrics::Unit::Seconds,
        "Time of each stage of an answer"
    );
    metrics::describe_counter!("footnote_logins_total", "Attempts to log in by outcome");
    metrics::describe_counter!(
        "footnote_pushed_documents_total",
        "Documents sent to push sources, by what became of them"
    );
    metrics::describe_gauge!("footnote_documents", "Live documents");
    metrics::describe_gauge!("footnote_chunks", "Chunks of live documents");
    metrics::describe_gauge!("footnote_failures", "Files that could not be ingested");
    metrics::describe_gauge!("footnote_pending_jobs", "Documents the indexes must still follow");
    Ok(handle)
}
