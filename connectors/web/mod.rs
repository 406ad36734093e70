//! Web sites as a source: crawls from start addresses and sitemaps, within bounds, as politely as each host asks.
//!
//! The rules kept: [RFC 9309](https://www.rfc-editor.org/rfc/rfc9309) (robots.txt),
//! [sitemaps.org](https://www.sitemaps.org/protocol.html), [RFC 6596](https://www.rfc-editor.org/rfc/rfc6596)
//! (`rel=canonical`), [robots meta tags and headers](https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag),
//! [RFC 9110](https://www.rfc-editor.org/rfc/rfc9110#section-13) (conditional requests).

mod address;
mod crawl;
mod frontier;
mod links;
mod memory;
mod page;
mod seeds;
mod sitemap;
mod visit;

use std::{num::NonZeroU32, path::PathBuf};

use domain::{Batch, Clock, Connector, EngineError, EngineResult, Principal, Since};
use futures::stream::BoxStream;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use address::Scope;

use crate::{Http, Parts, Secret, SourceConfig, http::shown};

/// Settings of a web source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebConfig {
    /// Addresses the crawl starts from.
    #[serde(default)]
    pub start: Vec<String>,
    /// Sitemaps, or indexes of sitemaps, whose pages are read. Those that `robots.txt` names are read as well.
    #[serde(default)]
    pub sitemaps: Vec<String>,
    /// Beginnings of the addresses that may be read, such as `https://example.com/docs/`. If there is none: what lies
    /// beside or below the start addresses and sitemaps.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Beginnings of addresses, or of paths such as `/blog/tags/`, that are not read.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Whether links are followed. If not, only start addresses and the pages of sitemaps are read.
    #[serde(default = "yes")]
    pub follow_links: bool,
    /// Whether a page is taken to be unchanged as long as its sitemap gives the same time of change for it.
    #[serde(default = "yes")]
    pub trust_sitemap_times: bool,
    /// Parameters that make no other page of an address, beside the usual ones for tracking and sessions.
    #[serde(default)]
    pub ignore_parameters: Vec<String>,
    /// How many links away from a start address or a sitemap's page a page may be.
    #[serde(default = "default_depth")]
    pub max_depth: usize,
    /// Most pages requested in a sync.
    #[serde(default = "default_pages")]
    pub max_pages: usize,
    /// Most addresses that differ only in what follows the `?`.
    #[serde(default = "default_variants")]
    pub max_variants: usize,
    /// Largest page that is read, in bytes.
    #[serde(default = "default_page_bytes")]
    pub max_page_bytes: u64,
    /// Most bytes read in a sync.
    #[serde(default = "default_bytes")]
    pub max_bytes: u64,
    /// Most minutes a sync may take.
    #[serde(default = "default_minutes")]
    pub max_minutes: u32,
    /// Most requests a second to one host; fewer where its `robots.txt` asks for it.
    #[serde(default = "default_pace")]
    pub requests_per_second: NonZeroU32,
    /// User name, where a site asks for one (HTTP basic authentication); sent to the hosts of `start` and `sitemaps` only.
    #[serde(default)]
    pub user: Option<String>,
    /// The user's password.
    #[serde(default)]
    pub password: Option<Secret>,
}

impl WebConfig {
    /// Most addresses that are kept in mind, so that no site fills the memory with links that are never followed.
    fn most_addresses(&self) -> usize {
        self.max_pages.saturating_mul(10)
    }
}

fn yes() -> bool {
    true
}
fn default_depth() -> usize {
    20
}
fn default_pages() -> usize {
    10_000
}
fn default_variants() -> usize {
    100
}
fn default_page_bytes() -> u64 {
    32 << 20
}
fn default_bytes() -> u64 {
    4 << 30
}
fn default_minutes() -> u32 {
    240
}
fn default_pace() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(1)
}

/// Reports the pages of web sites. Every sync walks the whole site; what has not changed is not read again.
struct WebConnector {
    config: WebConfig,
    start: Vec<Url>,
    sitemaps: Vec<Url>,
    scope: Scope,
    readers: Vec<Principal>,
    http: Http,
    clock: Clock,
    /// Where links of unchanged pages are remembered.
    memory: PathBuf,
}

impl SourceConfig for WebConfig {
    const KIND: &'static str = "web";
    const TITLE: &'static str = "Web site";
    const SEES_READERS: bool = false;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let (start, sitemaps) = (addresses(&self.start)?, addresses(&self.sitemaps)?);
        if start.is_empty() && sitemaps.is_empty() {
            return Err(EngineError::give_up("web: neither `start` nor `sitemaps` names an address"));
        }
        let given = start.iter().chain(&sitemaps);
        let scope = Scope::new(given, &self.allow, &self.exclude)?;
        if let Some(outside) = start.iter().find(|url| !scope.holds(url)) {
            return Err(EngineError::give_up(format!(
                "web: {} is a start, but `allow` and `exclude` keep it out",
                shown(outside)
            )));
        }
        let readers = parts.rule(Self::TITLE)?;
        let memory = parts.work_dir.join("links.json");
        let Parts { http, clock, .. } = parts;
        Ok(Box::new(WebConnector { config: self, start, sitemaps, scope, readers, http, clock, memory }))
    }
}

fn addresses(texts: &[String]) -> EngineResult<Vec<Url>> {
    texts.iter().map(|text| address::parse(text)).collect()
}

impl Connector for WebConnector {
    fn changes(&self, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
        crawl::changes(self, since)
    }
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod nginx;
#[cfg(test)]
mod tests;
