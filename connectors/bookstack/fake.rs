//! A BookStack in memory: listings with count, sort and filter, single pages, tokens.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};

use crate::conformance::serve;

/// Most items in one answer of a listing.
const MOST: usize = 2;

#[derive(Clone, Default)]
pub(super) struct Stack(pub(super) Arc<Mutex<Store>>);

#[derive(Default)]
pub(super) struct Store {
    /// Items by kind and id, as the API shows them.
    pub(super) items: BTreeMap<(&'static str, u64), Value>,
    pub(super) count: u64,
    pub(super) is_hidden: bool,
    pub(super) is_repeating: bool,
    /// Pages read one by one since the start.
    pub(super) reads: usize,
}

impl Stack {
    pub(super) async fn serve(&self) -> String {
        let router = Router::new().route("/api/{kind}", get(list)).route("/api/pages/{id}", get(read));
        serve(router.with_state(self.clone())).await
    }

    /// Creates a book, a chapter or a page, or changes it.
    pub(super) fn put(&self, kind: &'static str, name: &str, more: Value) {
        let state = &mut *self.0.lock().unwrap();
        state.count += 1;
        let count = state.count;
        let known = state.items.iter().find(|((of, _), item)| *of == kind && item["name"] == name);
        let id = known.map_or(count, |((_, id), _)| *id);
        let updated = format!("2026-01-01T{:02}:{:02}:{:02}.000000Z", count / 3_600, count / 60 % 60, count % 60);
        let mut item = json!({
            "id": id, "name": name, "slug": name.to_lowercase().replace(' ', "-"), "created_at": "2026-01-01T00:00:00.000000Z",
            "updated_at": updated, "created_by": 1, "updated_by": 1, "owned_by": 1,
        });
        if kind == "pages" {
            let page = json!({ "book_id": 1, "chapter_id": 0, "draft": false, "template": false, "priority": 0 });
            item.as_object_mut().unwrap().extend(page.as_object().unwrap().clone());
        }
        item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        state.items.insert((kind, id), item);
    }

    pub(super) fn change(&self, name: &str, field: &str, value: Value) {
        let state = &mut *self.0.lock().unwrap();
        state.items.values_mut().find(|item| item["name"] == name).unwrap()[field] = value;
    }

    pub(super) fn delete(&self, name: &str) {
        self.0.lock().unwrap().items.retain(|_, item| item["name"] != name);
    }
}

fn is_known(headers: &HeaderMap) -> bool {
    headers.get("authorization").is_some_and(|token| token == "Token token-id:token-secret")
}

fn refusal(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "error": { "code": status.as_u16(), "message": message } }))).into_response()
}

async fn list(
    State(stack): State<Stack>,
    headers: HeaderMap,
    Path(kind): Path<String>,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    if !is_known(&headers) {
        return refusal(StatusCode::UNAUTHORIZED, "No authorization token found on the request");
    }
    assert_eq!((asked["sort"].as_str(), asked.contains_key("offset")), ("+id", false));
    let state = stack.0.lock().unwrap();
    let count: usize = asked["count"].parse().unwrap();
    let after: u64 = if state.is_repeating { 0 } else { asked["filter[id:gt]"].parse().unwrap() };
    let is_shown = |of: &str, id: u64| of == kind && id > after && !(state.is_hidden && kind == "pages");
    let all: Vec<Value> =
        state.items.iter().filter(|((of, id), _)| is_shown(of, *id)).map(|(_, item)| item.clone()).collect();
    let mut shown: Vec<Value> = all.iter().take(count.min(MOST)).cloned().collect();
    for item in &mut shown {
        // Listings have no content.
        item.as_object_mut().unwrap().remove("html");
    }
    Json(json!({ "data": shown, "total": all.len() })).into_response()
}

async fn read(State(stack): State<Stack>, headers: HeaderMap, Path(id): Path<u64>) -> Response {
    if !is_known(&headers) {
        return refusal(StatusCode::UNAUTHORIZED, "No authorization token found on the request");
    }
    let state = &mut *stack.0.lock().unwrap();
    state.reads += 1;
    match state.items.get(&("pages", id)) {
        Some(page) => Json(page).into_response(),
        None => refusal(StatusCode::NOT_FOUND, "Page not found"),
    }
}
