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
use crate::{Parts, Secret, SourceConfig, atlassian::Site, gather::Gather, readers::nobody};

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

/// Who may read the issues of each project, or why that cannot be told.
type Projects = BTreeMap<String, Result<Access, String>>;

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
            let mut projects = Projects::new();
            let mut directory = Directory::new(&self.client);
            let (mut position, mut told) = (Position::at(since.cursor.as_ref()), BTreeSet::new());
            // Failures of projects: the listing names them beside the issues.
            let mut failed = Vec::new();
            for project in self.client.projects(&self.projects).await? {
                let access = directory.project(&project).await?;
                if let Ok(access) = &access {
                    access.announce(&project.id, &mut told, &mut gather);
                }
                if let Err(reason) = &access {
                    let external_id = format!("project {}", project.key);
                    failed.push(external_id.clone());
                    let reason = format!("who may read it cannot be told: {reason}");
                    gather.push(Change::Failed { external_id, reason, readers: None });
                }
                projects.insert(project.id, access);
                if gather.is_full() {
                    position.tell(told.iter().cloned());
                    yield gather.take(position.cursor(), None);
                }
            }
            if projects.is_empty() {
                Err(EngineError::retry("list Jira: it shows the source's account no project at all"))?;
            }
            position.tell(told.iter().cloned());
            for group in position.forget_others(&told) {
                gather.push(Change::Members { group, members: Vec::new() });
            }
            let those = |is_wanted: fn(&Result<Access, String>) -> bool| -> BTreeSet<String> {
                projects.iter().filter(|(_, access)| is_wanted(access)).map(|(id, _)| id.clone()).collect()
            };
            let mut position = position.resume(those(|access| access.as_ref().is_ok_and(Access::is_open)), those(Result::is_err));
            let mut seen = HashSet::new();
            let mut search = self.client.search(projects.keys(), position.updated_within(now));
            while let Some(issues) = search.next_page(&self.client).await? {
                for issue in issues {
                    position.reach(&issue);
                    seen.insert(issue.id.clone());
                    gather.extend(self.change(issue, &projects, &since).await?);
                    if gather.is_full() {
                        yield gather.take(position.cursor(), search.total());
                    }
                }
            }
            if !position.is_listing_due(now, self.listing_hours) {
                yield gather.last(position.cursor(), None);
                return;
            }
            yield gather.take(position.cursor(), None);
            let mut listing = self.client.ids(projects.keys()).await?;
            // What an index that lags or a page that shifted has kept from the search.
            let missed = listing.iter().filter(|id| !seen.contains(*id) && since.revision(id).is_none());
            for id in missed {
                let issue = self.client.issue(id).await?;
                if let Ok(issue) = issue {
                    gather.extend(self.change(issue, &projects, &since).await?);
                }
                if gather.is_full() {
                    yield gather.take(position.cursor(), None);
                }
            }
            position.listed(now);
            listing.append(&mut failed);
            yield gather.last(position.cursor(), Some(listing));
        }
        .boxed()
    }
}

impl Jira {
    /// What is to say about an issue; nothing where its project has said it all.
    async fn change(&self, issue: Issue, projects: &Projects, since: &Since) -> EngineResult<Option<Change>> {
        let external_id = issue.id.clone();
        let readers = match projects.get(&issue.fields.project.id) {
            Some(Ok(access)) => access.readers(&issue),
            Some(Err(_)) => {
                let is_held = since.has(&external_id);
                return Ok(is_held.then(|| Change::Access { external_id, readers: nobody() }));
            }
            None => Err("its project is not read".into()),
        };
        let readers = match readers {
            Ok(readers) => readers,
            Err(reason) => {
                let reason = format!("who may read {} cannot be told: {reason}", issue.key);
                return Ok(Some(Change::Failed { external_id, reason, readers: Some(nobody()) }));
            }
        };
        if since.holds(&external_id, &issue.fields.updated) {
            return Ok(Some(Change::Unchanged { external_id, readers }));
        }
        Ok(Some(match self.client.comments(&issue).await? {
            Ok(comments) => Change::Upsert(issue::document(&self.client.site, issue, &comments, readers)),
            Err(reason) => Change::Failed { external_id, reason, readers: Some(readers) },
        }))
    }
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
