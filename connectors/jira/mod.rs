//! Jira issues as a source: what was updated since the last sync, and now and then a listing that shows what is gone.

mod access;
mod adf;
mod client;
mod cursor;
mod directory;
mod issue;
mod search;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    num::NonZeroU32,
};

use async_stream::try_stream;
use domain::{Batch, Change, Clock, Connector, EngineError, EngineResult, Since};
use futures::{StreamExt, stream::BoxStream};
use schemars::JsonSchema;
use serde::Deserialize;

use access::Access;
use client::{Client, Issue};
use cursor::Position;
use directory::Directory;

pub use crate::atlassian::Edition;
use crate::{Parts, Secret, SourceConfig, atlassian::Site, gather::Gather};

/// Settings of a Jira source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JiraConfig {
    /// The site: `https://NAME.atlassian.net` for Cloud, Jira's own address for Data Center.
    pub url: String,
    /// Where the product runs: `cloud` or `data_center`.
    pub edition: Edition,
    /// Cloud only: e-mail address of the account that the API token belongs to.
    #[serde(default)]
    pub email: Option<String>,
    /// Cloud: API token. Data Center: personal access token.
    pub token: Secret,
    /// Keys of the projects to read; all that the account sees when there is none.
    #[serde(default)]
    pub projects: Vec<String>,
    /// JQL that issues must match as well, without `ORDER BY`: `issuetype = Bug AND statusCategory = Done`.
    #[serde(default)]
    pub filter: Option<String>,
    /// Hours between two listings of every issue, by which deletions are noticed. 0: in each sync.
    #[serde(default = "default_listing_hours")]
    pub listing_hours: u32,
    /// Most requests a second.
    #[serde(default = "default_pace")]
    pub requests_per_second: NonZeroU32,
}

fn default_listing_hours() -> u32 {
    24
}

fn default_pace() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(9)
}

impl SourceConfig for JiraConfig {
    const KIND: &'static str = "jira";
    const TITLE: &'static str = "Jira";
    const SEES_READERS: bool = true;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        if self.filter.as_ref().is_some_and(|filter| filter.to_lowercase().contains("order by")) {
            return Err(EngineError::give_up("Jira: `filter` must not contain ORDER BY"));
        }
        let site = Site::new(Self::TITLE, self.edition, &self.url, self.email, self.token)?;
        let client = Client { http: parts.http.paced(self.requests_per_second), site, filter: self.filter };
        Ok(Box::new(Jira { client, projects: self.projects, listing_hours: self.listing_hours, clock: parts.clock }))
    }
}

struct Jira {
    client: Client,
    projects: Vec<String>,
    listing_hours: u32,
    clock: Clock,
}

impl Connector for Jira {
    fn changes(&self, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
        try_stream! {
            let now = (self.clock.now)();
            let mut gather = Gather::default();
            let mut projects = BTreeMap::new();
            let mut directory = Directory::new(&self.client);
            let mut is_complete = true;
            for project in self.client.projects(&self.projects).await? {
                match directory.project(&project).await? {
                    Ok(access) => {
                        access.announce(&project.id, &mut gather);
                        projects.insert(project.id, access);
                    }
                    Err(reason) => {
                        is_complete = false;
                        let reason = format!("who may read it cannot be told: {reason}");
                        gather.push(Change::Failed { external_id: format!("project {}", project.key), reason, readers: None });
                    }
                }
                if gather.is_full() {
                    yield gather.take(since.cursor.clone(), None);
                }
            }
            if projects.is_empty() && is_complete {
                Err(EngineError::retry("list Jira: it shows the source's account no project at all"))?;
            }
            let open: BTreeSet<String> =
                projects.iter().filter(|(_, access)| access.is_open()).map(|(id, _)| id.clone()).collect();
            let mut position = Position::resume(since.cursor.as_ref(), open);
            let mut seen = HashSet::new();
            let mut search = self.client.search(projects.keys(), position.updated_within(now));
            while let Some(issues) = search.next_page(&self.client).await? {
                for issue in issues {
                    position.reach(&issue);
                    seen.insert(issue.id.clone());
                    gather.push(self.change(issue, &projects, &since).await?);
                    if gather.is_full() {
                        yield gather.take(position.cursor(), search.total());
                    }
                }
            }
            if projects.is_empty() || !is_complete || !position.is_listing_due(now, self.listing_hours) {
                yield gather.last(position.cursor(), None);
                return;
            }
            yield gather.take(position.cursor(), None);
            let listing = self.client.ids(projects.keys()).await?;
            // What an index that lags or a page that shifted has kept from the search.
            let missed = listing.iter().filter(|id| !seen.contains(*id) && since.revision(id).is_none());
            for id in missed {
                if let Ok(issue) = self.client.issue(id).await? {
                    gather.push(self.change(issue, &projects, &since).await?);
                }
                if gather.is_full() {
                    yield gather.take(position.cursor(), None);
                }
            }
            position.listed(now);
            yield gather.last(position.cursor(), Some(listing));
        }
        .boxed()
    }
}

impl Jira {
    async fn change(&self, issue: Issue, projects: &BTreeMap<String, Access>, since: &Since) -> EngineResult<Change> {
        let external_id = issue.id.clone();
        let access = projects.get(&issue.fields.project.id);
        let readers = match access.map(|access| access.readers(&issue)) {
            Some(Ok(readers)) => readers,
            failed => {
                let reason = failed.and_then(Result::err).unwrap_or_else(|| "its project is not read".into());
                let reason = format!("who may read {} cannot be told: {reason}", issue.key);
                return Ok(Change::Failed { external_id, reason, readers: None });
            }
        };
        if since.holds(&external_id, &issue.fields.updated) {
            return Ok(Change::Unchanged { external_id, readers });
        }
        match self.client.comments(&issue).await? {
            Ok(comments) => Ok(Change::Upsert(issue::document(&self.client.site, issue, &comments, readers))),
            Err(reason) => Ok(Change::Failed { external_id, reason, readers: Some(readers) }),
        }
    }
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
