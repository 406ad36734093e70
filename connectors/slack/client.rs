//! The Web API of Slack, as far as it is read.
//!
//! Shapes: <https://docs.slack.dev/reference/methods/conversations.list>, `conversations.history`,
//! `conversations.replies`, `conversations.members`, `users.list`, `users.info` and `auth.test` beside it;
//! paging <https://docs.slack.dev/apis/web-api/pagination>, limits <https://docs.slack.dev/apis/web-api/rate-limits>.

use std::time::Duration;

use domain::{EngineError, EngineResult};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

use crate::{Http, Secret, http::Request, pages::Pages};

/// Patience when a limit is named in the body and not by the status.
const PATIENCE: Duration = Duration::from_secs(30);
/// Items asked for in a page; Slack recommends no more than 200.
const PAGE: &str = "200";

/// The API with the source's token.
pub(super) struct Client {
    pub(super) http: Http,
    pub(super) base: Url,
    pub(super) token: Secret,
}

#[derive(Deserialize)]
pub(super) struct Channel {
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) is_private: bool,
    #[serde(default)]
    pub(super) is_member: bool,
}

#[derive(Deserialize)]
pub(super) struct User {
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) deleted: bool,
    #[serde(default)]
    pub(super) is_bot: bool,
    /// A guest, who sees only the channels they are a member of.
    #[serde(default)]
    pub(super) is_restricted: bool,
    #[serde(default)]
    pub(super) profile: Profile,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Profile {
    pub(super) display_name: String,
    pub(super) real_name: String,
    pub(super) email: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    pub(super) ts: String,
    pub(super) thread_ts: Option<String>,
    pub(super) reply_count: u64,
    pub(super) subtype: Option<String>,
    pub(super) user: Option<String>,
    pub(super) username: Option<String>,
    pub(super) text: String,
    pub(super) attachments: Vec<Attachment>,
    pub(super) files: Vec<File>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Attachment {
    pub(super) title: Option<String>,
    pub(super) text: Option<String>,
    pub(super) fallback: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct File {
    pub(super) title: Option<String>,
    pub(super) name: Option<String>,
}

/// One page of a listing.
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    /// Where the next one is.
    pub(super) next: Option<String>,
}

impl Client {
    /// Where messages are opened: `https://example.slack.com/`.
    pub(super) async fn workspace(&self) -> EngineResult<Url> {
        let answer: Value = self.call("auth.test", &[]).await?;
        let url = answer.get("url").and_then(Value::as_str).unwrap_or_default();
        Url::parse(url).map_err(|error| EngineError::retry(format!("call Slack's auth.test: its url: {error}")))
    }

    pub(super) async fn channels(&self, types: &str) -> EngineResult<Vec<Channel>> {
        self.all("conversations.list", "channels", &[("types", types)]).await
    }

    pub(super) async fn users(&self) -> EngineResult<Vec<User>> {
        self.all("users.list", "members", &[]).await
    }

    /// A user; `None` for one whom the app may not see, or who is no more.
    pub(super) async fn user(&self, id: &str) -> EngineResult<Option<User>> {
        let answer: Value = match self.call("users.info", &[("user", id)]).await {
            Err(error) if ["user_not_visible", "user_not_found"].iter().any(|said| error.message.ends_with(said)) => {
                return Ok(None);
            }
            answer => answer?,
        };
        typed("users.info", answer.get("user").cloned().unwrap_or_default()).map(Some)
    }

    pub(super) async fn members(&self, channel: &str) -> EngineResult<Vec<String>> {
        self.all("conversations.members", "members", &[("channel", channel)]).await
    }

    /// A thread with the message it began with, oldest first. Each page repeats that message.
    pub(super) async fn replies(&self, channel: &str, ts: &str) -> EngineResult<Vec<Message>> {
        let fields = [("channel", channel), ("ts", ts)];
        let mut messages: Vec<Message> = self.all("conversations.replies", "messages", &fields).await?;
        messages.sort_by(|a, b| a.ts.cmp(&b.ts));
        messages.dedup_by(|a, b| a.ts == b.ts);
        Ok(messages)
    }

    /// A page of a channel's messages, newest first, from `latest` back to `oldest` (seconds).
    pub(super) async fn history(
        &self,
        channel: &str,
        (oldest, latest): (i64, Option<i64>),
        at: Option<&str>,
    ) -> EngineResult<Page<Message>> {
        let (oldest, latest) = (oldest.to_string(), latest.map(|latest| latest.to_string()));
        let mut fields = vec![("channel", channel), ("oldest", &oldest), ("inclusive", "true")];
        fields.extend(latest.as_deref().map(|latest| ("latest", latest)));
        self.page("conversations.history", "messages", &fields, at).await
    }

    async fn all<T: DeserializeOwned>(&self, method: &str, key: &str, fields: &[(&str, &str)]) -> EngineResult<Vec<T>> {
        let (mut items, mut pages, mut at) = (Vec::new(), Pages::default(), None);
        loop {
            let page = self.page(method, key, fields, at.as_deref()).await?;
            items.extend(page.items);
            let Some(next) = page.next else { return Ok(items) };
            pages.next(method, &next)?;
            at = Some(next);
        }
    }

    async fn page<T: DeserializeOwned>(
        &self,
        method: &str,
        key: &str,
        fields: &[(&str, &str)],
        at: Option<&str>,
    ) -> EngineResult<Page<T>> {
        let mut fields = fields.to_vec();
        fields.push(("limit", PAGE));
        fields.extend(at.map(|at| ("cursor", at)));
        let mut answer: Value = self.call(method, &fields).await?;
        let next = answer.pointer("/response_metadata/next_cursor").and_then(Value::as_str).unwrap_or_default();
        let next = (!next.is_empty()).then(|| next.to_owned());
        let items = answer.get_mut(key).map(Value::take);
        let items =
            items.ok_or_else(|| EngineError::retry(format!("call Slack's {method}: its answer has no {key}")))?;
        Ok(Page { items: typed(method, items)?, next })
    }

    async fn call<T: DeserializeOwned>(&self, method: &str, fields: &[(&str, &str)]) -> EngineResult<T> {
        let url = self.base.join(method);
        let mut url = url.map_err(|error| EngineError::give_up(format!("call Slack's {method}: {error}")))?;
        url.query_pairs_mut().extend_pairs(fields);
        // Slack needs no redirects; with them, the answer of another host could count as Slack's.
        let answer: Value = self.http.json(&Request::get(url).bearer(&self.token).stay()).await?;
        if answer.get("ok").and_then(Value::as_bool) == Some(true) {
            typed(method, answer)
        } else {
            Err(refused(method, &answer))
        }
    }
}

fn typed<T: DeserializeOwned>(method: &str, answer: Value) -> EngineResult<T> {
    serde_json::from_value(answer)
        .map_err(|error| EngineError::retry(format!("call Slack's {method}: its answer is not as expected: {error}")))
}

/// What an answer without `ok` means: <https://docs.slack.dev/reference/methods/conversations.history#errors>.
fn refused(method: &str, answer: &Value) -> EngineError {
    let said: String = answer.get("error").and_then(Value::as_str).unwrap_or("no reason").chars().take(100).collect();
    let needed = answer.get("needed").and_then(Value::as_str).unwrap_or("the one that the method names");
    let message = format!("call Slack's {method}: {said}");
    match said.as_str() {
        "ratelimited" | "rate_limited" => EngineError::retry_in(message, PATIENCE),
        "internal_error" | "fatal_error" | "request_timeout" | "service_unavailable" | "no reason" => {
            EngineError::retry(message)
        }
        "invalid_auth" | "not_authed" | "account_inactive" | "token_revoked" | "token_expired" => EngineError::give_up(
            format!("{message}: Slack does not accept the token; install the app again and renew it"),
        ),
        "missing_scope" => EngineError::give_up(format!(
            "{message}: add the scope `{}` to the app and install it again",
            needed.chars().take(100).collect::<String>()
        )),
        _ => EngineError::give_up(message),
    }
}
