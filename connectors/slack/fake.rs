//! Slack in miniature: the methods that are read, with pages of two.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::HeaderMap,
};
use serde_json::{Value, json};

use crate::conformance::serve;

pub(super) const TOKEN: &str = "xoxb-secret";
const PAGE: usize = 2;

#[derive(Default)]
pub(super) struct Slack {
    pub(super) channels: BTreeMap<String, Channel>,
    /// What `users.list` names; `users.info` knows those of other workspaces as well.
    pub(super) users: Vec<Value>,
    pub(super) strangers: Vec<Value>,
    pub(super) is_hidden: bool,
    pub(super) is_circling: bool,
    /// Answers of a method, instead of the right one.
    pub(super) refusals: HashMap<&'static str, Value>,
    pub(super) calls: Vec<String>,
}

#[derive(Default)]
pub(super) struct Channel {
    pub(super) name: String,
    pub(super) is_private: bool,
    pub(super) members: Vec<String>,
    /// By `ts`.
    pub(super) messages: BTreeMap<String, Value>,
    /// By the thread's `ts`.
    pub(super) replies: BTreeMap<String, Vec<Value>>,
}

pub(super) type Shared = Arc<Mutex<Slack>>;

pub(super) fn user(id: &str, email: &str) -> Value {
    let name = email.split('@').next().unwrap();
    json!({"id": id, "name": name, "deleted": false, "is_bot": false, "is_restricted": false,
        "profile": {"display_name": "", "real_name": name, "email": email}})
}

pub(super) async fn start(slack: Slack) -> (String, Shared) {
    let shared = Arc::new(Mutex::new(slack));
    let router = Router::new().route("/api/{method}", axum::routing::get(answer)).with_state(Arc::clone(&shared));
    (serve(router).await, shared)
}

type Fields = HashMap<String, String>;

async fn answer(
    State(slack): State<Shared>,
    Path(method): Path<String>,
    Query(fields): Query<Fields>,
    headers: HeaderMap,
) -> Json<Value> {
    let mut slack = slack.lock().unwrap();
    slack.calls.push(method.clone());
    if headers.get("authorization").is_none_or(|value| value != &format!("Bearer {TOKEN}")) {
        return Json(json!({"ok": false, "error": "invalid_auth"}));
    }
    if let Some(refusal) = slack.refusals.get(method.as_str()) {
        return Json(refusal.clone());
    }
    Json(slack.call(&method, &fields))
}

impl Slack {
    fn call(&self, method: &str, fields: &Fields) -> Value {
        let channel = fields.get("channel").and_then(|id| self.channels.get(id));
        match (method, channel) {
            ("auth.test", _) => json!({"ok": true, "url": "https://example.slack.com/", "team_id": "T1"}),
            ("users.list", _) => self.page("members", self.users.clone(), fields),
            ("users.info", _) => {
                let known = self.users.iter().chain(&self.strangers).find(|user| user["id"] == fields["user"]);
                known.map_or_else(
                    || json!({"ok": false, "error": "user_not_found"}),
                    |user| json!({"ok": true, "user": user}),
                )
            }
            ("conversations.list", _) => self.page("channels", self.list(&fields["types"]), fields),
            (_, None) => json!({"ok": false, "error": "channel_not_found"}),
            ("conversations.members", Some(channel)) => {
                self.page("members", channel.members.iter().map(|id| json!(id)).collect(), fields)
            }
            ("conversations.history", Some(channel)) => {
                let bound = |name: &str, otherwise: f64| fields.get(name).map_or(otherwise, |at| at.parse().unwrap());
                let (oldest, latest) = (bound("oldest", 0.0), bound("latest", f64::MAX));
                let is_asked = |ts: &str| (oldest..=latest).contains(&ts.parse::<f64>().unwrap());
                let asked = channel.messages.iter().rev().filter(|(ts, _)| is_asked(ts));
                let messages = asked.map(|(ts, message)| channel.with_thread(ts, message)).collect();
                self.page("messages", if self.is_hidden { Vec::new() } else { messages }, fields)
            }
            ("conversations.replies", Some(channel)) => {
                let Some(root) = channel.messages.get(&fields["ts"]) else {
                    return json!({"ok": false, "error": "thread_not_found"});
                };
                let replies = channel.replies.get(&fields["ts"]).cloned().unwrap_or_default();
                let mut page = self.page("messages", replies, fields);
                page["messages"].as_array_mut().unwrap().insert(0, channel.with_thread(&fields["ts"], root));
                page
            }
            _ => json!({"ok": false, "error": "unknown_method"}),
        }
    }

    fn list(&self, types: &str) -> Vec<Value> {
        let kind = |channel: &Channel| if channel.is_private { "private_channel" } else { "public_channel" };
        let listed = self
            .channels
            .iter()
            .filter(|(_, channel)| !self.is_hidden && types.split(',').any(|wanted| wanted == kind(channel)));
        let shown = |(id, channel): (&String, &Channel)| {
            json!({"id": id, "name": channel.name, "is_channel": true, "is_private": channel.is_private,
                "is_archived": false, "is_member": channel.name != "elsewhere"})
        };
        listed.map(shown).collect()
    }

    fn page(&self, key: &str, items: Vec<Value>, fields: &Fields) -> Value {
        let start = fields.get("cursor").map_or(0, |at| at.strip_prefix("page-").unwrap().parse().unwrap());
        let end = items.len().min(start + PAGE);
        let next = match () {
            () if self.is_circling => "page-0".to_owned(),
            () if end < items.len() => format!("page-{end}"),
            () => String::new(),
        };
        json!({"ok": true, key: items.get(start..end).unwrap_or_default(), "has_more": !next.is_empty(),
            "response_metadata": {"next_cursor": next}})
    }
}

impl Channel {
    fn with_thread(&self, ts: &str, message: &Value) -> Value {
        let mut message = message.clone();
        if let Some(replies) = self.replies.get(ts).filter(|replies| !replies.is_empty()) {
            message["thread_ts"] = json!(ts);
            message["reply_count"] = json!(replies.len());
        }
        message
    }

    pub(super) fn say(&mut self, ts: &str, text: &str) {
        self.messages.insert(ts.into(), json!({"type": "message", "user": "U1", "text": text, "ts": ts}));
    }

    pub(super) fn reply(&mut self, thread: &str, ts: &str, text: &str) {
        let reply = json!({"type": "message", "user": "U2", "text": text, "ts": ts, "thread_ts": thread});
        self.replies.entry(thread.into()).or_default().push(reply);
    }
}
