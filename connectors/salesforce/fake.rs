//! An organization in memory, two records to a page.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Form, Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::conformance::serve;

pub(super) const SECRET: &str = "hush";
const PAGE: usize = 2;
pub(super) const QUERY: &str = "SELECT Id, KnowledgeArticleId, Language, SystemModstamp FROM Knowledge__kav WHERE PublishStatus = 'Online' AND Language = 'en_US' ORDER BY Id";

type Answer = Result<Json<Value>, StatusCode>;
type Parameters = Query<BTreeMap<String, String>>;
type Shared = State<Arc<Mutex<Organization>>>;

#[derive(Clone)]
pub(super) struct Item {
    pub(super) title: String,
    pub(super) summary: Option<String>,
    pub(super) answer: String,
    pub(super) modified: Timestamp,
    pub(super) version: u32,
    pub(super) is_online: bool,
}

pub(super) struct Organization {
    /// By article id.
    pub(super) items: BTreeMap<String, Item>,
    pub(super) is_hidden: bool,
    pub(super) is_repeating: bool,
    now: Timestamp,
}

#[derive(Clone)]
pub(super) struct Fake {
    pub(super) state: Arc<Mutex<Organization>>,
    pub(super) address: String,
}

impl Fake {
    pub(super) async fn start() -> Self {
        let state = Arc::new(Mutex::new(Organization {
            items: BTreeMap::new(),
            is_hidden: false,
            is_repeating: false,
            now: "2026-03-01T10:00:00Z".parse().unwrap(),
        }));
        let router = Router::new()
            .route("/services/oauth2/token", post(token))
            .route("/services/data/v62.0/query", get(query))
            .route("/services/data/v62.0/query/{locator}", get(more))
            .route("/services/data/v62.0/sobjects/Knowledge__kav/{id}", get(record));
        Self { address: serve(router.with_state(Arc::clone(&state))).await, state }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Organization> {
        self.state.lock().unwrap()
    }

    /// Publishes an article, or a new version of it, which is another record.
    pub(super) fn put(&self, id: &str, text: &str) {
        let mut organization = self.lock();
        organization.now += SignedDuration::from_secs(1);
        let modified = organization.now;
        let (title, answer) = (format!("Title {id}"), format!("<p>{text}</p>"));
        let fresh = Item { title, summary: None, answer: String::new(), modified, version: 0, is_online: true };
        let item = organization.items.entry(id.into()).or_insert(fresh);
        (item.answer, item.modified, item.version) = (answer, modified, item.version + 1);
    }
}

fn signed_in(headers: &HeaderMap) -> Result<(), StatusCode> {
    let is_known = headers.get("authorization").is_some_and(|sent| sent == "Bearer issued");
    if is_known { Ok(()) } else { Err(StatusCode::UNAUTHORIZED) }
}

async fn token(Form(fields): Form<BTreeMap<String, String>>) -> Answer {
    let is_known = fields["grant_type"] == "client_credentials" && fields["client_secret"] == SECRET;
    if !is_known {
        return Err(StatusCode::BAD_REQUEST);
    }
    Ok(Json(json!({ "access_token": "issued", "token_type": "Bearer", "instance_url": "https://elsewhere.example" })))
}

fn page(organization: &Organization, start: usize) -> Json<Value> {
    let live = organization.items.iter().filter(|(_, item)| item.is_online && !organization.is_hidden);
    let records: Vec<Value> = live
        .map(|(id, item)| {
            json!({
                "attributes": { "type": "Knowledge__kav" }, "Id": format!("{id}v{}", item.version),
                "KnowledgeArticleId": id, "Language": "en_US",
                "SystemModstamp": item.modified.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string(),
            })
        })
        .collect();
    let total = records.len();
    let records: Vec<Value> = records.into_iter().skip(start).take(PAGE).collect();
    let next = if organization.is_repeating { 0 } else { start + records.len() };
    let is_done = next >= total && !organization.is_repeating;
    let mut page = json!({ "totalSize": total, "done": is_done, "records": records });
    if !is_done {
        page["nextRecordsUrl"] = format!("/services/data/v62.0/query/01g-{next}").into();
    }
    Json(page)
}

async fn query(State(organization): Shared, headers: HeaderMap, Query(query): Parameters) -> Answer {
    signed_in(&headers)?;
    if query["q"] != QUERY {
        return Err(StatusCode::BAD_REQUEST);
    }
    Ok(page(&organization.lock().unwrap(), 0))
}

async fn more(State(organization): Shared, headers: HeaderMap, Path(locator): Path<String>) -> Answer {
    signed_in(&headers)?;
    Ok(page(&organization.lock().unwrap(), locator.trim_start_matches("01g-").parse().unwrap()))
}

async fn record(
    State(organization): Shared,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(query): Parameters,
) -> Answer {
    signed_in(&headers)?;
    let organization = organization.lock().unwrap();
    let (article, version) = id.rsplit_once('v').ok_or(StatusCode::NOT_FOUND)?;
    let item = organization.items.get(article).filter(|item| item.version.to_string() == version);
    let item = item.ok_or(StatusCode::NOT_FOUND)?;
    assert_eq!(query["fields"], "Title,Summary,Answer__c");
    Ok(Json(json!({ "Id": id, "Title": item.title, "Summary": item.summary, "Answer__c": item.answer })))
}
