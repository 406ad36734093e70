//! An instance in memory: its tables, who may not see which rows, and both ways to sign in.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Form, Json, Router,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::conformance::serve;

pub(super) const SECRET: &str = "hush";

type Row = BTreeMap<String, String>;
type Shared = State<Arc<Mutex<Instance>>>;

#[derive(Default)]
pub(super) struct Instance {
    /// Rows by table; each has a `sys_id`.
    pub(super) tables: BTreeMap<String, Vec<Row>>,
    /// Rows that are counted but not shown.
    pub(super) unseen: BTreeSet<String>,
    /// Tables that are closed.
    pub(super) closed: BTreeSet<String>,
    pub(super) is_hidden: bool,
    /// Tokens that have been issued; the last one holds.
    pub(super) tokens: usize,
}

#[derive(Clone)]
pub(super) struct Fake {
    pub(super) state: Arc<Mutex<Instance>>,
    pub(super) address: String,
}

pub(super) fn row(fields: &[(&str, &str)]) -> Row {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

impl Fake {
    pub(super) async fn start() -> Self {
        let state = Arc::new(Mutex::new(Instance::default()));
        let tables = Router::new()
            .route("/api/now/table/{table}", get(list))
            .route("/api/now/table/{table}/{id}", get(one))
            .layer(middleware::from_fn_with_state(Arc::clone(&state), signed_in));
        let router = tables.route("/oauth_token.do", post(token));
        let fake = Self { address: serve(router.with_state(Arc::clone(&state))).await, state };
        fake.blocks("false");
        for name in ["ann", "bob", "eve", "gus"] {
            let active = if name == "gus" { "false" } else { "true" };
            let email = format!("{name}@example.com");
            fake.add("sys_user", &[("sys_id", name), ("email", &email), ("active", active), ("department", "it")]);
        }
        fake
    }

    /// Says whether bases without criteria are for nobody.
    pub(super) fn blocks(&self, value: &str) {
        let name = "glide.knowman.block_access_with_no_user_criteria";
        self.add("sys_properties", &[("sys_id", "p"), ("name", name), ("value", value)]);
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Instance> {
        self.state.lock().unwrap()
    }

    pub(super) fn add(&self, table: &str, fields: &[(&str, &str)]) {
        let mut instance = self.lock();
        let rows = instance.tables.entry(table.into()).or_default();
        let mut row = row(fields);
        let next = format!("{table}{}", rows.len());
        let id = row.entry("sys_id".into()).or_insert(next).clone();
        rows.retain(|row| row["sys_id"] != id);
        rows.push(row);
    }

    /// Creates a published article of the knowledge base `kb`, or replaces its text.
    pub(super) fn put(&self, number: &str, text: &str) {
        let mut instance = self.lock();
        let rows = instance.tables.entry("kb_knowledge".into()).or_default();
        let fresh = row(&[
            ("sys_id", &format!("id{number}")),
            ("number", number),
            ("workflow_state", "published"),
            ("kb_knowledge_base", "kb"),
            ("short_description", &format!("Title {number}")),
            ("sys_updated_on", "2026-03-01 10:00:00"),
            ("sys_mod_count", "0"),
            ("can_read_user_criteria", ""),
            ("cannot_read_user_criteria", ""),
            ("wiki", ""),
        ]);
        if rows.iter().all(|row| row["number"] != number) {
            rows.push(fresh);
        }
        let article = rows.iter_mut().find(|row| row["number"] == number).unwrap();
        article.insert("text".into(), format!("<p>{text}</p>"));
        touch(article);
    }

    pub(super) fn article(&self, number: &str, change: impl FnOnce(&mut Row)) {
        let mut instance = self.lock();
        let rows = instance.tables.get_mut("kb_knowledge").unwrap();
        change(rows.iter_mut().find(|row| row["number"] == number).unwrap());
    }
}

/// Counts a change, all within one second.
pub(super) fn touch(article: &mut Row) {
    let count: u32 = article["sys_mod_count"].parse().unwrap();
    article.insert("sys_mod_count".into(), (count + 1).to_string());
}

async fn signed_in(state: Shared, headers: HeaderMap, request: Request, next: Next) -> Result<Response, StatusCode> {
    let basic = format!("Basic {}", STANDARD.encode(format!("bot:{SECRET}")));
    let bearer = format!("Bearer token{}", state.lock().unwrap().tokens);
    let sent = headers.get("authorization").ok_or(StatusCode::UNAUTHORIZED)?;
    if sent == basic.as_str() || sent == bearer.as_str() {
        Ok(next.run(request).await)
    } else {
        Err(StatusCode::UNAUTHORIZED)
    }
}

async fn token(State(instance): Shared, Form(fields): Form<Row>) -> Result<Json<Value>, StatusCode> {
    if fields["grant_type"] != "client_credentials"
        || fields["client_id"] != "client"
        || fields["client_secret"] != SECRET
    {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let mut instance = instance.lock().unwrap();
    instance.tokens += 1;
    Ok(Json(json!({ "access_token": format!("token{}", instance.tokens), "token_type": "Bearer", "expires_in": 1799 })))
}

impl Instance {
    /// A value, also one that a reference leads to: `user.email`.
    fn value(&self, row: &Row, field: &str) -> String {
        match field.split_once('.') {
            Some((reference, field)) => {
                let found = self.tables["sys_user"].iter().find(|user| user["sys_id"] == row[reference]);
                found.map(|user| user[field].clone()).unwrap_or_default()
            }
            None => row.get(field).cloned().unwrap_or_default(),
        }
    }

    fn matches(&self, row: &Row, query: &str) -> bool {
        query.split('^').filter(|part| !part.is_empty() && !part.starts_with("ORDERBY")).all(|part| {
            match (part.split_once('='), part.split_once("IN")) {
                (Some((field, value)), _) => self.value(row, field) == value,
                (None, Some((field, values))) => values.split(',').any(|value| self.value(row, field) == value),
                _ => panic!("the query `{part}` is not understood"),
            }
        })
    }

    fn shown(&self, row: &Row, fields: &str) -> Row {
        fields.split(',').map(|field| (field.to_owned(), self.value(row, field))).collect()
    }
}

async fn list(State(instance): Shared, Path(table): Path<String>, Query(query): Query<Row>) -> Response {
    let instance = instance.lock().unwrap();
    if instance.closed.contains(&table) {
        let error = json!({ "error": { "message": "User Not Authorized" }, "status": "failure" });
        return (StatusCode::FORBIDDEN, Json(error)).into_response();
    }
    let rows = instance.tables.get(&table).into_iter().flatten();
    let mut rows: Vec<&Row> = rows.filter(|row| instance.matches(row, &query["sysparm_query"])).collect();
    rows.sort_by_key(|row| &row["sys_id"]);
    if instance.is_hidden && table == "kb_knowledge" {
        rows.clear();
    }
    let total = rows.len().to_string();
    let (offset, limit) = (query["sysparm_offset"].parse().unwrap(), query["sysparm_limit"].parse().unwrap());
    // Rows are kept back only after the page is cut.
    let page = rows.into_iter().skip(offset).take(limit).filter(|row| !instance.unseen.contains(&row["sys_id"]));
    let page: Vec<Row> = page.map(|row| instance.shown(row, &query["sysparm_fields"])).collect();
    ([("x-total-count", total)], Json(json!({ "result": page }))).into_response()
}

async fn one(
    State(instance): Shared,
    Path((table, id)): Path<(String, String)>,
    Query(query): Query<Row>,
) -> Result<Json<Value>, StatusCode> {
    let instance = instance.lock().unwrap();
    let row = instance.tables[&table].iter().find(|row| row["sys_id"] == id).ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(json!({ "result": instance.shown(row, &query["sysparm_fields"]) })))
}
