//! One sync of a wiki: all pages are listed with their revisions, and the changed ones read.

use std::collections::{BTreeMap, BTreeSet};

use async_stream::try_stream;
use domain::{Batch, Change, EngineError, EngineResult, RawDocument, Since};
use futures::stream::BoxStream;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{MediaWiki, client::Api};
use crate::{gather::Gather, pages::Pages};

/// Most ids in one question, for accounts without higher limits.
const MOST_IDS: usize = 50;

/// Parts of every question about pages.
const INFO: &[(&str, &str)] = &[("action", "query"), ("prop", "info"), ("inprop", "url")];

#[derive(Deserialize)]
struct Listing {
    query: Option<Query>,
    #[serde(rename = "continue")]
    next: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Query {
    #[serde(default)]
    pages: Vec<Page>,
}

/// A page as [info](https://www.mediawiki.org/wiki/API:Info) shows it.
#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    pageid: u64,
    #[serde(default)]
    ns: i32,
    #[serde(default)]
    title: String,
    #[serde(default)]
    lastrevid: u64,
    /// When the rendered page last changed, if only by a template.
    #[serde(default)]
    touched: String,
    #[serde(default)]
    fullurl: String,
    #[serde(default)]
    redirect: bool,
    #[serde(default)]
    missing: bool,
}

#[derive(Deserialize)]
struct Parsed {
    parse: Parse,
}

#[derive(Deserialize)]
struct Parse {
    text: String,
}

pub(super) fn changes(wiki: &MediaWiki, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
    Box::pin(try_stream! {
        let api = Api::open(wiki).await?;
        let pages = wiki.pages(&api, &since).await?;
        let total = Some(pages.len() as u64);
        let mut gather = Gather::default();
        let mut listing = Vec::new();
        for page in pages.into_values() {
            let Some(change) = wiki.change(&api, &since, &page).await? else { continue };
            listing.push(page.pageid.to_string());
            gather.push(change);
            if gather.is_full() {
                yield gather.take(None, total);
            }
        }
        yield gather.last(None, Some(listing));
    })
}

impl MediaWiki {
    /// Every page there is, by id.
    async fn pages(&self, api: &Api<'_>, since: &Since) -> EngineResult<BTreeMap<u64, Page>> {
        let mut found = BTreeMap::new();
        for namespace in &self.config.namespaces {
            self.list(api, *namespace, &mut found).await?;
        }
        if found.is_empty() {
            return Err(EngineError::retry(format!("list {}: it names no pages at all; nothing is changed", self.url)));
        }
        // The list is in the order of titles: a page that got another title meanwhile may have slipped through.
        let held: BTreeSet<u64> = since.ids().filter_map(|id| id.parse().ok()).collect();
        let unmet: Vec<String> =
            held.into_iter().filter(|id| !found.contains_key(id)).map(|id| id.to_string()).collect();
        for ids in unmet.chunks(MOST_IDS) {
            let ids = ids.join("|");
            let parameters = [INFO, &[("pageids", &ids)]].concat();
            let answer: Listing =
                api.ask(&parameters, &Map::new()).await?.map_err(|fault| fault.error("look for pages"))?;
            let pages = answer.query.map(|query| query.pages).unwrap_or_default();
            let is_read = |page: &Page| !page.missing && !page.redirect && self.config.namespaces.contains(&page.ns);
            found.extend(pages.into_iter().filter(is_read).map(|page| (page.pageid, page)));
        }
        Ok(found)
    }

    async fn list(&self, api: &Api<'_>, namespace: i32, found: &mut BTreeMap<u64, Page>) -> EngineResult<()> {
        let namespace = namespace.to_string();
        let all: &[(&str, &str)] = &[
            ("generator", "allpages"),
            ("gapnamespace", &namespace),
            ("gapfilterredir", "nonredirects"),
            ("gaplimit", "max"),
        ];
        let parameters = [INFO, all].concat();
        let mut next = Map::new();
        let mut positions = Pages::default();
        loop {
            let answer: Listing = api.ask(&parameters, &next).await?.map_err(|fault| fault.error("list pages"))?;
            let pages = answer.query.map(|query| query.pages).unwrap_or_default();
            found.extend(pages.into_iter().filter(|page| page.pageid > 0).map(|page| (page.pageid, page)));
            let Some(position) = answer.next else { return Ok(()) };
            positions.next("pages", &Value::Object(position.clone()).to_string())?;
            next = position;
        }
    }

    /// What the page has become; `None` if it was deleted since it was listed.
    async fn change(&self, api: &Api<'_>, since: &Since, page: &Page) -> EngineResult<Option<Change>> {
        let external_id = page.pageid.to_string();
        let readers = self.readers.clone();
        let revision = format!("{}@{}", page.lastrevid, page.touched);
        if since.holds(&external_id, &revision) {
            return Ok(Some(Change::Unchanged { external_id, readers }));
        }
        let parameters = [
            ("action", "parse"),
            ("pageid", external_id.as_str()),
            ("prop", "text"),
            ("disableeditsection", "1"),
            ("disablelimitreport", "1"),
            ("disabletoc", "1"),
        ];
        let parsed: Parsed = match api.ask(&parameters, &Map::new()).await? {
            Ok(parsed) => parsed,
            Err(fault) if matches!(fault.code.as_str(), "nosuchpageid" | "missingtitle") => return Ok(None),
            Err(fault) => {
                let reason = fault.error(&format!("render {}", page.title)).message;
                return Ok(Some(Change::Failed { external_id, reason, readers: Some(readers) }));
            }
        };
        Ok(Some(Change::Upsert(RawDocument {
            uri: if page.fullurl.is_empty() {
                format!("{}?curid={}", self.url, page.pageid)
            } else {
                page.fullurl.clone()
            },
            title: Some(page.title.clone()),
            file_name: format!("{external_id}.html"),
            bytes: parsed.parse.text.into_bytes(),
            modified_at: page.touched.parse::<Timestamp>().ok(),
            revision: Some(revision),
            external_id,
            readers,
        })))
    }
}
