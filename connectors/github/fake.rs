//! GitHub in miniature, by the shapes of <https://docs.github.com/en/rest>: two entries a page, tokens, ETags, wikis.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Uri},
    response::Response,
    routing::any,
};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Value, json};

use crate::{
    conformance::clock,
    git::host::{self, Host},
};

const PAGE: usize = 2;

#[derive(Clone)]
pub(super) struct Fake {
    pub(super) host: Arc<Host>,
    pub(super) state: Arc<Mutex<Hub>>,
}

pub(super) struct Hub {
    pub(super) repositories: Vec<Repo>,
    /// By login: addresses in the organisation's verified domain, and ones on public profiles.
    pub(super) verified: BTreeMap<String, String>,
    pub(super) public: BTreeMap<String, String>,
    pub(super) tokens: BTreeSet<String>,
    pub(super) app_key: Option<DecodingKey>,
    pub(super) now: Timestamp,
    ids: u64,
    pub(super) is_hidden: bool,
    pub(super) is_repeating: bool,
    /// Whether the token lacks the right to list collaborators.
    pub(super) hides_collaborators: bool,
    /// What the next request is answered with instead.
    pub(super) refusal: Option<Refusal>,
    /// Deletes that issue when the second page of issues is asked for.
    pub(super) vanishing: Option<(String, u64)>,
    pub(super) not_modified: usize,
    pub(super) asked: Vec<String>,
}

/// Status, headers and body.
pub(super) type Refusal = (u16, Vec<(&'static str, String)>, &'static str);

pub(super) struct Repo {
    id: u64,
    pub(super) name: String,
    pub(super) private: bool,
    pub(super) has_wiki: bool,
    pub(super) issues: BTreeMap<u64, Ticket>,
    pub(super) direct: Vec<String>,
    pub(super) team: Vec<String>,
}

pub(super) struct Ticket {
    id: u64,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) is_pull: bool,
    /// Kind (`issues`, `pulls`, `reviews`), id, text, time.
    pub(super) comments: Vec<(&'static str, u64, String, Timestamp)>,
    updated_at: Timestamp,
}

impl Hub {
    fn id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// Every change has its own second.
    fn tick(&mut self) -> Timestamp {
        self.now += SignedDuration::from_secs(1);
        self.now
    }

    pub(super) fn repo(&mut self, name: &str) -> &mut Repo {
        self.repositories.iter_mut().find(|repo| repo.name == name).unwrap()
    }

    pub(super) fn add(&mut self, name: &str, private: bool) {
        let id = self.id();
        let (issues, direct, team) = (BTreeMap::new(), Vec::new(), Vec::new());
        self.repositories.push(Repo { id, name: name.into(), private, has_wiki: !private, issues, direct, team });
    }

    /// Opens an issue, or a pull request, and returns its number.
    pub(super) fn open(&mut self, repo: &str, title: &str, body: &str, is_pull: bool) -> u64 {
        let (id, updated_at) = (self.id(), self.tick());
        let issues = &mut self.repo(repo).issues;
        // Numbers are never given twice, so what was deleted leaves a gap.
        let number = id;
        let (title, body) = (title.into(), body.into());
        issues.insert(number, Ticket { id, title, body, is_pull, comments: Vec::new(), updated_at });
        number
    }

    pub(super) fn edit(&mut self, repo: &str, number: u64, change: impl FnOnce(&mut Ticket)) {
        let now = self.tick();
        let issue = self.repo(repo).issues.get_mut(&number).unwrap();
        change(issue);
        issue.updated_at = now;
    }

    pub(super) fn comment(&mut self, repo: &str, number: u64, kind: &'static str, text: &str) {
        let id = self.id();
        let now = self.now + SignedDuration::from_secs(1);
        self.edit(repo, number, |issue| issue.comments.push((kind, id, text.into(), now)));
    }

    /// As far as is documented, the issue itself does not change.
    pub(super) fn edit_comment(&mut self, repo: &str, number: u64, text: &str) {
        let now = self.tick();
        let comment = self.repo(repo).issues.get_mut(&number).unwrap().comments.last_mut().unwrap();
        (comment.2, comment.3) = (text.into(), now);
    }

    pub(super) fn find(&mut self, repo: &str, title: &str) -> Option<u64> {
        let issues = &self.repo(repo).issues;
        issues.iter().find(|(_, issue)| issue.title == title).map(|(number, _)| *number)
    }
}

impl Fake {
    pub(super) fn new() -> Self {
        let hub = Hub {
            repositories: Vec::new(),
            verified: BTreeMap::new(),
            public: BTreeMap::new(),
            tokens: BTreeSet::from(["secret".to_owned()]),
            app_key: None,
            now: (clock().now)() - SignedDuration::from_hours(24),
            ids: 100,
            is_hidden: false,
            is_repeating: false,
            hides_collaborators: false,
            refusal: None,
            vanishing: None,
            not_modified: 0,
            asked: Vec::new(),
        };
        Self { host: Arc::new(Host::new()), state: Arc::new(Mutex::new(hub)) }
    }

    pub(super) fn router(&self) -> Router {
        let git = host::router(self.host.root(), Some("x-access-token:secret"));
        Router::new().route("/api/{*path}", any(api)).with_state(self.clone()).fallback_service(git)
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Hub) -> T) -> T {
        work(&mut self.state.lock().unwrap())
    }
}

async fn api(State(fake): State<Fake>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let mut hub = fake.state.lock().unwrap();
    hub.asked.push(uri.to_string());
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if let Some((status, said, text)) = hub.refusal.take() {
        let refused =
            said.into_iter().fold(Response::builder().status(status), |all, (name, value)| all.header(name, value));
        return refused.body(Body::from(text)).unwrap();
    }
    let path: Vec<&str> = uri.path().trim_start_matches("/api/").split('/').collect();
    let bearer = header("authorization").strip_prefix("Bearer ").unwrap_or_default();
    if let ["v3", "app", "installations", "7", "access_tokens"] = path[..] {
        return issue_token(&mut hub, bearer);
    }
    if !hub.tokens.contains(bearer) || header("x-github-api-version") != "2022-11-28" {
        return Response::builder().status(401).body(Body::from("{\"message\":\"Bad credentials\"}")).unwrap();
    }
    let query: BTreeMap<String, String> =
        url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    if path == ["graphql"] {
        let members = members(&hub, &serde_json::from_slice(&body).unwrap());
        return answer(&mut hub, members, None, "");
    }
    match found(&mut hub, &path[1..], &query) {
        Some(Value::Array(all)) => {
            let page: usize = query.get("page").map_or(1, |page| page.parse().unwrap());
            let has_more = all.len() > page * PAGE;
            let next = if hub.is_repeating { Some(1) } else { has_more.then_some(page + 1) };
            let all: Vec<Value> = if hub.is_hidden { Vec::new() } else { all };
            let items: Vec<Value> = all.into_iter().skip((page - 1) * PAGE).take(PAGE).collect();
            let link = next.filter(|_| !hub.is_hidden).map(|next| {
                let kept = query.iter().filter(|(name, _)| *name != "page");
                let page = next.to_string();
                let query = url::form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(kept)
                    .append_pair("page", &page)
                    .finish();
                format!("<http://{}{}?{query}>; rel=\"next\"", header("host"), uri.path())
            });
            answer(&mut hub, Value::Array(items), link, header("if-none-match"))
        }
        Some(value) => answer(&mut hub, value, None, header("if-none-match")),
        None => {
            let status = if path.ends_with(&["collaborators"]) { 403 } else { 404 };
            Response::builder().status(status).body(Body::from("{\"message\":\"Not Found\"}")).unwrap()
        }
    }
}

fn answer(hub: &mut Hub, value: Value, link: Option<String>, known: &str) -> Response {
    let body = value.to_string();
    let mut hasher = DefaultHasher::new();
    (&body, &link).hash(&mut hasher);
    let etag = format!("W/\"{:x}\"", hasher.finish());
    let response = Response::builder().header("etag", &etag).header("content-type", "application/json");
    if known == etag {
        hub.not_modified += 1;
        return response.status(304).body(Body::empty()).unwrap();
    }
    let response = match link {
        Some(link) => response.header("link", link),
        None => response,
    };
    response.body(Body::from(body)).unwrap()
}

fn found(hub: &mut Hub, path: &[&str], query: &BTreeMap<String, String>) -> Option<Value> {
    if let ["orgs", "acme", "repos"] = path {
        return Some(hub.repositories.iter().map(repository).collect());
    }
    if let ["users", login] = path {
        return Some(json!({ "login": login, "id": 1, "email": hub.public.get(*login) }));
    }
    let ["repos", "acme", name, rest @ ..] = path else { return None };
    if let (["issues"], Some((vanishing, number)), Some("2")) =
        (rest, hub.vanishing.clone(), query.get("page").map(String::as_str))
        && vanishing == **name
    {
        hub.vanishing = None;
        hub.repo(name).issues.remove(&number);
    }
    let hides_collaborators = hub.hides_collaborators;
    let repo = hub.repositories.iter().find(|repo| repo.name == **name)?;
    let since: Option<Timestamp> = query.get("since").map(|since| since.parse().unwrap());
    let comments = |kinds: &[&str], of: Option<u64>| {
        let issues = repo.issues.iter().filter(|(number, _)| of.is_none_or(|of| of == **number));
        let all = issues.flat_map(|(number, issue)| issue.comments.iter().map(move |comment| (number, comment)));
        let wanted =
            all.filter(|(_, comment)| kinds.contains(&comment.0) && since.is_none_or(|since| comment.3 >= since));
        wanted.map(|(number, comment)| said(repo, *number, comment)).collect::<Value>()
    };
    match rest {
        [] => Some(repository(repo)),
        ["collaborators"] if !hides_collaborators => {
            let logins: BTreeSet<&String> = repo.direct.iter().chain(&repo.team).collect();
            Some(logins.into_iter().map(|login| json!({ "login": login, "id": 1, "role_name": "read" })).collect())
        }
        ["issues"] => Some(repo.issues.iter().map(|(number, ticket)| issue(repo, *number, ticket)).collect()),
        ["issues", "comments"] => Some(comments(&["issues"], None)),
        ["pulls", "comments"] => Some(comments(&["pulls"], None)),
        ["issues", number] => {
            let number = number.parse().ok()?;
            repo.issues.get(&number).map(|ticket| issue(repo, number, ticket))
        }
        ["issues", number, "comments"] => Some(comments(&["issues"], Some(number.parse().ok()?))),
        ["pulls", number, "comments"] => Some(comments(&["pulls"], Some(number.parse().ok()?))),
        ["pulls", number, "reviews"] => Some(comments(&["reviews"], Some(number.parse().ok()?))),
        _ => None,
    }
}

fn repository(repo: &Repo) -> Value {
    json!({
        "id": repo.id, "node_id": format!("R_{}", repo.id), "name": repo.name, "full_name": format!("acme/{}", repo.name),
        "private": repo.private, "visibility": if repo.private { "private" } else { "public" }, "has_issues": true,
        "has_wiki": repo.has_wiki, "default_branch": "main", "owner": { "login": "acme", "id": 1, "type": "Organization" },
        "html_url": format!("https://github.example/acme/{}", repo.name), "description": null,
    })
}

fn issue(repo: &Repo, number: u64, ticket: &Ticket) -> Value {
    let comments = ticket.comments.iter().filter(|comment| comment.0 == "issues").count();
    let mut issue = json!({
        "id": ticket.id, "node_id": format!("I_{}", ticket.id), "number": number, "title": ticket.title,
        "body": ticket.body, "state": "open", "user": { "login": "octocat", "id": 1 }, "comments": comments,
        "labels": [{ "id": 1, "name": "bug" }], "created_at": "2026-01-02T03:04:05Z",
        "updated_at": second(ticket.updated_at),
        "html_url": format!("https://github.example/acme/{}/issues/{number}", repo.name),
    });
    if ticket.is_pull {
        issue["pull_request"] = json!({ "url": "https://github.example/api", "merged_at": null });
    }
    issue
}

fn said(repo: &Repo, number: u64, (kind, id, text, at): &(&'static str, u64, String, Timestamp)) -> Value {
    let (time, parent) = match *kind {
        "issues" => ("created_at", "issue_url"),
        "pulls" => ("created_at", "pull_request_url"),
        _ => ("submitted_at", "pull_request_url"),
    };
    let place = if parent == "issue_url" { "issues" } else { "pulls" };
    json!({
        "id": id, "body": text, "user": { "login": "hubot", "id": 2 }, time: second(*at), "updated_at": second(*at),
        parent: format!("https://github.example/api/v3/repos/acme/{}/{place}/{number}", repo.name),
    })
}

fn second(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// One member a page.
fn members(hub: &Hub, asked: &Value) -> Value {
    let after: usize = asked["variables"]["after"].as_str().map_or(0, |after| after.parse().unwrap());
    assert_eq!(asked["variables"]["organization"], "acme");
    let nodes: Vec<Value> = hub
        .verified
        .iter()
        .skip(after)
        .take(1)
        .map(|(login, email)| json!({ "login": login, "email": "", "organizationVerifiedDomainEmails": [email] }))
        .collect();
    let has_more = hub.verified.len() > after + 1;
    json!({ "data": { "organization": { "membersWithRole": {
        "nodes": nodes, "pageInfo": { "hasNextPage": has_more, "endCursor": (after + 1).to_string() },
    } } } })
}

fn issue_token(hub: &mut Hub, jwt: &str) -> Response {
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_issuer(&["Iv1.app"]);
    rules.set_required_spec_claims(&["exp", "iss"]);
    let key = hub.app_key.clone();
    if key.is_none_or(|key| decode::<Value>(jwt, &key, &rules).is_err()) {
        return Response::builder().status(401).body(Body::empty()).unwrap();
    }
    let token = format!("issued-{}", hub.id());
    hub.tokens.insert(token.clone());
    let expires_at = second((clock().now)() + SignedDuration::from_hours(1));
    let issued = json!({ "token": token, "expires_at": expires_at, "permissions": { "issues": "read" } });
    Response::builder().status(201).body(Body::from(issued.to_string())).unwrap()
}
