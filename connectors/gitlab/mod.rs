//! GitLab as a source: issues and merge requests with their notes, wikis and files of a group's projects.

mod access;
mod client;
mod contents;
mod items;
mod projects;

use std::{path::PathBuf, time::Duration};

use async_stream::try_stream;
use domain::{Batch, Clock, Connector, EngineError, EngineResult, Principal, Since};
use futures::{StreamExt, stream::BoxStream};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use client::Client;

use crate::{
    Parts, Secret, SourceConfig,
    forge::Seen,
    gather::Gather,
    git::{Limits, Wanted, keep_only},
    http::Guard,
};

/// Settings of a GitLab source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GitlabConfig {
    /// The group all of whose projects are read, subgroups included: its path, as in `company/team`, or its number.
    #[serde(default)]
    pub group: Option<String>,
    /// Paths of projects to read, as in `company/team/project`; with `group`, only these of it are read.
    #[serde(default)]
    pub projects: Vec<String>,
    /// Address of the instance.
    #[serde(default = "default_url")]
    pub url: String,
    /// A personal, project, group or OAuth token with the scopes `read_api` and `read_repository`. E-mail addresses
    /// that are not public are only shown to an administrator's token.
    pub token: Secret,
    /// Who may read what GitLab shows to members only.
    #[serde(default)]
    pub private_readers: PrivateReaders,
    /// Whether issues are read.
    #[serde(default = "yes")]
    pub issues: bool,
    /// Whether merge requests are read.
    #[serde(default = "yes")]
    pub merge_requests: bool,
    /// Whether wikis are read.
    #[serde(default = "yes")]
    pub wiki: bool,
    /// Whether files of the default branch are read.
    #[serde(default = "yes")]
    pub files: bool,
    /// Only files that match one of these patterns are read; all when there is none. `docs` means everything below.
    #[serde(default)]
    pub include: Vec<String>,
    /// Files that match one of these patterns are not read, even if included.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Largest file that is read, in bytes.
    #[serde(default = "default_max_file_bytes")]
    pub max_file_bytes: u64,
    /// Most bytes of disk the mirror of one repository's newest state may take.
    #[serde(default = "default_max_repository_bytes")]
    pub max_repository_bytes: u64,
}

/// Who may read what only members see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PrivateReaders {
    /// The project's members, inherited ones included, by the e-mail addresses that GitLab shows.
    #[default]
    Members,
    /// Whom the source's access rule names. Confidential issues stay with members.
    Rule,
}

fn yes() -> bool {
    true
}

fn default_url() -> String {
    "https://gitlab.com".into()
}

fn default_max_file_bytes() -> u64 {
    16 << 20
}

fn default_max_repository_bytes() -> u64 {
    2 << 30
}

struct GitlabConnector {
    client: Client,
    config: GitlabConfig,
    wanted: Wanted,
    pages: Wanted,
    rule: Option<Vec<Principal>>,
    guard: Guard,
    clock: Clock,
    work_dir: PathBuf,
}

impl SourceConfig for GitlabConfig {
    const KIND: &'static str = "gitlab";
    const TITLE: &'static str = "GitLab";
    const SEES_READERS: bool = true;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let wrong = |what: &str| EngineError::give_up(format!("gitlab: {what}"));
        if self.group.as_deref().unwrap_or_default().is_empty() && self.projects.is_empty() {
            return Err(wrong("name a `group`, or `projects` by their paths"));
        }
        if let Some(path) = self.projects.iter().find(|path| !path.contains('/')) {
            return Err(wrong(&format!("`{path}` in `projects` is not a path like company/project")));
        }
        let url: Url = self.url.parse().map_err(|error| wrong(&format!("`url`: {error}")))?;
        parts.http.guard().check(&url)?;
        let wanted = Wanted::new(&self.include, &self.exclude, self.max_file_bytes)?;
        let pages = Wanted::new(&[], &["_*".into()], self.max_file_bytes)?;
        let client = Client::new(parts.http.clone(), url, self.token.clone());
        let (guard, rule) = (parts.http.guard().clone(), parts.readers.filter(|readers| !readers.is_empty()));
        let Parts { clock, work_dir, .. } = parts;
        Ok(Box::new(GitlabConnector { client, config: self, wanted, pages, rule, guard, clock, work_dir }))
    }
}

impl Connector for GitlabConnector {
    /// Lists everything every time, a hundred items a request; only what has a new revision is read. No cursor.
    fn changes(&self, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
        Box::pin(try_stream! {
            let projects = self.projects().await?;
            if projects.is_empty() {
                Err(EngineError::give_up("list GitLab: the source's token sees no project; nothing is changed"))?;
            }
            let (mut gather, mut seen, mut emails) = (Gather::default(), Seen::default(), access::Emails::default());
            for project in &projects {
                let mut changes = self.project(project, &since, &mut seen, &mut emails).boxed();
                while let Some(change) = changes.next().await {
                    gather.push(change?);
                    if gather.is_full() {
                        yield gather.take(None, None);
                    }
                }
            }
            if seen.listing.is_empty() {
                Err(EngineError::give_up("list GitLab: its projects hold nothing to read; nothing is changed"))?;
            }
            let kept: Vec<String> = projects.iter().map(|project| project.id.to_string()).collect();
            keep_only(&self.work_dir.join("git"), &kept).await?;
            yield gather.last(None, Some(seen.listing));
        })
    }
}

impl GitlabConnector {
    fn limits(&self) -> Limits {
        Limits { bytes: self.config.max_repository_bytes, time: Duration::from_secs(1_800) }
    }
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
