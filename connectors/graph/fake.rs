//! The login and the paging of Microsoft Graph in miniature; each connector's fake adds what it reads.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
};

use axum::{
    Form, Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

use crate::conformance::serve;

const PAGE: usize = 2;

/// What a request asks.
pub(crate) struct Asked<'a> {
    /// Decoded, below `v1.0/`.
    pub(crate) path: Vec<&'a str>,
    pub(crate) query: &'a HashMap<String, String>,
    pub(crate) headers: &'a HeaderMap,
    /// `http://127.0.0.1:1234`, as the client sees it.
    pub(crate) origin: String,
    pub(crate) is_circling: bool,
}

/// The part that one connector reads.
pub(crate) trait Service: Send + 'static {
    fn answer(&mut self, asked: &Asked<'_>) -> Response;
}

pub(crate) struct Tenant<S> {
    pub(crate) service: S,
    pub(crate) groups: HashMap<String, Vec<Value>>,
    /// Paths, or groups' ids, that are closed to the app.
    pub(crate) closed: HashSet<String>,
    /// Paths of which only the first page is to be had.
    pub(crate) broken: HashSet<String>,
    pub(crate) is_circling: bool,
    pub(crate) requests: Vec<String>,
    tokens: usize,
}

pub(crate) type Shared<S> = Arc<Mutex<Tenant<S>>>;

pub(crate) async fn start<S: Service>(service: S) -> (String, Shared<S>) {
    let (groups, closed, broken) = (HashMap::new(), HashSet::new(), HashSet::new());
    let tenant = Tenant { service, groups, closed, broken, is_circling: false, requests: Vec::new(), tokens: 0 };
    let shared = Arc::new(Mutex::new(tenant));
    let router = Router::new()
        .route("/contoso.example/oauth2/v2.0/token", post(token))
        .route("/v1.0/{*path}", get(answer))
        .with_state(Arc::clone(&shared));
    (serve(router).await, shared)
}

/// Settings with which a connector reads the tenant at `address`.
pub(crate) fn settings(address: &str, more: Value) -> Value {
    let mut settings = json!({"tenant": "contoso.example", "client_id": "app", "client_secret": "hush",
        "graph_url": format!("{address}/v1.0"), "login_url": address});
    for (name, value) in more.as_object().unwrap() {
        settings[name] = value.clone();
    }
    settings
}

pub(crate) fn person(email: &str) -> Value {
    json!({"@odata.type": "#microsoft.graph.user", "id": email, "mail": email, "userPrincipalName": email, "accountEnabled": true})
}

async fn token<S: Service>(State(tenant): State<Shared<S>>, Form(fields): Form<HashMap<String, String>>) -> Response {
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    assert_eq!((field("grant_type"), field("client_id")), ("client_credentials", "app"));
    assert!(field("scope").ends_with("/.default"));
    if field("client_secret") != "hush" {
        return (StatusCode::UNAUTHORIZED, Json(json!({"error": "invalid_client"}))).into_response();
    }
    let mut tenant = tenant.lock().unwrap();
    tenant.tokens += 1;
    Json(json!({"access_token": format!("eyJ.{}", tenant.tokens), "expires_in": 3599, "token_type": "Bearer"}))
        .into_response()
}

async fn answer<S: Service>(
    State(tenant): State<Shared<S>>,
    Path(path): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let mut tenant = tenant.lock().unwrap();
    tenant.requests.push(path.clone());
    let is_known = |token: &str| token.strip_prefix("eyJ.").and_then(|number| number.parse::<usize>().ok());
    let bearer = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if bearer.and_then(is_known).is_none_or(|number| number > tenant.tokens) {
        return refused(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken");
    }
    let origin = format!("http://{}", headers["host"].to_str().unwrap());
    let asked = Asked {
        path: path.split('/').collect(),
        query: &query,
        headers: &headers,
        origin,
        is_circling: tenant.is_circling,
    };
    if tenant.closed.contains(&path) {
        return refused(StatusCode::FORBIDDEN, "Authorization_RequestDenied");
    }
    if tenant.broken.contains(&path) && query.contains_key("$skiptoken") {
        return refused(StatusCode::NOT_FOUND, "NotFound");
    }
    if let ["groups", group, "transitiveMembers"] = asked.path[..] {
        return match tenant.groups.get(group) {
            _ if tenant.closed.contains(group) => refused(StatusCode::FORBIDDEN, "Authorization_RequestDenied"),
            Some(members) => asked.page(members.clone()),
            None => refused(StatusCode::NOT_FOUND, "Request_ResourceNotFound"),
        };
    }
    tenant.service.answer(&asked)
}

pub(crate) fn refused(status: StatusCode, code: &str) -> Response {
    (status, Json(json!({"error": {"code": code, "message": code}}))).into_response()
}

impl Asked<'_> {
    /// The page of `items` that is asked for.
    pub(crate) fn page(&self, items: Vec<Value>) -> Response {
        let start = self.query.get("$skiptoken").map_or(0, |at| at.parse().unwrap());
        let end = items.len().min(start + PAGE);
        let mut answer = json!({"value": items.get(start..end).unwrap_or_default()});
        if self.is_circling || end < items.len() {
            answer["@odata.nextLink"] = json!(self.link("$skiptoken", if self.is_circling { 0 } else { end }));
        }
        Json(answer).into_response()
    }

    /// A page of what was noted in a log from the place that is asked for, and where to ask on.
    pub(crate) fn delta(&self, log: &[(usize, Value)], end: usize) -> Response {
        let from: usize = self.query.get("token").map_or(0, |at| at.parse().unwrap());
        let mut left = log.iter().filter(|(place, _)| *place >= from);
        let items: Vec<_> = left.by_ref().take(PAGE).map(|(_, item)| item.clone()).collect();
        let mut answer = json!({"value": items});
        match left.next() {
            _ if self.is_circling => answer["@odata.nextLink"] = json!(self.link("token", from)),
            Some((place, _)) => answer["@odata.nextLink"] = json!(self.link("token", *place)),
            None => answer["@odata.deltaLink"] = json!(self.link("token", end)),
        }
        Json(answer).into_response()
    }

    fn link(&self, name: &str, place: usize) -> String {
        let path: Vec<_> = self.path.iter().map(|part| super::segment(part)).collect();
        format!("{}/v1.0/{}?{name}={place}", self.origin, path.join("/"))
    }
}
