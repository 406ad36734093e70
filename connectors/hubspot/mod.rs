//! HubSpot as a source: blog posts and site pages, and on request tickets and notes.

mod client;

use std::{collections::HashSet, num::NonZeroU32};

use async_stream::try_stream;
use domain::{Batch, Change, Connector, EngineError, EngineResult, Principal, RawDocument, Since};
use futures::{StreamExt, stream::BoxStream};
use schemars::JsonSchema;
use serde::Deserialize;

use client::{Client, Thing};

use crate::{Parts, Secret, SourceConfig, address, credentials::Credentials, gather::Gather};

/// Most things that are asked for by their ids in a sync.
const MOST_ASKED: usize = 1_000;

/// Settings of a HubSpot source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HubSpotConfig {
    /// Access token of a private app.
    pub token: Secret,
    /// The account's id (Hub ID), for links to tickets and notes.
    pub portal_id: u64,
    /// What is read.
    #[serde(default = "default_content")]
    pub content: Vec<Content>,
    /// Most requests a second.
    #[serde(default = "default_pace")]
    pub requests_per_second: NonZeroU32,
    /// Where HubSpot's API is.
    #[serde(default = "default_url")]
    pub url: String,
}

/// A kind of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Published posts of the blogs.
    BlogPosts,
    /// Published pages of the site.
    SitePages,
    /// Tickets: subject and description.
    Tickets,
    /// Notes on records.
    Notes,
}

impl Content {
    /// Begins the external ids.
    fn name(self) -> &'static str {
        match self {
            Self::BlogPosts => "post",
            Self::SitePages => "page",
            Self::Tickets => "ticket",
            Self::Notes => "note",
        }
    }

    /// HubSpot's own id of one of this kind.
    fn id(self, external_id: &str) -> Option<&str> {
        external_id.strip_prefix(self.name())?.strip_prefix(' ')
    }
}

fn default_content() -> Vec<Content> {
    vec![Content::BlogPosts, Content::SitePages]
}

fn default_pace() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(9)
}

fn default_url() -> String {
    "https://api.hubapi.com".into()
}

impl SourceConfig for HubSpotConfig {
    const KIND: &'static str = "hubspot";
    const TITLE: &'static str = "HubSpot";
    const SEES_READERS: bool = false;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let readers = parts.rule(Self::TITLE)?;
        let base = address::parse(Self::TITLE, &self.url)?;
        if self.content.is_empty() {
            return Err(EngineError::give_up("HubSpot: `content` is empty, so nothing would be read"));
        }
        let http = parts.http.paced(self.requests_per_second);
        let credentials = Credentials::Bearer(self.token);
        let client = Client { http, base, credentials, portal_id: self.portal_id };
        Ok(Box::new(HubSpot { client, content: self.content, readers }))
    }
}

struct HubSpot {
    client: Client,
    content: Vec<Content>,
    readers: Vec<Principal>,
}

impl Connector for HubSpot {
    /// Every sync lists everything; the listing brings the text along.
    fn changes(&self, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
        try_stream! {
            let mut listing = Vec::new();
            let mut gather = Gather::default();
            for content in &self.content {
                let mut things = self.client.things(*content);
                while let Some(page) = things.next_page(&self.client).await? {
                    for thing in page.into_iter().filter(Thing::is_published) {
                        listing.push(thing.external_id(*content));
                        gather.push(self.change(*content, thing, &since));
                        if gather.is_full() {
                            yield gather.take(None, None);
                        }
                    }
                }
            }
            let listed: HashSet<String> = listing.iter().cloned().collect();
            let mut missing: Vec<&String> = since.ids().filter(|id| !listed.contains(*id)).collect();
            missing.sort();
            // Pages shift when something is deleted while they are listed: what is missing is asked for by itself. Beyond
            // so many it stays, until the next sync asks.
            for (number, external_id) in missing.into_iter().enumerate().filter(|_| !listed.is_empty()) {
                let Some((content, id)) = self.content.iter().find_map(|content| Some((*content, content.id(external_id)?))) else {
                    continue;
                };
                if number >= MOST_ASKED {
                    listing.push(external_id.clone());
                } else if let Some(thing) = self.client.thing(content, id).await?.filter(Thing::is_published) {
                    listing.push(external_id.clone());
                    gather.push(self.change(content, thing, &since));
                }
                if gather.is_full() {
                    yield gather.take(None, None);
                }
            }
            if listing.is_empty() {
                Err(EngineError::retry("list HubSpot: it shows the private app nothing at all; check the app's scopes"))?;
            }
            yield gather.last(None, Some(listing));
        }
        .boxed()
    }
}

impl HubSpot {
    fn change(&self, content: Content, thing: Thing, since: &Since) -> Change {
        let (external_id, readers) = (thing.external_id(content), self.readers.clone());
        let revision = thing.updated_at();
        if revision.as_ref().is_some_and(|revision| since.holds(&external_id, revision)) {
            return Change::Unchanged { external_id, readers };
        }
        Change::Upsert(RawDocument {
            external_id,
            uri: thing.uri(content, self.client.portal_id),
            title: thing.title(),
            file_name: "page.html".into(),
            bytes: thing.html().into_bytes(),
            readers,
            modified_at: revision.as_ref().and_then(|revision| revision.parse().ok()),
            revision,
        })
    }
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod fake;
