//! A wiki in memory that speaks both editions' API, two of everything to a page.

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
    routing::get,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::Edition;
use crate::conformance::serve;

pub(super) const EMAIL: &str = "bot@example.com";
pub(super) const TOKEN: &str = "secret-token";
const PAGE: usize = 2;

type Parameters = Query<BTreeMap<String, String>>;
type Answer = Result<Json<Value>, StatusCode>;

/// A page, blog post or folder.
#[derive(Clone, Default)]
pub(super) struct Item {
    pub(super) kind: &'static str,
    pub(super) title: String,
    pub(super) html: String,
    pub(super) version: u64,
    pub(super) parent: Option<String>,
    pub(super) is_trashed: bool,
    /// User names and group names; none of both restricts nothing.
    pub(super) restricted: (Vec<String>, Vec<String>),
    /// Whether asking for its restrictions is refused.
    pub(super) is_secretive: bool,
    /// Whether the search knows it yet.
    pub(super) is_indexed: bool,
}

pub(super) struct Wiki {
    pub(super) edition: Edition,
    pub(super) items: BTreeMap<String, Item>,
    /// User names by group name. A user's address is `NAME@example.com`.
    pub(super) groups: BTreeMap<String, Vec<String>>,
    /// Subjects of the space's permission to read: `anonymous`, `user:NAME`, `group:NAME`.
    pub(super) grants: Vec<String>,
    pub(super) is_hidden: bool,
    pub(super) is_repeating: bool,
    /// Whether the space's pages may be listed.
    pub(super) is_closed: bool,
    /// Goes into the trash when a second page of a listing is asked for.
    pub(super) vanishing: Option<String>,
}

#[derive(Clone)]
pub(super) struct Fake {
    pub(super) state: Arc<Mutex<Wiki>>,
    pub(super) address: String,
}

impl Fake {
    pub(super) async fn start(edition: Edition) -> Self {
        let state = Arc::new(Mutex::new(Wiki {
            edition,
            items: BTreeMap::new(),
            groups: BTreeMap::from([("staff".into(), ["ann", "bob", "eve"].map(Into::into).into())]),
            grants: vec!["group:staff".into(), "user:zoe".into()],
            is_hidden: false,
            is_repeating: false,
            is_closed: false,
            vanishing: None,
        }));
        let v1 = Router::new()
            .route("/rest/api/content/search", get(search))
            .route("/rest/api/content/{id}/restriction/byOperation/read", get(restriction))
            .route("/rest/api/user", get(user));
        let router = match edition {
            Edition::Cloud => Router::new().nest(
                "/wiki",
                v1.route("/api/v2/spaces", get(spaces))
                    .route("/api/v2/spaces/{id}/permissions", get(permissions))
                    .route("/api/v2/spaces/{id}/{kind}", get(listing))
                    .route("/api/v2/{kind}/{id}", get(content))
                    .route("/rest/api/group/{id}/membersByGroupId", get(members)),
            ),
            Edition::DataCenter => v1
                .route("/rest/api/space", get(spaces))
                .route("/rest/api/space/{key}/permissions", get(permissions))
                .route("/rest/api/content", get(old_listing))
                .route("/rest/api/content/{id}", get(old_content))
                .route("/rest/mobile/1.0/profile/{name}", get(profile))
                .route("/rest/api/group/{name}/member", get(members)),
        };
        let router = router.layer(middleware::from_fn_with_state(Arc::clone(&state), signed_in));
        Self { address: serve(router.with_state(Arc::clone(&state))).await, state }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Wiki> {
        self.state.lock().unwrap()
    }

    /// Creates or replaces an item.
    pub(super) fn put(&self, id: &str, kind: &'static str, text: &str, parent: Option<&str>) {
        let mut wiki = self.lock();
        let item = wiki.items.entry(id.into()).or_default();
        item.kind = kind;
        item.html = format!("<p>{text}</p>");
        item.version += 1;
        item.parent = parent.map(Into::into);
        item.is_indexed = item.version > 1;
        if item.title.is_empty() {
            item.title = format!("Title {id}");
        }
    }

    pub(super) fn restrict(&self, id: &str, users: &[&str], groups: &[&str]) {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        self.lock().items.get_mut(id).unwrap().restricted = (owned(users), owned(groups));
    }
}

async fn signed_in(
    State(wiki): State<Arc<Mutex<Wiki>>>,
    headers: HeaderMap,
    request: Request,
    next: Next,
) -> Result<Response, StatusCode> {
    let expected = match wiki.lock().unwrap().edition {
        Edition::Cloud => format!("Basic {}", STANDARD.encode(format!("{EMAIL}:{TOKEN}"))),
        Edition::DataCenter => format!("Bearer {TOKEN}"),
    };
    if headers.get("authorization").is_none_or(|sent| sent != expected.as_str()) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    Ok(next.run(request).await)
}

impl Wiki {
    /// One page of `all`, as v2 (a cursor, links from the host on) or v1 (a start, links from the wiki on) has it.
    fn paged(&self, all: Vec<Value>, path: &str, query: &BTreeMap<String, String>) -> Json<Value> {
        let is_v2 = path.starts_with("/wiki/api/v2");
        let name = if is_v2 { "cursor" } else { "start" };
        let start: usize = query.get(name).and_then(|start| start.parse().ok()).unwrap_or(0);
        let rest = all.len().saturating_sub(start + PAGE);
        let results: Vec<Value> = all.into_iter().skip(start).take(PAGE).collect();
        let mut links = json!({});
        if rest > 0 || self.is_repeating {
            let next = if self.is_repeating { 0 } else { start + PAGE };
            let mut link = url::form_urlencoded::Serializer::new(String::new());
            for (key, value) in query.iter().filter(|(key, _)| *key != name) {
                link.append_pair(key, value);
            }
            links["next"] = format!("{path}?{}", link.append_pair(name, &next.to_string()).finish()).into();
        }
        Json(json!({ "results": results, "start": start, "limit": PAGE, "size": results.len(), "_links": links }))
    }

    fn live<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a String, &'a Item)> {
        self.items.iter().filter(move |(_, item)| item.kind == kind && !item.is_trashed && !self.is_hidden)
    }

    fn v2(&self, id: &str, item: &Item) -> Value {
        json!({
            "id": id, "status": if item.is_trashed { "trashed" } else { "current" }, "title": item.title, "spaceId": "7", "parentId": item.parent,
            "parentType": item.parent.as_ref().map(|parent| self.items[parent].kind),
            "version": { "number": item.version, "createdAt": "2026-03-01T10:00:00.000Z" },
            "_links": { "webui": format!("/spaces/DOC/pages/{id}") },
        })
    }

    fn v1(&self, id: &str, item: &Item) -> Value {
        let (mut ancestors, mut at) = (Vec::new(), item.parent.clone());
        while let Some(id) = at {
            at = self.items[&id].parent.clone();
            ancestors.insert(0, json!({ "id": id, "type": "page" }));
        }
        json!({
            "id": id, "type": item.kind, "status": "current", "title": item.title, "ancestors": ancestors,
            "space": { "id": 7, "key": "DOC" },
            "version": { "number": item.version, "when": "2026-03-01T11:00:00.000+01:00" },
            "_links": { "webui": format!("/display/DOC/{id}") },
        })
    }

    fn user(&self, name: &str) -> Value {
        match self.edition {
            Edition::Cloud => json!({ "type": "known", "accountId": format!("acc-{name}"), "email": "" }),
            Edition::DataCenter => json!({ "type": "known", "username": name, "userKey": format!("key-{name}") }),
        }
    }

    fn restrictions(&self, item: &Item, start: usize) -> Value {
        let page = |all: Vec<Value>| {
            let results: Vec<Value> = all.into_iter().skip(start).take(PAGE).collect();
            json!({ "results": results, "start": start, "limit": PAGE, "size": results.len() })
        };
        let (users, groups) = &item.restricted;
        let group = |name: &String| json!({ "type": "group", "name": name, "id": format!("gid-{name}") });
        json!({ "operation": "read", "restrictions": {
            "user": page(users.iter().map(|name| self.user(name)).collect()),
            "group": page(groups.iter().map(group).collect()),
        }})
    }
}

async fn spaces(State(wiki): State<Arc<Mutex<Wiki>>>, Query(query): Parameters) -> Json<Value> {
    let wiki = wiki.lock().unwrap();
    let (id, path) = match wiki.edition {
        Edition::Cloud => (json!("7"), "/wiki/api/v2/spaces"),
        Edition::DataCenter => (json!(7), "/rest/api/space"),
    };
    wiki.paged(vec![json!({ "id": id, "key": "DOC", "name": "Documents", "type": "global" })], path, &query)
}

async fn permissions(
    State(wiki): State<Arc<Mutex<Wiki>>>,
    Path(space): Path<String>,
    Query(query): Parameters,
) -> Json<Value> {
    let wiki = wiki.lock().unwrap();
    let cloud = wiki.edition == Edition::Cloud;
    assert_eq!(space, if cloud { "7" } else { "DOC" });
    let subject = |grant: &String| match (grant.split_once(':'), cloud) {
        (Some(("user", name)), true) => json!({ "type": "user", "id": format!("acc-{name}") }),
        (Some(("user", name)), false) => json!({ "type": "user", "userKey": format!("key-{name}") }),
        (Some((_, name)), true) => json!({ "type": "group", "id": format!("gid-{name}") }),
        (Some((_, name)), false) => json!({ "type": "group", "name": name }),
        (None, _) => json!({ "type": grant }),
    };
    let grant = |subject: Value, key: &str, on: &str| {
        if cloud {
            json!({ "id": "1", "principal": subject, "operation": { "key": key, "targetType": on } })
        } else {
            json!({ "subject": subject, "operation": { "operationKey": key, "targetType": on }, "spaceKey": "DOC" })
        }
    };
    let other = subject(&"user:mallory".to_owned());
    let mut all = vec![grant(other.clone(), "create", "page"), grant(other, "administer", "space")];
    all.extend(wiki.grants.iter().map(|name| grant(subject(name), "read", "space")));
    if cloud { wiki.paged(all, "/wiki/api/v2/spaces/7/permissions", &query) } else { Json(all.into()) }
}

async fn listing(
    State(wiki): State<Arc<Mutex<Wiki>>>,
    Path((_, kinds)): Path<(String, String)>,
    Query(query): Parameters,
) -> Answer {
    let wiki = wiki.lock().unwrap();
    if wiki.is_closed {
        return Err(StatusCode::FORBIDDEN);
    }
    let all = wiki.live(kinds.trim_end_matches('s')).map(|(id, item)| wiki.v2(id, item)).collect();
    Ok(wiki.paged(all, &format!("/wiki/api/v2/spaces/7/{kinds}"), &query))
}

async fn old_listing(State(wiki): State<Arc<Mutex<Wiki>>>, Query(query): Parameters) -> Answer {
    let mut wiki = wiki.lock().unwrap();
    assert_eq!(query["spaceKey"], "DOC");
    if wiki.is_closed {
        return Err(StatusCode::FORBIDDEN);
    }
    if let Some(id) = wiki.vanishing.take_if(|_| query.contains_key("start")) {
        wiki.items.get_mut(&id).unwrap().is_trashed = true;
    }
    let all = wiki.live(&query["type"]).map(|(id, item)| wiki.v1(id, item)).collect();
    Ok(wiki.paged(all, "/rest/api/content", &query))
}

async fn content(
    State(wiki): State<Arc<Mutex<Wiki>>>,
    Path((kinds, id)): Path<(String, String)>,
    Query(query): Parameters,
) -> Answer {
    let wiki = wiki.lock().unwrap();
    let item = wiki.items.get(&id).filter(|item| format!("{}s", item.kind) == kinds).ok_or(StatusCode::NOT_FOUND)?;
    let mut value = wiki.v2(&id, item);
    if let Some(form) = query.get("body-format") {
        value["body"] = json!({ form: { "representation": form, "value": item.html } });
    }
    Ok(Json(value))
}

async fn old_content(State(wiki): State<Arc<Mutex<Wiki>>>, Path(id): Path<String>, Query(query): Parameters) -> Answer {
    let wiki = wiki.lock().unwrap();
    let item = wiki.items.get(&id).filter(|item| !item.is_trashed).ok_or(StatusCode::NOT_FOUND)?;
    let mut value = wiki.v1(&id, item);
    if let Some(form) = query["expand"].split(',').find_map(|part| part.strip_prefix("body.")) {
        value["body"] = json!({ form: { "representation": form, "value": item.html } });
    }
    Ok(Json(value))
}

async fn search(State(wiki): State<Arc<Mutex<Wiki>>>, Query(query): Parameters) -> Json<Value> {
    let wiki = wiki.lock().unwrap();
    let ids = query["cql"].strip_prefix("id in (").and_then(|ids| ids.strip_suffix(')')).unwrap();
    let found = ids.split(',').filter_map(|id| Some((id, wiki.items.get(id)?)));
    let found = found.filter(|(_, item)| item.is_indexed && !item.is_secretive && item.kind != "folder");
    let all = found.map(|(id, item)| json!({ "id": id, "restrictions": { "read": wiki.restrictions(item, 0) } }));
    let all = all.collect();
    wiki.paged(all, "/rest/api/content/search", &query)
}

async fn restriction(State(wiki): State<Arc<Mutex<Wiki>>>, Path(id): Path<String>, Query(query): Parameters) -> Answer {
    let wiki = wiki.lock().unwrap();
    let item = wiki.items.get(&id).ok_or(StatusCode::NOT_FOUND)?;
    if item.is_secretive {
        return Err(StatusCode::FORBIDDEN);
    }
    Ok(Json(wiki.restrictions(item, query["start"].parse().unwrap())))
}

async fn user(State(wiki): State<Arc<Mutex<Wiki>>>, Query(query): Parameters) -> Answer {
    let wiki = wiki.lock().unwrap();
    let id = query.get("accountId").or(query.get("key")).ok_or(StatusCode::BAD_REQUEST)?;
    let name = id.split_once('-').ok_or(StatusCode::NOT_FOUND)?.1;
    let mut user = wiki.user(name);
    if wiki.edition == Edition::Cloud && name != "shy" {
        user["email"] = format!("{name}@example.com").into();
    }
    Ok(Json(user))
}

async fn profile(Path(name): Path<String>) -> Json<Value> {
    Json(json!({ "userName": name, "fullName": name, "email": format!("{name}@example.com") }))
}

async fn members(State(wiki): State<Arc<Mutex<Wiki>>>, Path(group): Path<String>, Query(query): Parameters) -> Answer {
    let wiki = wiki.lock().unwrap();
    let name = group.trim_start_matches("gid-");
    let all = wiki.groups.get(name).ok_or(StatusCode::NOT_FOUND)?.iter().map(|name| wiki.user(name)).collect();
    let last = if wiki.edition == Edition::Cloud { "membersByGroupId" } else { "member" };
    Ok(wiki.paged(all, &format!("/rest/api/group/{group}/{last}"), &query))
}
