//! A forum in memory: topics with posts in small pages, categories with permissions, groups, users.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::{Path, RawQuery, Request, State},
    http::{HeaderMap, StatusCode},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::conformance::serve;

/// Topics in a list, posts in a topic's first answer, users and members in theirs.
const PAGE: usize = 2;

#[derive(Clone, Default)]
pub(super) struct Forum(pub(super) Arc<Mutex<Store>>);

#[derive(Default)]
pub(super) struct Store {
    pub(super) topics: BTreeMap<u64, Topic>,
    /// Groups that may read a category; a category that everybody may read has none.
    pub(super) categories: BTreeMap<i64, Vec<String>>,
    /// Names by group.
    pub(super) groups: BTreeMap<String, Vec<String>>,
    /// Every user's name is also the beginning of the e-mail address.
    pub(super) users: Vec<String>,
    pub(super) count: u64,
    pub(super) is_hidden: bool,
    pub(super) is_repeating: bool,
    /// The key is no admin's: it may read, but is shown no permissions.
    pub(super) is_plain_key: bool,
    /// A topic that slipped from one page of the list to the one before.
    pub(super) slipped: Option<u64>,
}

#[derive(Clone)]
pub(super) struct Topic {
    pub(super) title: String,
    pub(super) category: i64,
    pub(super) bumped: u64,
    /// Type and text.
    pub(super) posts: Vec<(u8, String)>,
    pub(super) archetype: &'static str,
}

impl Forum {
    pub(super) async fn serve(&self) -> String {
        let router = Router::new()
            .route("/site.json", get(site))
            .route("/c/{id}/show.json", get(category))
            .route("/groups/{name}/members.json", get(members))
            .route("/admin/users/list/active.json", get(users))
            .route("/latest.json", get(latest))
            .route("/t/{id}", get(topic))
            .route("/t/{id}/posts.json", get(posts))
            .layer(from_fn(check_key));
        serve(router.with_state(self.clone())).await
    }

    /// Starts a topic, or edits its last post, which bumps it.
    pub(super) fn put(&self, title: &str, text: &str) {
        let state = &mut *self.0.lock().unwrap();
        state.count += 1;
        let count = state.count;
        state.categories.entry(1).or_default();
        match state.topics.values_mut().find(|topic| topic.title == title) {
            Some(topic) => {
                topic.bumped = count;
                topic.posts.last_mut().unwrap().1 = text.into();
            }
            None => {
                let posts = vec![(1, text.into())];
                let topic = Topic { title: title.into(), category: 1, bumped: count, posts, archetype: "regular" };
                state.topics.insert(count, topic);
            }
        }
    }

    pub(super) fn with(&self, title: &str, change: impl FnOnce(&mut Topic)) {
        change(self.0.lock().unwrap().topics.values_mut().find(|topic| topic.title == title).unwrap());
    }

    /// The topic goes to a category that only the group may read.
    pub(super) fn restrict(&self, title: &str, group: &str, emails: &[&str]) {
        let state = &mut *self.0.lock().unwrap();
        let names: Vec<String> = emails.iter().map(|email| email.split('@').next().unwrap().to_owned()).collect();
        for name in &names {
            if !state.users.contains(name) {
                state.users.push(name.clone());
            }
        }
        state.groups.insert(group.into(), names);
        let known = state.categories.iter().find(|(_, groups)| groups.iter().any(|name| name == group));
        let category = known.map_or(state.categories.len() as i64 + 1, |(id, _)| *id);
        state.categories.insert(category, vec![group.to_owned()]);
        state.topics.values_mut().find(|topic| topic.title == title).unwrap().category = category;
    }

    pub(super) fn delete(&self, title: &str) {
        self.0.lock().unwrap().topics.retain(|_, topic| topic.title != title);
    }
}

async fn check_key(headers: HeaderMap, request: Request, next: Next) -> Response {
    let value = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap());
    match (value("api-key"), value("api-username")) {
        ("admin-key", "system") => next.run(request).await,
        _ => denied(),
    }
}

fn denied() -> Response {
    (StatusCode::FORBIDDEN, Json(json!({ "errors": ["You are not permitted"], "error_type": "invalid_access" })))
        .into_response()
}

fn missing() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({ "errors": ["not found"], "error_type": "not_found" }))).into_response()
}

fn query(text: Option<String>) -> HashMap<String, String> {
    form_urlencoded::parse(text.unwrap_or_default().as_bytes()).into_owned().collect()
}

fn page<T: Clone>(all: &[T], from: usize) -> Vec<T> {
    all.iter().skip(from).take(PAGE).cloned().collect()
}

async fn site(State(forum): State<Forum>) -> Response {
    let state = forum.0.lock().unwrap();
    let category = |(id, groups): (&i64, &Vec<String>)| json!({ "id": id, "name": format!("c{id}"), "read_restricted": !groups.is_empty() });
    Json(json!({ "categories": state.categories.iter().map(category).collect::<Vec<_>>() })).into_response()
}

async fn category(State(forum): State<Forum>, Path(id): Path<i64>) -> Response {
    let state = forum.0.lock().unwrap();
    let Some(groups) = state.categories.get(&id) else { return missing() };
    let mut category = json!({ "id": id, "name": format!("c{id}"), "read_restricted": !groups.is_empty() });
    if !state.is_plain_key {
        let permissions = groups.iter().map(|group| json!({ "permission_type": 1, "group_name": group }));
        category["group_permissions"] = permissions.collect();
    }
    Json(json!({ "category": category })).into_response()
}

async fn members(State(forum): State<Forum>, Path(name): Path<String>, RawQuery(asked): RawQuery) -> Response {
    let state = forum.0.lock().unwrap();
    let Some(names) = state.groups.get(&name) else { return missing() };
    let id = |name: &String| state.users.iter().position(|user| user == name).unwrap();
    let all: Vec<Value> = names.iter().map(|name| json!({ "id": id(name), "username": name })).collect();
    let offset: usize = query(asked)["offset"].parse().unwrap();
    Json(json!({ "members": page(&all, offset), "owners": [], "meta": { "total": all.len(), "limit": PAGE, "offset": offset } })).into_response()
}

async fn users(State(forum): State<Forum>, RawQuery(asked): RawQuery) -> Response {
    let state = forum.0.lock().unwrap();
    if state.is_plain_key {
        return missing();
    }
    let asked = query(asked);
    assert_eq!(asked["show_emails"], "true");
    let user =
        |(id, name): (usize, &String)| json!({ "id": id, "username": name, "email": format!("{name}@example.com") });
    let all: Vec<Value> = state.users.iter().enumerate().map(user).collect();
    Json(page(&all, (asked["page"].parse::<usize>().unwrap() - 1) * PAGE)).into_response()
}

fn time(count: u64) -> String {
    format!("2026-01-01T{:02}:{:02}:{:02}.000Z", count / 3_600, count / 60 % 60, count % 60)
}

async fn latest(State(forum): State<Forum>, RawQuery(asked): RawQuery) -> Response {
    let state = forum.0.lock().unwrap();
    let asked = query(asked);
    assert_eq!((asked["order"].as_str(), asked["ascending"].as_str()), ("created", "true"));
    let is_shown =
        |(id, topic): &(&u64, &Topic)| topic.archetype == "regular" && !state.is_hidden && state.slipped != Some(**id);
    let listed = |(id, topic): (&u64, &Topic)| {
        json!({
            "id": id, "title": topic.title, "slug": "slug", "category_id": topic.category, "posts_count": topic.posts.len(),
            "highest_post_number": topic.posts.len(), "bumped_at": time(topic.bumped), "archetype": topic.archetype,
        })
    };
    let all: Vec<Value> = state.topics.iter().filter(is_shown).map(listed).collect();
    let number: usize = if state.is_repeating { 0 } else { asked["page"].parse().unwrap() };
    let mut list = json!({ "per_page": PAGE, "topics": page(&all, number * PAGE) });
    if (number + 1) * PAGE < all.len() {
        list["more_topics_url"] = json!(format!("/latest?page={}", number + 1));
    }
    Json(json!({ "users": [], "topic_list": list })).into_response()
}

fn post(topic: u64, number: usize, (kind, text): &(u8, String)) -> Value {
    json!({
        "id": topic * 100 + number as u64, "post_number": number + 1, "username": "ann", "created_at": time(topic),
        "cooked": format!("<p>{text}</p>"), "post_type": kind, "hidden": false,
    })
}

async fn topic(State(forum): State<Forum>, Path(id): Path<String>) -> Response {
    let state = forum.0.lock().unwrap();
    let id: u64 = id.trim_end_matches(".json").parse().unwrap();
    let Some(topic) = state.topics.get(&id) else { return missing() };
    let posts: Vec<Value> = topic.posts.iter().enumerate().map(|(number, text)| post(id, number, text)).collect();
    let stream: Vec<&Value> = posts.iter().map(|post| &post["id"]).collect();
    Json(json!({
        "id": id, "title": topic.title, "category_id": topic.category, "archetype": topic.archetype,
        "post_stream": { "posts": page(&posts, 0), "stream": stream },
    }))
    .into_response()
}

async fn posts(State(forum): State<Forum>, Path(id): Path<u64>, RawQuery(asked): RawQuery) -> Response {
    let state = forum.0.lock().unwrap();
    let Some(topic) = state.topics.get(&id) else { return missing() };
    let asked = asked.unwrap_or_default();
    let ids: BTreeSet<u64> = form_urlencoded::parse(asked.as_bytes())
        .filter(|(name, _)| name == "post_ids[]")
        .map(|(_, id)| id.parse().unwrap())
        .collect();
    assert!(!ids.is_empty() && ids.len() <= 20);
    let all = topic.posts.iter().enumerate().map(|(number, text)| post(id, number, text));
    let found: Vec<Value> = all.filter(|post| ids.contains(&post["id"].as_u64().unwrap())).collect();
    Json(json!({ "post_stream": { "posts": found }, "id": id })).into_response()
}
