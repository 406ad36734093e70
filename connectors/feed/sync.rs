//! One sync of feeds: what is new or changed in them.

use std::collections::{BTreeMap, HashMap, HashSet};

use async_stream::try_stream;
use domain::{Batch, Change, Cursor, EngineError, EngineResult, RawDocument, Since};
use futures::stream::BoxStream;
use reqwest::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    FeedConnector, FeedText,
    entry::{self, Item},
    name,
};
use crate::{
    gather::Gather,
    http::{Request, Response, shown},
    robots::Hosts,
};

/// What is known of each feed, by address.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Known(BTreeMap<String, State>);

/// A feed as it was last read to its end.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    revision: String,
    entries: Vec<String>,
}

pub(super) fn changes(connector: &FeedConnector, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
    Box::pin(try_stream! {
        let hosts = Hosts::new(connector.http.clone(), connector.config.requests_per_second);
        let mut linked = Linked::new(connector)?;
        let mut known: Known = since.cursor.as_ref()
            .and_then(|cursor| serde_json::from_str(&cursor.0).ok()).unwrap_or_default();
        let mut gather = Gather::default();
        let mut met = HashSet::new();
        for url in &connector.feeds {
            let Some((items, revision)) = connector.read(&hosts, url, &known, &since).await? else { continue };
            let mut state = revision.map(|revision| State { revision, entries: Vec::new() });
            for item in items {
                if !met.insert(item.id.clone()) {
                    continue;
                }
                if let Some(state) = &mut state {
                    state.entries.push(item.id.clone());
                }
                gather.push(connector.change(&mut linked, &since, url, item).await?);
                if gather.is_full() {
                    yield gather.take(known.cursor(), None);
                }
            }
            // From here on everything of this feed is reported.
            match state {
                Some(state) => known.0.insert(name(url), state),
                None => known.0.remove(&name(url)),
            };
        }
        // What no feed shows any more is still there, for those who may read it now.
        for id in since.ids().filter(|id| !met.contains(*id)) {
            gather.push(Change::Unchanged { external_id: id.clone(), readers: connector.readers.clone() });
            if gather.is_full() {
                yield gather.take(known.cursor(), None);
            }
        }
        yield gather.last(known.cursor(), None);
    })
}

impl Known {
    fn cursor(&self) -> Option<Cursor> {
        serde_json::to_string(self).ok().map(Cursor)
    }

    /// The state to ask with whether a feed is still the same: only where the store holds all of it.
    fn held(&self, url: &Url, since: &Since) -> Option<&str> {
        let state = self.0.get(&name(url))?;
        state.entries.iter().all(|id| since.revision(id).is_some()).then_some(state.revision.as_str())
    }
}

/// Ways to the pages that feeds link to. Whoever writes a feed names them, so they lead to public hosts, and of what an
/// admin allowed beside those only to the feed's own one; neither do redirects.
struct Linked {
    public: Hosts,
    /// By the feed's host.
    own: HashMap<String, Hosts>,
}

impl Linked {
    fn new(connector: &FeedConnector) -> EngineResult<Self> {
        let public = connector.http.narrowed("")?;
        Ok(Self { public: Hosts::new(public, connector.config.requests_per_second), own: HashMap::new() })
    }

    /// The hosts that `link` of `feed` may lead to.
    fn hosts(&mut self, connector: &FeedConnector, feed: &Url, link: &Url) -> EngineResult<&Hosts> {
        let Some(host) = feed.host_str().filter(|host| Some(*host) == link.host_str()) else { return Ok(&self.public) };
        if !self.own.contains_key(host) {
            let own = connector.http.narrowed(host)?;
            self.own.insert(host.to_owned(), Hosts::new(own, connector.config.requests_per_second));
        }
        Ok(self.own.get(host).unwrap_or(&self.public))
    }
}

impl FeedConnector {
    /// The entries of a feed and its revision; `None` if it has not changed.
    async fn read(
        &self,
        hosts: &Hosts,
        url: &Url,
        known: &Known,
        since: &Since,
    ) -> EngineResult<Option<(Vec<Item>, Option<String>)>> {
        let mut request = Request::get(url.clone()).limit(self.config.max_bytes);
        // The pages behind the entries may have changed though the feed has not.
        if self.config.text == FeedText::Entry
            && let Some(revision) = known.held(url, since)
        {
            request = request.unless(revision);
        }
        // An address that a person gave is no crawl: only the pace is the host's to choose.
        let gate = hosts.gate(url).await?;
        let read = |response: Response| {
            if response.status.as_u16() == 304 {
                return Ok(None);
            }
            let response = response.ok()?;
            let items = entry::read(url, &response.body)
                .map_err(|error| EngineError::retry(format!("read the feed {}: {error}", shown(url))))?;
            Ok(Some((items, response.revision((self.clock.now)()))))
        };
        gate.http.attempt(&request, read).await
    }

    async fn change(&self, linked: &mut Linked, since: &Since, feed: &Url, item: Item) -> EngineResult<Change> {
        let readers = self.readers.clone();
        match (self.config.text, item.link.clone()) {
            (FeedText::Page, Some(link)) => self.page(linked.hosts(self, feed, &link)?, since, item, link).await,
            _ if since.holds(&item.id, &item.revision) => Ok(Change::Unchanged { external_id: item.id, readers }),
            (_, link) => Ok(Change::Upsert(RawDocument {
                uri: link.map_or_else(|| shown(feed), Into::into),
                external_id: item.id,
                title: item.title,
                file_name: item.file_name.into(),
                bytes: item.text.into_bytes(),
                readers,
                modified_at: item.modified_at,
                revision: Some(item.revision),
            })),
        }
    }

    /// The page that an entry links to. One that cannot be read is the entry's failure, not the sync's.
    async fn page(&self, hosts: &Hosts, since: &Since, item: Item, link: Url) -> EngineResult<Change> {
        let external_id = item.id;
        let readers = self.readers.clone();
        let failed = |reason: String| Change::Failed {
            external_id: external_id.clone(),
            reason,
            readers: Some(readers.clone()),
        };
        let gate = match hosts.gate(&link).await {
            Ok(gate) => gate,
            Err(error) => return Ok(failed(error.message)),
        };
        if !gate.allows(&link) {
            return Ok(failed(format!("robots.txt forbids to read {}", shown(&link))));
        }
        let mut request = Request::get(link.clone()).limit(self.config.max_bytes);
        if let Some(revision) = since.revision(&external_id) {
            request = request.unless(revision);
        }
        let response = match gate.http.send(&request).await {
            Ok(response) if response.status.as_u16() == 304 => return Ok(Change::Unchanged { external_id, readers }),
            Ok(response) if matches!(response.status.as_u16(), 404 | 410) && since.has(&external_id) => {
                return Ok(Change::Delete { external_id });
            }
            Ok(response) => response.ok(),
            Err(error) if error.retry_after.is_some() => return Err(error),
            Err(error) => Err(error),
        };
        let response = match response {
            Ok(response) => response,
            Err(error) => return Ok(failed(error.message)),
        };
        let media_type = response.header(CONTENT_TYPE).unwrap_or_default().to_lowercase();
        let file_name = match media_type.split(';').next().unwrap_or_default().trim() {
            "text/html" | "application/xhtml+xml" | "" => "page.html",
            "application/pdf" => "page.pdf",
            "text/plain" => "page.txt",
            "text/markdown" => "page.md",
            other => return Ok(failed(format!("it links to {}, and there is no parser for {other}", shown(&link)))),
        };
        let revision = response.revision((self.clock.now)());
        if revision.as_ref().is_some_and(|revision| since.holds(&external_id, revision)) {
            return Ok(Change::Unchanged { external_id, readers });
        }
        Ok(Change::Upsert(RawDocument {
            uri: link.into(),
            title: item.title,
            file_name: file_name.into(),
            modified_at: response.modified_at().or(item.modified_at),
            revision,
            bytes: response.body,
            external_id,
            readers,
        }))
    }
}
