//! What is read of Microsoft Teams.
//!
//! <https://learn.microsoft.com/en-us/graph/api/chatmessage-delta>, `channel-list-messages`, `chatmessage-list-replies`,
//! `channel-list`, `team-list-members`, `channel-list-members`, `channel-list-allmembers` and `teams-list` beside it.

use domain::{EngineError, EngineResult};
use jiff::Timestamp;
use reqwest::StatusCode;
use serde::Deserialize;

use crate::{
    graph::{Graph, segment},
    http::Request,
    pages::Pages,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Team {
    pub(super) id: String,
    #[serde(default)]
    pub(super) display_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Channel {
    pub(super) id: String,
    #[serde(default)]
    pub(super) display_name: String,
    /// `standard`, `private` or `shared`.
    #[serde(default)]
    pub(super) membership_type: String,
}

#[derive(Deserialize)]
struct Member {
    email: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Message {
    pub(super) id: String,
    /// `message`, unless Teams itself says something.
    pub(super) message_type: String,
    pub(super) created_date_time: Option<Timestamp>,
    pub(super) deleted_date_time: Option<Timestamp>,
    pub(super) subject: Option<String>,
    pub(super) from: Option<From>,
    pub(super) body: Body,
    pub(super) attachments: Vec<Attachment>,
    pub(super) web_url: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct From {
    pub(super) user: Option<Identity>,
    pub(super) application: Option<Identity>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Identity {
    pub(super) display_name: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Body {
    /// `html` or `text`.
    pub(super) content_type: String,
    pub(super) content: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Attachment {
    pub(super) name: Option<String>,
}

/// A team's channel, by path.
pub(super) fn path(team: &str, channel: &str) -> String {
    format!("teams/{}/channels/{}", segment(team), segment(channel))
}

pub(super) async fn teams(graph: &Graph) -> EngineResult<Vec<Team>> {
    graph.all("teams?$select=id,displayName").await
}

pub(super) async fn channels(graph: &Graph, team: &str) -> EngineResult<Vec<Channel>> {
    graph.all(&format!("teams/{}/channels?$select=id,displayName,membershipType", segment(team))).await
}

/// The e-mail addresses of those who read a channel, or a team's standard channels.
pub(super) async fn members(graph: &Graph, team: &str, channel: &Channel) -> EngineResult<Vec<String>> {
    let path = match channel.membership_type.as_str() {
        "standard" => format!("teams/{}/members", segment(team)),
        "shared" => format!("{}/allMembers", path(team, &channel.id)),
        _ => format!("{}/members", path(team, &channel.id)),
    };
    let members: Vec<Member> = graph.all(&path).await?;
    Ok(members.into_iter().filter_map(|member| member.email).collect())
}

/// A thread's first message; `None` when it is no more.
pub(super) async fn message(graph: &Graph, channel: &str, id: &str) -> EngineResult<Option<Message>> {
    let response = graph.send(Request::get(graph.url(&format!("{channel}/messages/{}", segment(id)))?)).await?;
    if response.status == StatusCode::NOT_FOUND { Ok(None) } else { response.ok()?.json().map(Some) }
}

/// The replies of a thread, oldest first.
pub(super) async fn replies(graph: &Graph, channel: &str, id: &str) -> EngineResult<Vec<Message>> {
    let mut replies: Vec<Message> = graph.all(&format!("{channel}/messages/{}/replies?$top=50", segment(id))).await?;
    replies.sort_by(|a, b| (a.created_date_time, &a.id).cmp(&(b.created_date_time, &b.id)));
    Ok(replies)
}

/// The first messages of threads that are new or changed, and where to ask for later ones. `None`: start over.
pub(super) async fn changed(graph: &Graph, at: &str) -> EngineResult<Option<(Vec<Message>, String)>> {
    let (mut messages, mut pages, mut at) = (Vec::new(), Pages::default(), at.to_owned());
    loop {
        pages.next("Microsoft Teams", &at)?;
        let Some(page) = graph.page::<Message>(&at, "").await? else { return Ok(None) };
        messages.extend(page.items);
        match (page.next, page.delta) {
            (Some(next), _) => at = next,
            (None, Some(delta)) => return Ok(Some((messages, delta))),
            (None, None) => return Err(EngineError::retry("read Microsoft Teams: a last page without a delta link")),
        }
    }
}

/// Where to ask for what changes after `now`.
pub(super) async fn later(graph: &Graph, channel: &str, now: Timestamp) -> EngineResult<String> {
    let at =
        format!("{channel}/messages/delta?$filter=lastModifiedDateTime%20gt%20{}", now.strftime("%Y-%m-%dT%H:%M:%SZ"));
    let changed = changed(graph, &at).await?;
    changed
        .map(|(_, delta)| delta)
        .ok_or_else(|| EngineError::retry("read Microsoft Teams: a channel without changes to ask for"))
}
