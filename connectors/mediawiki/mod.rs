//! MediaWiki as a source: the pages of chosen namespaces, as the wiki renders them.
//!
//! [Action API](https://www.mediawiki.org/wiki/API:Main_page): [allpages](https://www.mediawiki.org/wiki/API:Allpages) as a
//! generator with [info](https://www.mediawiki.org/wiki/API:Info), [parse](https://www.mediawiki.org/wiki/API:Parsing_wikitext),
//! [login](https://www.mediawiki.org/wiki/API:Login), [continuing](https://www.mediawiki.org/wiki/API:Continue),
//! [errors](https://www.mediawiki.org/wiki/API:Errors_and_warnings).

mod client;
mod sync;

use std::num::NonZeroU32;

use domain::{Batch, Connector, EngineError, EngineResult, Principal, Since};
use futures::stream::BoxStream;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::{Http, Parts, Secret, SourceConfig};

/// Settings of a MediaWiki source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MediaWikiConfig {
    /// Address of the wiki's `api.php`, such as `https://wiki.example.com/w/api.php`; `Special:Version` names it.
    pub url: String,
    /// Numbers of the namespaces that are read: 0 is articles, 4 the project's pages, 12 help, 14 categories.
    #[serde(default = "articles")]
    pub namespaces: Vec<i32>,
    /// Name of a bot password of `Special:BotPasswords`, such as `Ann@footnote`, for wikis that are not public. It needs
    /// the grant "Basic rights" alone.
    #[serde(default)]
    pub user: Option<String>,
    /// The bot password.
    #[serde(default)]
    pub password: Option<Secret>,
    /// Access token of an owner-only OAuth 2.0 consumer, instead of a bot password.
    #[serde(default)]
    pub token: Option<Secret>,
    /// Most requests a second.
    #[serde(default = "default_pace")]
    pub requests_per_second: NonZeroU32,
}

fn articles() -> Vec<i32> {
    vec![0]
}

fn default_pace() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(4)
}

/// Reports a wiki's pages. Every sync lists them all with their revisions; only changed ones are read.
struct MediaWiki {
    url: Url,
    config: MediaWikiConfig,
    readers: Vec<Principal>,
    http: Http,
}

impl SourceConfig for MediaWikiConfig {
    const KIND: &'static str = "mediawiki";
    const TITLE: &'static str = "MediaWiki";
    const SEES_READERS: bool = false;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let refuse = |why: &str| Err(EngineError::give_up(format!("mediawiki: {why}")));
        let Some(url) = Url::parse(&self.url).ok().filter(|url| url.path().ends_with("api.php")) else {
            return refuse(&format!("`url` is `{}`, but should end in api.php", self.url));
        };
        if self.namespaces.is_empty() {
            return refuse("`namespaces` is empty, so there is nothing to read");
        }
        if self.user.is_some() != self.password.is_some() {
            return refuse("`user` and `password` go together");
        }
        if self.user.is_some() && self.token.is_some() {
            return refuse("give either `user` and `password`, or `token`");
        }
        let readers = parts.rule(Self::TITLE)?;
        let http = parts.http.paced(self.requests_per_second);
        Ok(Box::new(MediaWiki { url, config: self, readers, http }))
    }
}

impl Connector for MediaWiki {
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
