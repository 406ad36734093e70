//! Notion pages and rows of databases as a source: lists what is shared with the integration, reads what was edited.

mod client;
mod listing;
mod text;

use std::num::NonZeroU32;

use async_stream::try_stream;
use domain::{Batch, Change, Clock, Connector, EngineResult, Principal, RawDocument, Since};
use futures::{StreamExt, stream::BoxStream};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use client::{Client, Page};

use crate::{Parts, Secret, SourceConfig, address, credentials::Credentials, gather::Gather, settle};

/// Times are told by the minute.
const GRAIN: SignedDuration = SignedDuration::from_mins(2);

/// Settings of a Notion source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotionConfig {
    /// Secret of the internal integration. What is shared with the integration is read.
    pub token: Secret,
    /// Most requests a second; Notion allows 3.
    #[serde(default = "default_pace")]
    pub requests_per_second: NonZeroU32,
    /// Where Notion's API is.
    #[serde(default = "default_url")]
    pub url: String,
}

fn default_pace() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(2)
}

fn default_url() -> String {
    "https://api.notion.com".into()
}

impl SourceConfig for NotionConfig {
    const KIND: &'static str = "notion";
    const TITLE: &'static str = "Notion";
    const SEES_READERS: bool = false;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let readers = parts.rule(Self::TITLE)?;
        let base = address::parse(Self::TITLE, &self.url)?;
        let http = parts.http.paced(self.requests_per_second);
        let client = Client { http, base, credentials: Credentials::Bearer(self.token) };
        Ok(Box::new(Notion { client, readers, clock: parts.clock }))
    }
}

struct Notion {
    client: Client,
    readers: Vec<Principal>,
    clock: Clock,
}

impl Connector for Notion {
    /// Every sync lists everything; only pages that were edited are read.
    fn changes(&self, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
        try_stream! {
            let listed_at = (self.clock.now)();
            let (pages, failed) = listing::everything(&self.client, &since).await?;
            // Rows of a data source that is closed were asked for one by one.
            let listing: Vec<String> = pages.keys().chain(failed.iter().map(|(id, _)| id)).cloned().collect();
            let total = Some(listing.len() as u64);
            let mut gather = Gather::default();
            for (external_id, reason) in failed {
                gather.push(Change::Failed { external_id, reason, readers: Some(self.readers.clone()) });
            }
            for (external_id, page) in pages {
                let revision = settle::revision(&page.last_edited_time, listed_at, GRAIN);
                let readers = self.readers.clone();
                gather.push(match revision {
                    Some(revision) if since.holds(&external_id, &revision) => Change::Unchanged { external_id, readers },
                    revision => self.read(page, revision).await?,
                });
                if gather.is_full() {
                    yield gather.take(None, total);
                }
            }
            yield gather.last(None, Some(listing));
        }
        .boxed()
    }
}

impl Notion {
    async fn read(&self, page: Page, revision: Option<String>) -> EngineResult<Change> {
        let (external_id, readers) = (page.id.clone(), self.readers.clone());
        let body = match text::body(&self.client, &page.id).await? {
            Ok(body) => body,
            Err(reason) => return Ok(Change::Failed { external_id, reason, readers: Some(readers) }),
        };
        let title = text::title(&page);
        Ok(Change::Upsert(RawDocument {
            uri: page.uri(),
            bytes: format!("# {title}\n\n{}{body}", text::properties(&page)).into_bytes(),
            title: Some(title),
            file_name: "page.md".into(),
            readers,
            modified_at: page.last_edited_time.parse().ok(),
            revision,
            external_id,
        }))
    }
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
