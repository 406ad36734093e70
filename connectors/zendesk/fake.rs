//! A help center in memory, two of everything to a page.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Json, Router,
    extract::{Path, RawQuery, Request, State},
    http::{HeaderMap, StatusCode},
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::conformance::serve;

pub(super) const SECRET: &str = "hush";
const PAGE: usize = 2;

type Answer = Result<Json<Value>, StatusCode>;
type Shared = State<Arc<Mutex<Center>>>;

pub(super) struct Center {
    pub(super) articles: BTreeMap<u64, Value>,
    pub(super) segments: BTreeMap<u64, Value>,
    /// Users' names by `users` (the staff), `groups/1/users` and so on. Each has the address `NAME@example.com`.
    pub(super) users: BTreeMap<String, BTreeSet<String>>,
    pub(super) is_hidden: bool,
    pub(super) is_repeating: bool,
    now: Timestamp,
}

#[derive(Clone)]
pub(super) struct Fake {
    pub(super) state: Arc<Mutex<Center>>,
    pub(super) address: String,
}

impl Fake {
    pub(super) async fn start() -> Self {
        let state = Arc::new(Mutex::new(Center {
            articles: BTreeMap::new(),
            segments: BTreeMap::new(),
            users: BTreeMap::new(),
            is_hidden: false,
            is_repeating: false,
            now: "2026-03-01T10:00:00Z".parse().unwrap(),
        }));
        let api = Router::new()
            .route("/api/v2/help_center/articles", get(articles))
            .route("/api/v2/help_center/user_segments/{id}", get(segment))
            .route("/api/v2/users", get(staff))
            .route("/api/v2/users/{id}", get(user))
            .route("/api/v2/{kind}/{id}/users", get(users))
            .layer(middleware::from_fn(signed_in));
        let router = api.route("/oauth/tokens", post(token));
        Self { address: serve(router.with_state(Arc::clone(&state))).await, state }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Center> {
        self.state.lock().unwrap()
    }

    /// Creates a published article, or replaces its text.
    pub(super) fn put(&self, id: u64, text: &str) {
        let mut center = self.lock();
        let fresh = json!({ "id": id, "title": format!("Title {id}"), "draft": false, "user_segment_id": null, "html_url": format!("https://x.zendesk.com/hc/en-us/articles/{id}") });
        let article = center.articles.entry(id).or_insert(fresh);
        article["body"] = format!("<p>{text}</p>").into();
        center.touch(id);
    }

    pub(super) fn set_users(&self, path: &str, names: &[&str]) {
        self.lock().users.insert(path.into(), names.iter().map(ToString::to_string).collect());
    }
}

impl Center {
    /// Marks a change. Time is told by the second, so each takes one.
    pub(super) fn touch(&mut self, id: u64) {
        self.now += SignedDuration::from_secs(1);
        self.articles.get_mut(&id).unwrap()["updated_at"] = self.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into();
    }

    fn paged(&self, name: &str, all: Vec<Value>, path: &str, query: &str, headers: &HeaderMap) -> Json<Value> {
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let after = pairs.iter().find(|(name, _)| name == "page[after]").map_or(0, |(_, after)| after.parse().unwrap());
        let total = all.len();
        let things: Vec<Value> = all.into_iter().skip(after).take(PAGE).collect();
        let next = if self.is_repeating { 0 } else { after + things.len() };
        let mut link = url::form_urlencoded::Serializer::new(String::new());
        link.extend_pairs(pairs.iter().filter(|(name, _)| name != "page[after]"));
        let link = link.append_pair("page[after]", &next.to_string()).finish();
        let host = headers["host"].to_str().unwrap();
        Json(json!({
            name: things,
            "meta": { "has_more": self.is_repeating || next < total, "after_cursor": next.to_string() },
            // Links are whole addresses, also on the last page.
            "links": { "next": format!("http://{host}{path}?{link}") },
        }))
    }
}

fn person(name: &str) -> Value {
    json!({ "id": 1, "name": name, "email": format!("{name}@example.com"), "suspended": name == "gus" })
}

async fn signed_in(headers: HeaderMap, request: Request, next: Next) -> Result<Response, StatusCode> {
    let basic = format!("Basic {}", STANDARD.encode(format!("bot@example.com/token:{SECRET}")));
    let sent = headers.get("authorization").ok_or(StatusCode::UNAUTHORIZED)?;
    if sent == basic.as_str() || sent == "Bearer issued" {
        Ok(next.run(request).await)
    } else {
        Err(StatusCode::UNAUTHORIZED)
    }
}

async fn token(axum::Form(fields): axum::Form<BTreeMap<String, String>>) -> Answer {
    let is_known = fields["grant_type"] == "client_credentials"
        && fields["client_id"] == "client"
        && fields["client_secret"] == SECRET
        && fields["scope"] == "read";
    if is_known {
        Ok(Json(json!({ "access_token": "issued", "token_type": "bearer" })))
    } else {
        Err(StatusCode::UNAUTHORIZED)
    }
}

async fn articles(State(center): Shared, headers: HeaderMap, RawQuery(query): RawQuery) -> Json<Value> {
    let center = center.lock().unwrap();
    let all = if center.is_hidden { vec![] } else { center.articles.values().cloned().collect() };
    center.paged("articles", all, "/api/v2/help_center/articles", &query.unwrap(), &headers)
}

async fn segment(State(center): Shared, Path(id): Path<u64>) -> Answer {
    let center = center.lock().unwrap();
    Ok(Json(json!({ "user_segment": center.segments.get(&id).ok_or(StatusCode::NOT_FOUND)? })))
}

async fn staff(State(center): Shared, headers: HeaderMap, RawQuery(query): RawQuery) -> Answer {
    let query = query.unwrap();
    if !query.contains("role%5B%5D=agent") || !query.contains("role%5B%5D=admin") {
        return Err(StatusCode::BAD_REQUEST);
    }
    let center = center.lock().unwrap();
    let all = center.users.get("users").into_iter().flatten().map(|name| person(name)).collect();
    Ok(center.paged("users", all, "/api/v2/users", &query, &headers))
}

async fn users(
    State(center): Shared,
    Path((kind, id)): Path<(String, u64)>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Answer {
    let center = center.lock().unwrap();
    let path = format!("{kind}/{id}/users");
    let all = center.users.get(&path).ok_or(StatusCode::NOT_FOUND)?.iter().map(|name| person(name)).collect();
    Ok(center.paged("users", all, &format!("/api/v2/{path}"), &query.unwrap(), &headers))
}

async fn user(Path(id): Path<u64>) -> Json<Value> {
    Json(json!({ "user": person(&format!("user{id}")) }))
}
