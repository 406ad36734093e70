//! A reverse proxy that answers one request of a sync with a fault.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    response::Response,
};
use futures::stream;

use super::{clock, serve};

/// What can go wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Unauthorized,
    Forbidden,
    /// 429 with `Retry-After: 1`.
    BusySeconds,
    /// 429 with a date a second from now.
    BusyDate,
    ServerError,
    /// The connection ends before the answer begins.
    Reset,
    /// The connection ends in the middle of the body.
    HalfBody,
    /// `Content-Length` is too small: the body is cut short without any error.
    WrongLength,
    /// Every request from this one on fails.
    Down,
}

impl Fault {
    pub(crate) const ALL: [Self; 9] = [
        Self::Unauthorized,
        Self::Forbidden,
        Self::BusySeconds,
        Self::BusyDate,
        Self::ServerError,
        Self::Reset,
        Self::HalfBody,
        Self::WrongLength,
        Self::Down,
    ];

    /// Whether a client that waits as asked waits for a second.
    pub(crate) fn takes_time(self) -> bool {
        matches!(self, Self::BusySeconds | Self::BusyDate)
    }

    /// Whether the same request may succeed later.
    pub(crate) fn is_passing(self) -> bool {
        !matches!(self, Self::Unauthorized | Self::Forbidden | Self::WrongLength)
    }
}

/// Forwards everything to one address, except what was planned to go wrong.
pub(crate) struct Proxy {
    pub(crate) address: String,
    state: Arc<Upstream>,
}

struct Upstream {
    address: String,
    client: reqwest::Client,
    plan: Mutex<Plan>,
}

#[derive(Default)]
struct Plan {
    requests: usize,
    fault: Option<(usize, Fault)>,
}

impl Proxy {
    #[expect(clippy::disallowed_methods, reason = "a test's own client")]
    pub(crate) async fn start(upstream: &str) -> Self {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        let state = Arc::new(Upstream { address: upstream.to_owned(), client, plan: Mutex::default() });
        let address = serve(Router::new().fallback(forward).with_state(Arc::clone(&state))).await;
        Self { address, state }
    }

    /// Requests since the start or the last plan.
    pub(crate) fn requests(&self) -> usize {
        self.state.plan.lock().unwrap().requests
    }

    /// The request of that number, counted from now and zero, goes wrong.
    pub(crate) fn plan(&self, request: usize, fault: Fault) {
        *self.state.plan.lock().unwrap() = Plan { requests: 0, fault: Some((request, fault)) };
    }

    pub(crate) fn heal(&self) {
        *self.state.plan.lock().unwrap() = Plan::default();
    }
}

async fn forward(State(state): State<Arc<Upstream>>, request: Request) -> Response {
    let fault = {
        let mut plan = state.plan.lock().unwrap();
        let number = plan.requests;
        plan.requests += 1;
        plan.fault
            .filter(|(at, fault)| *at == number || (*fault == Fault::Down && number > *at))
            .map(|(_, fault)| fault)
    };
    let short = |status: u16| Response::builder().status(status);
    match fault {
        Some(Fault::Unauthorized) => short(401).body(Body::empty()).unwrap(),
        Some(Fault::Forbidden) => short(403).body(Body::empty()).unwrap(),
        Some(Fault::BusySeconds) => short(429).header("retry-after", "1").body(Body::empty()).unwrap(),
        Some(Fault::BusyDate) => {
            let soon = (clock().now)() + jiff::SignedDuration::from_secs(1);
            let date = soon.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            short(429).header("retry-after", date).body(Body::empty()).unwrap()
        }
        Some(Fault::ServerError | Fault::Down) => short(500).body(Body::empty()).unwrap(),
        Some(Fault::Reset) => short(200).header("content-length", "1000").body(broken(Bytes::new())).unwrap(),
        Some(Fault::HalfBody) => {
            let (parts, body) = answer(&state, request).await.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap();
            Response::from_parts(parts, broken(body.slice(..body.len() / 2)))
        }
        Some(Fault::WrongLength) => {
            let (mut parts, body) = answer(&state, request).await.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap();
            let half = body.slice(..body.len() / 2);
            parts.headers.insert("content-length", half.len().into());
            Response::from_parts(parts, Body::from(half))
        }
        None => answer(&state, request).await,
    }
}

/// A body that breaks off after `start`.
fn broken(start: Bytes) -> Body {
    Body::from_stream(stream::iter([Ok(start), Err(std::io::Error::other("broken off"))]))
}

async fn answer(state: &Upstream, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let mut headers = parts.headers;
    headers.remove("content-length");
    headers.remove("transfer-encoding");
    let sent = state.client.request(parts.method, format!("{}{path}", state.address)).headers(headers).body(body);
    let Ok(answer) = sent.send().await else {
        return Response::builder().status(502).body(Body::empty()).unwrap();
    };
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        if name != "transfer-encoding" && name != "connection" {
            response = response.header(name, value);
        }
    }
    response.body(Body::from(answer.bytes().await.unwrap_or_default())).unwrap()
}
