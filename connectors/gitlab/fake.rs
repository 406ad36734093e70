//! GitLab in miniature, by the shapes of <https://docs.gitlab.com/api/api_resources/>: two entries a page, issues by
//! key and all else by offset, roles, wikis.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
    routing::any,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    conformance::clock,
    git::host::{self, Host},
};

const PAGE: usize = 2;

#[derive(Clone)]
pub(super) struct Fake {
    pub(super) host: Arc<Host>,
    pub(super) state: Arc<Mutex<Lab>>,
}

pub(super) struct Lab {
    pub(super) projects: Vec<Repo>,
    /// Public addresses by user id.
    pub(super) public: BTreeMap<u64, String>,
    pub(super) now: Timestamp,
    ids: u64,
    pub(super) is_hidden: bool,
    pub(super) is_repeating: bool,
    pub(super) hides_members: bool,
    /// Deletes that merge request when the second page of them is asked for.
    pub(super) vanishing: Option<(&'static str, u64)>,
}

pub(super) struct Repo {
    pub(super) id: u64,
    pub(super) path: String,
    pub(super) visibility: &'static str,
    /// Levels of issues, merge requests, wiki and repository.
    pub(super) levels: [&'static str; 4],
    pub(super) issues: BTreeMap<u64, Ticket>,
    pub(super) merge_requests: BTreeMap<u64, Ticket>,
    /// User id, role, state, and the address that only administrators are shown.
    pub(super) members: Vec<(u64, u32, &'static str, Option<String>)>,
}

pub(super) struct Ticket {
    id: u64,
    pub(super) title: String,
    pub(super) text: String,
    pub(super) confidential: bool,
    /// Kind (``, `system`, `internal`) and text.
    pub(super) notes: Vec<(&'static str, String)>,
    updated_at: Timestamp,
}

impl Lab {
    fn id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// Every change has its own millisecond.
    fn tick(&mut self) -> Timestamp {
        self.now += SignedDuration::from_millis(1);
        self.now
    }

    pub(super) fn project(&mut self, path: &str) -> &mut Repo {
        self.projects.iter_mut().find(|project| project.path == path).unwrap()
    }

    pub(super) fn add(&mut self, path: &str, visibility: &'static str) {
        let id = self.id();
        let (issues, merge_requests, members) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        let levels = ["enabled"; 4];
        self.projects.push(Repo { id, path: path.into(), visibility, levels, issues, merge_requests, members });
    }

    fn all(&mut self, path: &str, kind: &str) -> &mut BTreeMap<u64, Ticket> {
        let project = self.project(path);
        if kind == "issues" { &mut project.issues } else { &mut project.merge_requests }
    }

    /// Opens an issue or merge request and returns its `iid`.
    pub(super) fn open(&mut self, path: &str, kind: &str, title: &str, text: &str) -> u64 {
        let (id, updated_at) = (self.id(), self.tick());
        let (title, text) = (title.into(), text.into());
        let ticket = Ticket { id, title, text, confidential: false, notes: Vec::new(), updated_at };
        self.all(path, kind).insert(id, ticket);
        id
    }

    pub(super) fn edit(&mut self, path: &str, kind: &str, iid: u64, change: impl FnOnce(&mut Ticket)) {
        let now = self.tick();
        let ticket = self.all(path, kind).get_mut(&iid).unwrap();
        change(ticket);
        ticket.updated_at = now;
    }

    pub(super) fn remove(&mut self, path: &str, kind: &str, iid: u64) {
        self.all(path, kind).remove(&iid).unwrap();
    }

    pub(super) fn find(&mut self, path: &str, kind: &str, title: &str) -> Option<u64> {
        self.all(path, kind).iter().find(|(_, ticket)| ticket.title == title).map(|(iid, _)| *iid)
    }
}

impl Fake {
    pub(super) fn new() -> Self {
        let lab = Lab {
            projects: Vec::new(),
            public: BTreeMap::new(),
            now: (clock().now)() - SignedDuration::from_hours(24),
            ids: 100,
            is_hidden: false,
            is_repeating: false,
            hides_members: false,
            vanishing: None,
        };
        Self { host: Arc::new(Host::new()), state: Arc::new(Mutex::new(lab)) }
    }

    pub(super) fn router(&self) -> Router {
        let git = host::router(self.host.root(), Some("oauth2:secret"));
        Router::new().route("/api/v4/{*path}", any(api)).with_state(self.clone()).fallback_service(git)
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Lab) -> T) -> T {
        work(&mut self.state.lock().unwrap())
    }
}

async fn api(State(fake): State<Fake>, uri: Uri, headers: HeaderMap) -> Response {
    let mut lab = fake.state.lock().unwrap();
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if header("authorization") != "Bearer secret" {
        return refused(401);
    }
    let path: Vec<String> =
        uri.path().trim_start_matches("/api/v4/").split('/').map(|part| part.replace("%2F", "/")).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let query: BTreeMap<String, String> =
        url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let all = match found(&mut lab, &path, &query) {
        Some(Value::Array(all)) => all,
        Some(value) => return Response::new(Body::from(value.to_string())),
        None => return refused(if path.ends_with(&["members", "all"]) { 403 } else { 404 }),
    };
    let all = if lab.is_hidden { Vec::new() } else { all };
    // By key, what is deleted meanwhile moves nothing; by offset it does.
    let by_key = path.ends_with(&["issues"]) && query.get("pagination").is_some_and(|kind| kind == "keyset");
    let (items, mut next) = if by_key {
        let after: u64 = query.get("cursor").map_or(0, |after| after.parse().unwrap());
        let items: Vec<Value> =
            all.iter().filter(|item| item["id"].as_u64() > Some(after)).take(PAGE).cloned().collect();
        let last = items.last().and_then(|item| item["id"].as_u64()).unwrap_or_default();
        let has_more = all.last().and_then(|item| item["id"].as_u64()).is_some_and(|end| end > last);
        (items, has_more.then(|| ("cursor", last.to_string())))
    } else {
        let page: usize = query.get("page").map_or(1, |page| page.parse().unwrap());
        let has_more = all.len() > page * PAGE;
        (
            all.into_iter().skip((page - 1) * PAGE).take(PAGE).collect(),
            has_more.then(|| ("page", (page + 1).to_string())),
        )
    };
    if lab.is_repeating {
        next = Some(if by_key { ("cursor", "0".into()) } else { ("page", "1".into()) });
    }
    let response = Response::builder().header("content-type", "application/json");
    let response = match next {
        None => response,
        Some((name, value)) => {
            let kept = query.iter().filter(|(kept, _)| *kept != name);
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(kept)
                .append_pair(name, &value)
                .finish();
            response.header("link", format!("<http://{}{}?{query}>; rel=\"next\"", header("host"), uri.path()))
        }
    };
    response.body(Body::from(Value::Array(items).to_string())).unwrap()
}

fn refused(status: u16) -> Response {
    Response::builder().status(status).body(Body::from("{\"message\":\"refused\"}")).unwrap()
}

fn found(lab: &mut Lab, path: &[&str], query: &BTreeMap<String, String>) -> Option<Value> {
    match path {
        ["groups", "acme", "projects"] => {
            assert_eq!(query["include_subgroups"], "true");
            return Some(lab.projects.iter().map(project).collect());
        }
        ["users", id] => {
            let id: u64 = id.parse().ok()?;
            return Some(json!({ "id": id, "username": format!("user{id}"), "public_email": lab.public.get(&id) }));
        }
        _ => {}
    }
    let ["projects", id, rest @ ..] = path else { return None };
    let is_second = query.get("page").is_some_and(|page| page == "2");
    if let (["merge_requests"], true, Some((path, iid))) = (rest, is_second, lab.vanishing) {
        lab.vanishing = None;
        lab.remove(path, "merge_requests", iid);
    }
    let hides_members = lab.hides_members;
    let found = lab.projects.iter().find(|project| project.id.to_string() == *id || project.path == *id)?;
    match rest {
        [] => Some(project(found)),
        ["members", "all"] if !hides_members => Some(found.members.iter().map(member).collect()),
        [kind @ ("issues" | "merge_requests"), rest @ ..] => {
            let tickets = if *kind == "issues" { &found.issues } else { &found.merge_requests };
            match rest {
                [] => Some(tickets.iter().map(|(iid, ticket)| item(found, kind, *iid, ticket)).collect()),
                [iid, "notes"] => {
                    let notes = &tickets.get(&iid.parse().ok()?)?.notes;
                    Some(notes.iter().map(|(kind, text)| note(kind, text)).collect())
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn project(found: &Repo) -> Value {
    let [issues, merge_requests, wiki, repository] = found.levels;
    json!({
        "id": found.id, "path_with_namespace": found.path, "visibility": found.visibility, "default_branch": "main",
        "web_url": format!("https://gitlab.example/{}", found.path), "issues_access_level": issues,
        "merge_requests_access_level": merge_requests, "wiki_access_level": wiki, "repository_access_level": repository,
    })
}

fn member((id, role, state, email): &(u64, u32, &'static str, Option<String>)) -> Value {
    let mut member =
        json!({ "id": id, "username": format!("user{id}"), "state": state, "access_level": role, "expires_at": null });
    if let Some(email) = email {
        member["email"] = json!(email);
    }
    member
}

fn item(found: &Repo, kind: &str, iid: u64, ticket: &Ticket) -> Value {
    let notes = ticket.notes.iter().filter(|(kind, _)| *kind != "system").count();
    let mut item = json!({
        "id": ticket.id, "iid": iid, "project_id": found.id, "title": ticket.title, "description": ticket.text,
        "state": "opened", "labels": ["bug"], "author": { "id": 1, "username": "root" },
        "created_at": "2026-01-02T03:04:05.678Z", "updated_at": ticket.updated_at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        "web_url": format!("https://gitlab.example/{}/-/{kind}/{iid}", found.path), "user_notes_count": notes,
    });
    if kind == "issues" {
        item["confidential"] = json!(ticket.confidential);
    }
    item
}

fn note(kind: &str, text: &str) -> Value {
    json!({
        "id": 1, "body": text, "author": { "id": 2, "username": "hubot" }, "created_at": "2026-01-03T03:04:05.678Z",
        "system": kind == "system", "internal": kind == "internal", "confidential": kind == "internal",
    })
}

/// The addresses as sets, for comparing.
pub(super) fn set(emails: &[&str]) -> BTreeSet<String> {
    emails.iter().map(ToString::to_string).collect()
}
