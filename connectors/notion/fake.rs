//! A Notion workspace in memory, two of everything to a page.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Json, Router,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, StatusCode},
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::conformance::serve;

pub(super) const TOKEN: &str = "ntn_secret";
const PAGE: usize = 2;

type Answer = Result<Json<Value>, StatusCode>;
type Shared = State<Arc<Mutex<Workspace>>>;

#[derive(Clone)]
pub(super) struct Item {
    pub(super) title: String,
    pub(super) properties: Value,
    pub(super) blocks: Vec<Value>,
    pub(super) edited: Timestamp,
    pub(super) in_trash: bool,
    /// Whether it is a row of the data source rather than a page.
    pub(super) is_row: bool,
    /// Whether the search overlooks it.
    pub(super) is_overlooked: bool,
    /// Whether it is refused when it is asked for by itself.
    pub(super) is_closed: bool,
}

pub(super) struct Workspace {
    pub(super) items: BTreeMap<String, Item>,
    /// What is in blocks that have children, by id.
    pub(super) nested: BTreeMap<String, Vec<Value>>,
    pub(super) is_hidden: bool,
    pub(super) is_repeating: bool,
    /// Whether the data source is closed to the integration.
    pub(super) is_closed: bool,
    now: Timestamp,
}

#[derive(Clone)]
pub(super) struct Fake {
    pub(super) state: Arc<Mutex<Workspace>>,
    pub(super) address: String,
}

pub(super) fn rich(text: &str) -> Value {
    json!([{ "type": "text", "plain_text": text, "text": { "content": text } }])
}

pub(super) fn block(id: &str, kind: &str, content: Value, has_children: bool) -> Value {
    json!({ "object": "block", "id": id, "type": kind, "has_children": has_children, kind: content })
}

impl Fake {
    pub(super) async fn start() -> Self {
        let state = Arc::new(Mutex::new(Workspace {
            items: BTreeMap::new(),
            nested: BTreeMap::new(),
            is_hidden: false,
            is_repeating: false,
            is_closed: false,
            now: "2026-03-01T10:00:00Z".parse().unwrap(),
        }));
        let router = Router::new()
            .route("/v1/search", post(search))
            .route("/v1/data_sources/{id}/query", post(query))
            .route("/v1/pages/{id}", get(page))
            .route("/v1/blocks/{id}/children", get(children))
            .layer(middleware::from_fn(signed_in));
        Self { address: serve(router.with_state(Arc::clone(&state))).await, state }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Workspace> {
        self.state.lock().unwrap()
    }

    /// Creates a page or row, or replaces its text: three blocks, so that they come in two pages.
    pub(super) fn put(&self, id: &str, text: &str, is_row: bool) {
        let mut workspace = self.lock();
        // Time is told by the minute, so each change takes one.
        workspace.now += SignedDuration::from_mins(1);
        let edited = workspace.now;
        let said = |text: &str| block("b", "paragraph", json!({ "rich_text": rich(text) }), false);
        let item = Item {
            title: format!("Title {id}"),
            properties: json!({}),
            blocks: vec![],
            edited,
            in_trash: false,
            is_row,
            is_overlooked: false,
            is_closed: false,
        };
        let item = workspace.items.entry(id.into()).or_insert(item);
        (item.blocks, item.edited) = (vec![said("one"), said("two"), said(text)], edited);
    }
}

async fn signed_in(headers: HeaderMap, request: Request, next: Next) -> Result<Response, StatusCode> {
    if headers.get("authorization").is_none_or(|sent| sent != format!("Bearer {TOKEN}").as_str()) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    if !headers.contains_key("notion-version") {
        return Err(StatusCode::BAD_REQUEST);
    }
    Ok(next.run(request).await)
}

impl Workspace {
    fn page(&self, id: &str, item: &Item) -> Value {
        let mut properties = item.properties.clone();
        properties["Name"] = json!({ "id": "title", "type": "title", "title": rich(&item.title) });
        json!({
            "object": "page", "id": id, "last_edited_time": item.edited.strftime("%Y-%m-%dT%H:%M:00.000Z").to_string(),
            "archived": item.in_trash, "in_trash": item.in_trash, "properties": properties,
            "url": format!("https://www.notion.so/{id}"),
        })
    }

    fn listed(&self, all: Vec<Value>, start: Option<&str>) -> Json<Value> {
        let start: usize = start.map_or(0, |start| start.parse().unwrap());
        let total = all.len();
        let results: Vec<Value> = all.into_iter().skip(start).take(PAGE).collect();
        let next = start + results.len();
        let cursor = if self.is_repeating { Some("0".to_owned()) } else { (next < total).then(|| next.to_string()) };
        Json(json!({ "object": "list", "has_more": cursor.is_some(), "next_cursor": cursor, "results": results }))
    }
}

async fn search(State(workspace): Shared, Json(body): Json<Value>) -> Json<Value> {
    let workspace = workspace.lock().unwrap();
    let found = workspace.items.iter().filter(|(_, item)| !item.is_row && !item.is_overlooked && !workspace.is_hidden);
    let mut all: Vec<Value> = found.map(|(id, item)| workspace.page(id, item)).collect();
    if !workspace.is_hidden {
        all.push(json!({ "object": "data_source", "id": "ds", "title": rich("Rows"), "properties": {} }));
    }
    workspace.listed(all, body["start_cursor"].as_str())
}

async fn query(State(workspace): Shared, Path(id): Path<String>, Json(body): Json<Value>) -> Answer {
    let workspace = workspace.lock().unwrap();
    if id != "ds" || workspace.is_closed {
        return Err(StatusCode::NOT_FOUND);
    }
    let rows = workspace.items.iter().filter(|(_, item)| item.is_row && !item.in_trash);
    Ok(workspace.listed(rows.map(|(id, item)| workspace.page(id, item)).collect(), body["start_cursor"].as_str()))
}

async fn page(State(workspace): Shared, Path(id): Path<String>) -> Answer {
    let workspace = workspace.lock().unwrap();
    let item = workspace.items.get(&id).ok_or(StatusCode::NOT_FOUND)?;
    if item.is_closed {
        return Err(StatusCode::FORBIDDEN);
    }
    Ok(Json(workspace.page(&id, item)))
}

async fn children(
    State(workspace): Shared,
    Path(id): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Answer {
    let workspace = workspace.lock().unwrap();
    let blocks = workspace.items.get(&id).map(|item| &item.blocks).or(workspace.nested.get(&id));
    let blocks = blocks.ok_or(StatusCode::NOT_FOUND)?.clone();
    Ok(workspace.listed(blocks, query.get("start_cursor").map(String::as_str)))
}
