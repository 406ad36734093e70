//! A Jira in memory that speaks both editions' API, two of everything to a page.

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
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::{Value, json};

use super::Edition;
use crate::conformance::{clock, serve};

pub(super) const EMAIL: &str = "bot@example.com";
pub(super) const TOKEN: &str = "secret-token";
const PAGE: usize = 2;

type Parameters = Query<BTreeMap<String, String>>;
type Answer = Result<Json<Value>, StatusCode>;
type Shared = State<Arc<Mutex<Site>>>;

#[derive(Clone)]
pub(super) struct Item {
    pub(super) summary: String,
    pub(super) text: String,
    pub(super) updated: Timestamp,
    /// Id of its security level.
    pub(super) level: Option<String>,
    pub(super) comments: Vec<Value>,
    /// Whether the search index lacks it as yet.
    pub(super) is_lagging: bool,
}

pub(super) struct Site {
    pub(super) edition: Edition,
    /// By id, all in the project 10000.
    pub(super) issues: BTreeMap<String, Item>,
    /// Names by group; the address of each is `NAME@example.com`.
    pub(super) groups: BTreeMap<String, Vec<String>>,
    /// Holders of BROWSE_PROJECTS, and of each security level by its id.
    pub(super) browsers: Vec<Value>,
    pub(super) levels: BTreeMap<String, Vec<Value>>,
    /// Whether the permission scheme may be read.
    pub(super) is_admin: bool,
    pub(super) is_hidden: bool,
    pub(super) is_repeating: bool,
    /// The JQL of every search.
    pub(super) searches: Vec<String>,
    count: i64,
}

#[derive(Clone)]
pub(super) struct Fake {
    pub(super) state: Arc<Mutex<Site>>,
    pub(super) address: String,
}

impl Fake {
    pub(super) async fn start(edition: Edition) -> Self {
        let state = Arc::new(Mutex::new(Site {
            edition,
            issues: BTreeMap::new(),
            groups: BTreeMap::from([("staff".into(), ["ann", "bob", "eve"].map(Into::into).into())]),
            browsers: vec![json!({ "type": "projectRole", "parameter": "10002", "value": "10002" })],
            levels: BTreeMap::new(),
            is_admin: true,
            is_hidden: false,
            is_repeating: false,
            searches: Vec::new(),
            count: 0,
        }));
        let version = if edition == Edition::Cloud { 3 } else { 2 };
        let api = Router::new()
            .route("/project/{id}/permissionscheme", get(scheme))
            .route("/permissionscheme/{id}/permission", get(grants))
            .route("/project/{id}/role/{role}", get(role))
            .route("/project/{id}/securitylevel", get(levels))
            .route("/applicationrole", get(application_roles))
            .route("/group/member", get(members))
            .route("/user", get(user))
            .route("/issue/{id}", get(issue))
            .route("/issue/{id}/comment", get(comments));
        let api = match edition {
            Edition::Cloud => api
                .route("/project/search", get(projects))
                .route("/search/jql", post(search))
                .route("/issuesecurityschemes/level/member", get(level_members)),
            Edition::DataCenter => api.route("/project", get(projects)).route("/search", post(search)),
        };
        let router = Router::new().nest(&format!("/rest/api/{version}"), api);
        let router = router.layer(middleware::from_fn_with_state(Arc::clone(&state), signed_in));
        Self { address: serve(router.with_state(Arc::clone(&state))).await, state }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Site> {
        self.state.lock().unwrap()
    }

    /// Creates or replaces an issue.
    pub(super) fn put(&self, id: &str, text: &str) {
        let mut site = self.lock();
        let updated = site.tick();
        let item = Item {
            summary: format!("Summary {id}"),
            text: String::new(),
            updated,
            level: None,
            comments: Vec::new(),
            is_lagging: false,
        };
        let item = site.issues.entry(id.into()).or_insert(item);
        (item.text, item.updated) = (text.into(), updated);
    }
}

async fn signed_in(state: Shared, headers: HeaderMap, request: Request, next: Next) -> Result<Response, StatusCode> {
    let expected = match state.lock().unwrap().edition {
        Edition::Cloud => format!("Basic {}", STANDARD.encode(format!("{EMAIL}:{TOKEN}"))),
        Edition::DataCenter => format!("Bearer {TOKEN}"),
    };
    let is_known = headers.get("authorization").is_some_and(|sent| sent == expected.as_str());
    if is_known { Ok(next.run(request).await) } else { Err(StatusCode::UNAUTHORIZED) }
}

impl Site {
    fn is_cloud(&self) -> bool {
        self.edition == Edition::Cloud
    }

    /// Now, a millisecond later each time.
    pub(super) fn tick(&mut self) -> Timestamp {
        self.count += 1;
        (clock().now)() + SignedDuration::from_millis(self.count)
    }

    fn user(&self, name: &str) -> Value {
        if self.is_cloud() {
            json!({ "accountId": format!("acc-{name}"), "displayName": name })
        } else {
            json!({ "name": name, "key": format!("key-{name}"), "displayName": name, "emailAddress": format!("{name}@example.com") })
        }
    }

    fn issue(&self, id: &str, item: &Item) -> Value {
        let text = |text: &str| {
            if self.is_cloud() {
                let said = json!({ "type": "text", "text": text });
                json!({ "type": "doc", "version": 1, "content": [{ "type": "paragraph", "content": [said] }] })
            } else {
                text.into()
            }
        };
        // Searches tell only the first few comments.
        let comments: Vec<&Value> = item.comments.iter().take(PAGE).collect();
        json!({ "id": id, "key": format!("DOC-{id}"), "fields": {
            "summary": item.summary, "description": text(&item.text),
            "updated": item.updated.strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string(),
            "project": { "id": "10000", "key": "DOC", "name": "Documents" },
            "security": item.level.as_ref().map(|id| json!({ "id": id, "name": format!("Level {id}") })),
            "status": { "id": "3", "name": "Open" }, "issuetype": { "id": "1", "name": "Bug" }, "labels": ["odd"],
            "comment": { "comments": comments, "total": item.comments.len(), "maxResults": PAGE, "startAt": 0 },
        }})
    }

    fn numbered(&self, all: Vec<Value>, query: &BTreeMap<String, String>, name: &str) -> Json<Value> {
        let start: usize = query["startAt"].parse().unwrap();
        let total = all.len();
        let values: Vec<Value> = all.into_iter().skip(start).take(PAGE).collect();
        let mut page = json!({ "startAt": start, "maxResults": PAGE, "total": total });
        if name == "values" {
            page["isLast"] = (start + values.len() >= total).into();
        }
        page[name] = values.into();
        Json(page)
    }
}

async fn projects(State(site): Shared, Query(query): Parameters) -> Json<Value> {
    let site = site.lock().unwrap();
    let project = json!({ "id": "10000", "key": "DOC", "name": "Documents", "lead": site.user("lea") });
    if site.is_cloud() { site.numbered(vec![project], &query, "values") } else { Json(json!([project])) }
}

async fn scheme(State(site): Shared, Path(id): Path<String>) -> Answer {
    assert_eq!(id, "10000");
    if site.lock().unwrap().is_admin {
        Ok(Json(json!({ "id": 7, "name": "Scheme" })))
    } else {
        Err(StatusCode::FORBIDDEN)
    }
}

async fn grants(State(site): Shared, Path(id): Path<String>) -> Json<Value> {
    assert_eq!(id, "7");
    let mut grants = vec![json!({ "permission": "ADMINISTER_PROJECTS", "holder": { "type": "anyone" } })];
    let browsers = site.lock().unwrap().browsers.clone();
    grants.extend(browsers.iter().map(|holder| json!({ "permission": "BROWSE_PROJECTS", "holder": holder })));
    Json(json!({ "permissions": grants }))
}

async fn role(State(site): Shared, Path((_, role)): Path<(String, String)>) -> Json<Value> {
    let site = site.lock().unwrap();
    let mut group = json!({ "type": "atlassian-group-role-actor", "name": "staff" });
    group["actorGroup"] = json!({ "name": "staff", "groupId": "gid-staff" });
    let mut user = json!({ "type": "atlassian-user-role-actor", "name": "zoe" });
    if site.is_cloud() {
        user["actorUser"] = json!({ "accountId": "acc-zoe" });
    }
    Json(json!({ "id": role.parse::<u64>().unwrap(), "name": "Readers", "actors": [group, user] }))
}

async fn levels(State(site): Shared) -> Json<Value> {
    let site = site.lock().unwrap();
    let levels: Vec<Value> = site.levels.keys().map(|id| json!({ "id": id, "name": format!("Level {id}") })).collect();
    Json(json!({ "levels": levels }))
}

async fn level_members(State(site): Shared, Query(query): Parameters) -> Json<Value> {
    let site = site.lock().unwrap();
    let id = &query["levelId"];
    let member = |holder: &Value| json!({ "id": "1", "issueSecurityLevelId": id, "holder": holder });
    site.numbered(site.levels[id].iter().map(member).collect(), &query, "values")
}

async fn application_roles(State(site): Shared) -> Json<Value> {
    let mut role = json!({ "key": "jira-software", "groups": ["staff"] });
    if site.lock().unwrap().is_cloud() {
        role["groupDetails"] = json!([{ "name": "staff", "groupId": "gid-staff" }]);
    }
    Json(json!([role]))
}

async fn members(State(site): Shared, Query(query): Parameters) -> Answer {
    let site = site.lock().unwrap();
    let name = if site.is_cloud() { query["groupId"].trim_start_matches("gid-") } else { &query["groupname"] };
    let names = site.groups.get(name).ok_or(StatusCode::NOT_FOUND)?;
    Ok(site.numbered(names.iter().map(|name| site.user(name)).collect(), &query, "values"))
}

async fn user(State(site): Shared, Query(query): Parameters) -> Answer {
    let site = site.lock().unwrap();
    let by = if site.is_cloud() { query.get("accountId") } else { query.get("key").or(query.get("username")) };
    let name = by.ok_or(StatusCode::BAD_REQUEST)?.split('-').next_back().unwrap();
    let mut user = site.user(name);
    user["emailAddress"] = format!("{name}@example.com").into();
    Ok(Json(user))
}

async fn issue(State(site): Shared, Path(id): Path<String>) -> Answer {
    let site = site.lock().unwrap();
    let item = site.issues.get(&id).ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(site.issue(&id, item)))
}

async fn comments(State(site): Shared, Path(id): Path<String>, Query(query): Parameters) -> Answer {
    let site = site.lock().unwrap();
    let item = site.issues.get(&id).ok_or(StatusCode::NOT_FOUND)?;
    Ok(site.numbered(item.comments.clone(), &query, "comments"))
}

async fn search(State(site): Shared, Json(body): Json<Value>) -> Answer {
    let mut site = site.lock().unwrap();
    let jql = body["jql"].as_str().unwrap().to_owned();
    site.searches.push(jql.clone());
    let (conditions, order) = jql.split_once(" ORDER BY ").ok_or(StatusCode::BAD_REQUEST)?;
    let mut since = Timestamp::MIN;
    for condition in conditions.split(" AND ") {
        if let Some(minutes) = condition.strip_prefix("updated >= \"-").and_then(|rest| rest.strip_suffix("m\"")) {
            let minutes: i64 = minutes.parse().map_err(|_| StatusCode::BAD_REQUEST)?;
            since = (clock().now)() - minutes.minutes();
        } else if condition != "project in (10000)" {
            return Err(StatusCode::BAD_REQUEST);
        }
    }
    let is_full = body["fields"].as_array().unwrap().len() > 1;
    let found = site
        .issues
        .iter()
        .filter(|(_, item)| item.updated >= since && !site.is_hidden && !(is_full && item.is_lagging));
    let mut found: Vec<_> = found.collect();
    if order == "updated ASC" {
        found.sort_by_key(|(_, item)| item.updated);
    }
    let total = found.len();
    let start: usize = match &body["nextPageToken"] {
        Value::String(token) => token.parse().unwrap(),
        _ => body["startAt"].as_u64().unwrap_or(0) as usize,
    };
    let issues = found.into_iter().skip(start).take(PAGE);
    let issues: Vec<Value> = issues
        .map(|(id, item)| if is_full { site.issue(id, item) } else { json!({ "id": id, "key": format!("DOC-{id}") }) })
        .collect();
    let next = start + issues.len();
    if !site.is_cloud() {
        return Ok(Json(json!({ "startAt": start, "maxResults": PAGE, "total": total, "issues": issues })));
    }
    let mut page = json!({ "issues": issues, "isLast": next >= total });
    if site.is_repeating || next < total {
        page["nextPageToken"] = if site.is_repeating { "0".into() } else { next.to_string().into() };
    }
    Ok(Json(page))
}
