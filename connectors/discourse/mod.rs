//! Discourse as a source: topics with all their posts, readable by whom their category lets read.
//!
//! [Discourse API](https://docs.discourse.org): `site.json`, `c/{id}/show.json` (permissions of a category, shown to admins),
//! `groups/{name}/members.json`, `admin/users/list/active.json` (e-mail addresses), `latest.json`, `t/{id}.json`,
//! `t/{id}/posts.json`.

mod access;
mod client;
mod sync;
mod topic;

use std::num::NonZeroU32;

use domain::{Batch, Connector, EngineError, EngineResult, Principal, Since};
use futures::stream::BoxStream;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::{Http, Parts, Secret, SourceConfig};

/// Settings of a Discourse source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscourseConfig {
    /// Address of the forum, such as `https://forum.example.com`.
    pub url: String,
    /// API key. Without one only what is public is read; for categories that only some groups may read it has to be a
    /// global key of an admin.
    #[serde(default)]
    pub api_key: Option<Secret>,
    /// User the key acts for.
    #[serde(default = "system")]
    pub api_user: String,
    /// Most requests a second. Discourse allows 60 a minute to an admin's key unless its settings say otherwise.
    #[serde(default = "default_pace")]
    pub requests_per_second: NonZeroU32,
}

fn system() -> String {
    "system".into()
}

fn default_pace() -> NonZeroU32 {
    NonZeroU32::MIN
}

/// Reports a forum's topics. Every sync lists them all; only those that something was posted in are read.
struct Discourse {
    url: Url,
    config: DiscourseConfig,
    /// Who may read what the forum shows to all its members.
    readers: Vec<Principal>,
    http: Http,
}

impl SourceConfig for DiscourseConfig {
    const KIND: &'static str = "discourse";
    const TITLE: &'static str = "Discourse";
    const SEES_READERS: bool = false;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let url = Url::parse(&format!("{}/", self.url.trim().trim_end_matches('/'))).ok();
        let Some(url) = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.query().is_none()) else {
            return Err(EngineError::give_up(format!(
                "discourse: `url` is `{}`, but should be like https://forum.example.com",
                self.url
            )));
        };
        let readers = parts.rule(Self::TITLE)?;
        let http = parts.http.paced(self.requests_per_second);
        Ok(Box::new(Discourse { url, config: self, readers, http }))
    }
}

impl Connector for Discourse {
    fn changes(&self, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
        sync::changes(self, since)
    }
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
