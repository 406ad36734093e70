//! Feeds as a source: the entries of RSS, Atom and JSON feeds, with their own text or that of the page they link to.
//!
//! [RFC 4287](https://www.rfc-editor.org/rfc/rfc4287) (Atom), [RSS 2.0](https://www.rssboard.org/rss-specification),
//! [JSON Feed](https://www.jsonfeed.org/version/1.1/), all read by [feed-rs](https://docs.rs/feed-rs).

mod entry;
mod sync;

use std::num::NonZeroU32;

use domain::{Batch, Clock, Connector, EngineError, EngineResult, Principal, Since};
use futures::stream::BoxStream;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::{Http, Parts, Secret, SourceConfig, digest::digest, http::shown};

/// Settings of a feed source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeedConfig {
    /// Addresses of the feeds, which are not shown: many have a token in them.
    pub feeds: Vec<Secret>,
    /// What stands for an entry.
    #[serde(default)]
    pub text: FeedText,
    /// Largest feed or page that is read, in bytes.
    #[serde(default = "default_max_bytes")]
    pub max_bytes: u64,
    /// Most requests a second to one host; fewer where its `robots.txt` asks for it.
    #[serde(default = "default_pace")]
    pub requests_per_second: NonZeroU32,
}

/// What stands for an entry of a feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedText {
    /// The text in the feed itself, be it whole or a summary.
    #[default]
    Entry,
    /// The page it links to, as far as that page's `robots.txt` allows.
    Page,
}

fn default_max_bytes() -> u64 {
    32 << 20
}

fn default_pace() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(1)
}

/// Reports the entries of feeds. What falls out of a feed stays: a feed shows the newest only.
struct FeedConnector {
    feeds: Vec<Url>,
    config: FeedConfig,
    readers: Vec<Principal>,
    http: Http,
    clock: Clock,
}

impl SourceConfig for FeedConfig {
    const KIND: &'static str = "feed";
    const TITLE: &'static str = "RSS or Atom feed";
    const SEES_READERS: bool = false;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let feeds: Vec<Url> = self.feeds.iter().map(|text| address(text.expose())).collect::<EngineResult<_>>()?;
        if feeds.is_empty() {
            return Err(EngineError::give_up("feed: `feeds` names no address"));
        }
        let readers = parts.rule(Self::TITLE)?;
        Ok(Box::new(FeedConnector { feeds, config: self, readers, http: parts.http, clock: parts.clock }))
    }
}

fn address(text: &str) -> EngineResult<Url> {
    let url = Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| {
        EngineError::give_up("feed: one of `feeds` is no address such as https://example.com/feed.xml".to_owned())
    })
}

/// What a feed is called in the ids of its entries: its address as it may be shown. What is not shown may still tell two
/// feeds apart, so a digest stands for it.
fn name(feed: &Url) -> String {
    let shown = shown(feed);
    if shown == feed.as_str() { shown } else { format!("{shown}#{}", digest(&[feed.as_str().as_bytes()])) }
}

impl Connector for FeedConnector {
    fn changes(&self, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
        sync::changes(self, since)
    }
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod tests;
