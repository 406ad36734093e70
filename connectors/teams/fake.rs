//! Teams, channels and messages of Microsoft Graph in miniature.

use std::collections::BTreeMap;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::graph::fake::{Asked, Service, refused};

#[derive(Default)]
pub(super) struct Teams {
    /// By team, then by channel.
    pub(super) teams: BTreeMap<String, BTreeMap<String, Channel>>,
    /// Who is in a team.
    pub(super) members: BTreeMap<String, Vec<Value>>,
    /// Counts changes.
    pub(super) clock: usize,
    /// Places before this one are forgotten.
    pub(super) forgotten: usize,
    pub(super) is_hidden: bool,
}

#[derive(Default)]
pub(super) struct Channel {
    /// `standard`, `private` or `shared`.
    pub(super) kind: String,
    pub(super) members: Vec<Value>,
    /// First messages by id, each with when it was changed last.
    pub(super) messages: BTreeMap<String, (usize, Value)>,
    pub(super) replies: BTreeMap<String, Vec<Value>>,
}

pub(super) fn member(email: &str) -> Value {
    json!({"@odata.type": "#microsoft.graph.aadUserConversationMember", "id": email, "email": email, "displayName": email})
}

pub(super) fn message(id: &str, text: &str) -> Value {
    json!({"id": id, "messageType": "message", "createdDateTime": "2026-11-24T12:00:00.5Z", "deletedDateTime": null,
        "subject": null, "from": {"user": {"id": "1", "displayName": "Ann"}}, "webUrl": format!("https://teams.microsoft.com/l/message/{id}"),
        "body": {"contentType": "text", "content": text}, "attachments": []})
}

impl Teams {
    pub(super) fn channel(&mut self, team: &str, channel: &str) -> &mut Channel {
        let made = || Channel { kind: "standard".into(), ..Channel::default() };
        self.teams.entry(team.into()).or_default().entry(channel.into()).or_insert_with(made)
    }

    pub(super) fn say(&mut self, team: &str, channel: &str, message: Value) {
        self.clock += 1;
        let (now, id) = (self.clock, message["id"].as_str().unwrap().to_owned());
        self.channel(team, channel).messages.insert(id, (now, message));
    }

    /// Replies do not change the message they answer.
    pub(super) fn reply(&mut self, team: &str, channel: &str, to: &str, message: Value) {
        self.channel(team, channel).replies.entry(to.into()).or_default().push(message);
    }

    fn messages(&self, channel: &Channel, asked: &Asked<'_>) -> Response {
        match asked.path[4..] {
            ["messages"] => asked.page(channel.messages.values().rev().map(|(_, message)| message.clone()).collect()),
            ["messages", "delta"] => {
                let from = asked.query.get("token").map(|at| at.parse::<usize>().unwrap());
                if from.is_some_and(|from| from < self.forgotten) {
                    return refused(StatusCode::GONE, "SyncStateNotFound");
                }
                // Whoever begins asks for what is changed from now on.
                assert!(from.is_some() || asked.query["$filter"].starts_with("lastModifiedDateTime gt 20"));
                let mut log: Vec<_> = channel.messages.values().filter(|_| from.is_some()).cloned().collect();
                log.sort_by_key(|(at, _)| *at);
                asked.delta(&log, self.clock + 1)
            }
            ["messages", id] => match channel.messages.get(id) {
                Some((_, message)) => Json(message).into_response(),
                None => refused(StatusCode::NOT_FOUND, "NotFound"),
            },
            ["messages", id, "replies"] => asked.page(channel.replies.get(id).cloned().unwrap_or_default()),
            ["members"] if channel.kind == "private" => asked.page(channel.members.clone()),
            ["allMembers"] if channel.kind == "shared" => asked.page(channel.members.clone()),
            _ => refused(StatusCode::NOT_FOUND, "NotFound"),
        }
    }
}

impl Service for Teams {
    fn answer(&mut self, asked: &Asked<'_>) -> Response {
        match asked.path[..] {
            ["teams"] => {
                let teams = self.teams.keys().filter(|_| !self.is_hidden);
                asked.page(teams.map(|id| json!({"id": id, "displayName": format!("Team {id}")})).collect())
            }
            ["teams", team, "members"] => asked.page(self.members.get(team).cloned().unwrap_or_default()),
            ["teams", team, "channels"] => {
                let channels = self.teams.get(team).into_iter().flatten().filter(|_| !self.is_hidden);
                let shown =
                    channels.map(|(id, channel)| json!({"id": id, "displayName": id, "membershipType": channel.kind}));
                asked.page(shown.collect())
            }
            ["teams", team, "channels", channel, ..] => match self.teams.get(team).and_then(|team| team.get(channel)) {
                Some(channel) => self.messages(channel, asked),
                None => refused(StatusCode::NOT_FOUND, "NotFound"),
            },
            _ => refused(StatusCode::NOT_FOUND, "NotFound"),
        }
    }
}
