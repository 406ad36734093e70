//! BookStack as a source: its pages, each with the book and chapter it stands in.
//!
//! [REST API](https://demo.bookstackapp.com/api/docs), which every instance documents under `/api/docs`: authentication, listing
//! endpoints with `count`, `sort` and `filter`, pages, books and chapters.

mod client;
mod sync;

use std::num::NonZeroU32;

use domain::{Batch, Clock, Connector, EngineError, EngineResult, Principal, Since};
use futures::stream::BoxStream;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::{Http, Parts, Secret, SourceConfig};

/// Settings of a BookStack source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BookStackConfig {
    /// Address of the instance, such as `https://books.example.com`.
    pub url: String,
    /// Id of an API token, from the profile of a user who may see what is to be read and whose role may "Access system API".
    pub token_id: String,
    /// The token's secret.
    pub token_secret: Secret,
    /// Most requests a second. BookStack allows 180 a minute unless its `API_REQUESTS_PER_MIN` says otherwise.
    #[serde(default = "default_pace")]
    pub requests_per_second: NonZeroU32,
}

fn default_pace() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(1)
}

/// Reports the pages that the token's user sees. Every sync lists them all; only changed ones are read.
struct BookStack {
    url: Url,
    config: BookStackConfig,
    readers: Vec<Principal>,
    http: Http,
    clock: Clock,
}

impl SourceConfig for BookStackConfig {
    const KIND: &'static str = "bookstack";
    const TITLE: &'static str = "BookStack";
    const SEES_READERS: bool = false;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let url = Url::parse(&format!("{}/", self.url.trim().trim_end_matches('/'))).ok();
        let Some(url) = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.query().is_none()) else {
            return Err(EngineError::give_up(format!(
                "bookstack: `url` is `{}`, but should be like https://books.example.com",
                self.url
            )));
        };
        if self.token_id.trim().is_empty() || self.token_secret.expose().trim().is_empty() {
            return Err(EngineError::give_up("bookstack: `token_id` and `token_secret` are both needed"));
        }
        let readers = parts.rule(Self::TITLE)?;
        let http = parts.http.paced(self.requests_per_second);
        Ok(Box::new(BookStack { url, config: self, readers, http, clock: parts.clock }))
    }
}

impl Connector for BookStack {
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
