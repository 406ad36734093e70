//! Confluence pages and blog posts as a source: lists every space, works out who may read what, reads what changed.

mod access;
mod client;
mod directory;
mod survey;

use std::collections::{BTreeMap, HashSet};

use async_stream::try_stream;
use domain::{Batch, Change, Connector, EngineError, EngineResult, RawDocument, Since};
use futures::{StreamExt, stream::BoxStream};
use schemars::JsonSchema;
use serde::Deserialize;

use client::{Client, Place};
use directory::Directory;
use survey::{Survey, survey};

pub use crate::atlassian::Edition;
use crate::{Parts, Secret, SourceConfig, atlassian::Site, gather::Gather, readers::nobody};

/// Most pages that are asked for by their ids in a sync.
const MOST_ASKED: usize = 1_000;

/// Settings of a Confluence source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfluenceConfig {
    /// The site: `https://NAME.atlassian.net` for Cloud, the wiki's own address for Data Center.
    pub url: String,
    /// Where the product runs: `cloud` or `data_center`.
    pub edition: Edition,
    /// Cloud only: e-mail address of the account that the API token belongs to.
    #[serde(default)]
    pub email: Option<String>,
    /// Cloud: API token. Data Center: personal access token.
    pub token: Secret,
    /// Keys of the spaces to read; all that the account sees when there is none.
    #[serde(default)]
    pub spaces: Vec<String>,
    /// Which form of a page is read.
    #[serde(default)]
    pub body: Body,
    /// Whether everyone here may read what a space shows to anonymous visitors. Say so only where the site itself lets
    /// them in: a space keeps the permission when the site no longer does.
    #[serde(default)]
    pub anonymous_counts: bool,
}

/// A form of a page's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// As people see it, macros carried out.
    #[default]
    ExportView,
    /// As it is stored, macros as they were written.
    Storage,
}

impl SourceConfig for ConfluenceConfig {
    const KIND: &'static str = "confluence";
    const TITLE: &'static str = "Confluence";
    const SEES_READERS: bool = true;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let site = Site::new(Self::TITLE, self.edition, &self.url, self.email, self.token)?;
        let site = if self.edition == Edition::Cloud { site.below("wiki") } else { site };
        let (body, anonymous_counts) = (self.body, self.anonymous_counts);
        let client = Client { http: parts.http, site, body, anonymous_counts };
        Ok(Box::new(Confluence { client, spaces: self.spaces }))
    }
}

struct Confluence {
    client: Client,
    spaces: Vec<String>,
}

impl Connector for Confluence {
    /// Every sync lists everything; only pages with another version are read.
    fn changes(&self, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
        try_stream! {
            let Survey { pages, spaces, failed } = survey(&self.client, &self.spaces).await?;
            if pages.is_empty() && failed.is_empty() {
                Err(EngineError::retry("list Confluence: it shows the source's account no page at all"))?;
            }
            let mut listing: Vec<String> = pages.iter().map(|page| page.id.clone()).collect();
            let total = Some(listing.len() as u64);
            let mut directory = Directory::new(&self.client);
            let mut gather = Gather::default();
            for (external_id, reason) in failed {
                listing.push(external_id.clone());
                gather.push(Change::Failed { external_id, reason, readers: None });
            }
            for (external_id, change) in self.unlisted(&since, &listing, &spaces).await? {
                listing.push(external_id);
                gather.extend(change);
                if gather.is_full() {
                    yield gather.take(None, total);
                }
            }
            for page in pages {
                let readers = match page.limits {
                    Ok(limits) => directory.readers(&limits, &mut gather).await?,
                    Err(reason) => Err(reason),
                };
                let change = match readers {
                    Err(reason) => Change::Failed {
                        external_id: page.id,
                        reason: format!("who may read it cannot be told: {reason}"),
                        readers: Some(nobody()),
                    },
                    Ok(readers) if since.holds(&page.id, &page.version.to_string()) => {
                        Change::Unchanged { external_id: page.id, readers }
                    }
                    Ok(readers) => match self.client.page(&page.kind, &page.id).await? {
                        Ok(read) => Change::Upsert(RawDocument {
                            external_id: page.id,
                            uri: read.uri,
                            title: Some(read.title),
                            file_name: "page.html".into(),
                            bytes: read.html.into_bytes(),
                            readers,
                            modified_at: read.modified_at,
                            revision: Some(read.version.to_string()),
                        }),
                        Err(reason) => Change::Failed { external_id: page.id, reason, readers: Some(readers) },
                    },
                };
                gather.push(change);
                if gather.is_full() {
                    yield gather.take(None, total);
                }
            }
            yield gather.last(None, Some(listing));
        }
        .boxed()
    }
}

impl Confluence {
    /// The pages held that the listing lacks and that are there all the same: those of a space that could not be listed,
    /// which nobody reads until it can, and those that shifted when another was deleted while they were listed. So many
    /// at most are asked for by their ids; the others stay, until the next sync asks.
    async fn unlisted(
        &self,
        since: &Since,
        listing: &[String],
        spaces: &BTreeMap<String, bool>,
    ) -> EngineResult<Vec<(String, Option<Change>)>> {
        let listed: HashSet<&String> = listing.iter().collect();
        let is_page = |id: &&String| id.bytes().all(|byte| byte.is_ascii_digit());
        let mut missing: Vec<&String> = since.ids().filter(is_page).filter(|id| !listed.contains(id)).collect();
        missing.sort();
        let has_no_gap = spaces.values().all(|is_listed| *is_listed);
        let mut there = Vec::new();
        for (number, id) in missing.into_iter().enumerate() {
            let place = if number < MOST_ASKED { self.client.place(id).await? } else { Place::Unknown };
            let (external_id, readers) = (id.clone(), nobody());
            let is_known = match place {
                Place::Gone => continue,
                Place::Unknown => has_no_gap,
                Place::Hidden => {
                    let reason = "the source's account may no longer see it".to_owned();
                    there.push((id.clone(), Some(Change::Failed { external_id, reason, readers: Some(readers) })));
                    continue;
                }
                Place::In(space) => match spaces.get(&space) {
                    Some(is_listed) => *is_listed,
                    None => continue,
                },
            };
            there.push((id.clone(), (!is_known).then_some(Change::Access { external_id, readers })));
        }
        Ok(there)
    }
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
