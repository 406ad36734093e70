//! What is read of Microsoft Teams.
//!
//! <https://learn.microsoft.com/en-us/graph/api/chatmessage-delta>, `channel-list-messages`, `chatmessage-list-replies`,
//! `channel-list`, `team-list-members`, `channel-list-members`, `channel-list-allmembers` and `teams-list` beside it.

use domain::{EngineError, EngineResult};
use jiff::Timestamp;
use reqwest::StatusCode;
use serde::Deserialize;

use crate::{
    graph::{Asked, Graph, segment},
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
    graph.all("teams?$select=id,displayName").await?.map_err(EngineError::give_up)
}

/// A team's channels, or why they are closed to us.
pub(super) async fn channels(graph: &Graph, team: &str) -> EngineResult<Result<Vec<Channel>, String>> {
    graph.all(&format!("teams/{}/channels?$select=id,displayName,membershipType", segment(team))).await
}

/// The e-mail addresses of those who read a channel, or a team's standard channels; or why they are closed to us.
pub(super) async fn members(graph: &Graph, team: &str, channel: &Channel) -> EngineResult<Result<Vec<String>, String>> {
    let path = match channel.membership_type.as_str() {
        "standard" => format!("teams/{}/members", segment(team)),
        "shared" => format!("{}/allMembers", path(team, &channel.id)),
        _ => format!("{}/members", path(team, &channel.id)),
    };
    let members: Result<Vec<Member>, String> = graph.all(&path).await?;
    Ok(members.map(|members| members.into_iter().filter_map(|member| member.email).collect()))
}

/// A thread's first message, `None` when it is no more; or why it is closed to us.
pub(super) async fn message(graph: &Graph, channel: &str, id: &str) -> EngineResult<Result<Option<Message>, String>> {
    let response = graph.send(Request::get(graph.url(&format!("{channel}/messages/{}", segment(id)))?)).await?;
    if response.status == StatusCode::NOT_FOUND { Ok(Ok(None)) } else { Ok(response.item()?.map(Some)) }
}

/// The replies of a thread, oldest first; or why they are closed to us.
pub(super) async fn replies(graph: &Graph, channel: &str, id: &str) -> EngineResult<Result<Vec<Message>, String>> {
    let path = format!("{channel}/messages/{}/replies?$top=50", segment(id));
    let replies: Result<Vec<Message>, String> = graph.all(&path).await?;
    Ok(replies.map(|mut replies| {
        replies.sort_by(|a, b| (a.created_date_time, &a.id).cmp(&(b.created_date_time, &b.id)));
        replies
    }))
}

/// The first messages of threads that are new or changed, and where to ask for later ones.
pub(super) enum Changed {
    Since(Vec<Message>, String),
    /// The place is no longer known.
    Forgotten,
    /// The channel is closed to us; the reason.
    Refused(String),
}

pub(super) async fn changed(graph: &Graph, at: &str) -> EngineResult<Changed> {
    let (mut messages, mut pages, mut at) = (Vec::new(), Pages::default(), at.to_owned());
    loop {
        pages.next("Microsoft Teams", &at)?;
        let page = match graph.page::<Message>(&at, "").await? {
            Asked::Page(page) => page,
            Asked::Gone => return Ok(Changed::Forgotten),
            Asked::Refused(reason) => return Ok(Changed::Refused(reason)),
        };
        messages.extend(page.items);
        match (page.next, page.delta) {
            (Some(next), _) => at = next,
            (None, Some(delta)) => return Ok(Changed::Since(messages, delta)),
            (None, None) => return Err(EngineError::retry("read Microsoft Teams: a last page without a delta link")),
        }
    }
}

/// Where to ask for what changes after `now`, or why the channel is closed to us.
pub(super) async fn later(graph: &Graph, channel: &str, now: Timestamp) -> EngineResult<Result<String, String>> {
    let at =
        format!("{channel}/messages/delta?$filter=lastModifiedDateTime%20gt%20{}", now.strftime("%Y-%m-%dT%H:%M:%SZ"));
    match changed(graph, &at).await? {
        Changed::Since(_, delta) => Ok(Ok(delta)),
        Changed::Refused(reason) => Ok(Err(reason)),
        Changed::Forgotten => Err(EngineError::retry("read Microsoft Teams: a channel without changes to ask for")),
    }
}
