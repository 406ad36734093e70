//! An account in memory, two of everything to a page.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    routing::get,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::conformance::serve;

pub(super) const TOKEN: &str = "pat-secret";
const PAGE: usize = 2;

type Parameters = Query<BTreeMap<String, String>>;
type Shared = State<Arc<Mutex<Account>>>;

pub(super) struct Account {
    /// Things by the path they are listed at, by id.
    pub(super) things: BTreeMap<String, BTreeMap<String, Value>>,
    pub(super) is_hidden: bool,
    pub(super) is_repeating: bool,
    /// Goes when a second page of its listing is asked for: its path and id.
    pub(super) vanishing: Option<(&'static str, &'static str)>,
    now: Timestamp,
}

#[derive(Clone)]
pub(super) struct Fake {
    pub(super) state: Arc<Mutex<Account>>,
    pub(super) address: String,
}

impl Fake {
    pub(super) async fn start() -> Self {
        let state = Arc::new(Mutex::new(Account {
            things: BTreeMap::new(),
            is_hidden: false,
            is_repeating: false,
            vanishing: None,
            now: "2026-03-01T10:00:00Z".parse().unwrap(),
        }));
        let router = Router::new().route("/{*path}", get(list));
        Self { address: serve(router.with_state(Arc::clone(&state))).await, state }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Account> {
        self.state.lock().unwrap()
    }

    /// Creates or changes a thing, a millisecond after the last.
    pub(super) fn put(&self, path: &str, id: &str, fields: Value) {
        let mut account = self.lock();
        account.now += SignedDuration::from_millis(1);
        let now = account.now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        let thing = account.things.entry(path.into()).or_default().entry(id.into()).or_insert(json!({ "id": id }));
        let thing = thing.as_object_mut().unwrap();
        thing.extend(fields.as_object().unwrap().clone());
        thing.insert(if path.starts_with("crm") { "updatedAt" } else { "updated" }.into(), now.into());
    }
}

async fn list(
    State(account): Shared,
    headers: HeaderMap,
    Path(path): Path<String>,
    Query(query): Parameters,
) -> Result<Json<Value>, StatusCode> {
    if headers.get("authorization").is_none_or(|sent| sent != format!("Bearer {TOKEN}").as_str()) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let mut account = account.lock().unwrap();
    if let Some((path, id)) = account.vanishing.take_if(|(of, _)| *of == path && query.contains_key("after")) {
        account.things.get_mut(path).unwrap().remove(id);
    }
    if let Some((path, id)) = path.rsplit_once('/').filter(|(path, _)| account.things.contains_key(*path)) {
        return account.things[path].get(id).cloned().map(Json).ok_or(StatusCode::NOT_FOUND);
    }
    let all: Vec<Value> = account.things.get(&path).into_iter().flatten().map(|(_, thing)| thing.clone()).collect();
    let all = if account.is_hidden { vec![] } else { all };
    let start: usize = query.get("after").map_or(0, |after| after.parse().unwrap());
    let total = all.len();
    let results: Vec<Value> = all.into_iter().skip(start).take(PAGE).collect();
    let next = if account.is_repeating { 0 } else { start + results.len() };
    let mut page = json!({ "total": total, "results": results });
    if account.is_repeating || next < total {
        page["paging"] = json!({ "next": { "after": next.to_string(), "link": "https://elsewhere.example/" } });
    }
    Ok(Json(page))
}
