//! GitHub as a source: issues and pull requests with their comments, wikis and files of an organisation's repositories.

mod access;
mod app;
mod client;
mod contents;
mod etags;
mod issues;
mod repositories;

use std::{path::PathBuf, time::Duration};

use async_stream::try_stream;
use domain::{Batch, Clock, Connector, Cursor, EngineError, EngineResult, Principal, Since};
use futures::{StreamExt, stream::BoxStream};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use app::Credentials;
use client::Client;

use crate::{
    Parts, Secret, SourceConfig,
    forge::Seen,
    gather::Gather,
    git::{Limits, Wanted, keep_only},
    http::Guard,
};

/// What changed so shortly before a sync may change again within the same second.
const SETTLED: SignedDuration = SignedDuration::from_secs(60);

/// Settings of a GitHub source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GithubConfig {
    /// The organisation all of whose repositories are read, as far as the token sees them.
    #[serde(default)]
    pub organization: Option<String>,
    /// Repositories to read, as `OWNER/NAME`; with `organization`, only these names of it are read.
    #[serde(default)]
    pub repositories: Vec<String>,
    /// Address of the API; for GitHub Enterprise Server `https://HOST/api/v3`.
    #[serde(default = "default_api_url")]
    pub api_url: String,
    /// A fine-grained personal access token. It needs to read metadata, issues, pull requests and contents, and to
    /// list collaborators of private repositories. Or set `app_id`, `installation_id` and `private_key`.
    #[serde(default)]
    pub token: Option<Secret>,
    /// Client or app id of a GitHub App that is installed in the organisation.
    #[serde(default)]
    pub app_id: Option<String>,
    /// Number of that app's installation.
    #[serde(default)]
    pub installation_id: Option<u64>,
    /// That app's private key (PEM).
    #[serde(default)]
    pub private_key: Option<Secret>,
    /// Who may read private and internal repositories.
    #[serde(default)]
    pub private_readers: PrivateReaders,
    /// Whether issues are read.
    #[serde(default = "yes")]
    pub issues: bool,
    /// Whether pull requests are read: their descriptions, comments and reviews.
    #[serde(default = "yes")]
    pub pull_requests: bool,
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

/// Who may read a private repository's documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PrivateReaders {
    /// Its collaborators, directly and through teams, by the e-mail addresses that GitHub shows.
    #[default]
    Collaborators,
    /// Whom the source's access rule names.
    Rule,
}

fn yes() -> bool {
    true
}

fn default_api_url() -> String {
    "https://api.github.com".into()
}

fn default_max_file_bytes() -> u64 {
    16 << 20
}

fn default_max_repository_bytes() -> u64 {
    2 << 30
}

struct GithubConnector {
    client: Client,
    config: GithubConfig,
    wanted: Wanted,
    pages: Wanted,
    rule: Option<Vec<Principal>>,
    guard: Guard,
    clock: Clock,
    work_dir: PathBuf,
}

impl SourceConfig for GithubConfig {
    const KIND: &'static str = "github";
    const TITLE: &'static str = "GitHub";
    const SEES_READERS: bool = true;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let wrong = |what: &str| EngineError::give_up(format!("github: {what}"));
        if self.organization.is_none() && self.repositories.is_empty() {
            return Err(wrong("name an `organization`, or `repositories` as OWNER/NAME"));
        }
        if let Some(name) =
            self.repositories.iter().find(|name| name.split('/').filter(|part| !part.is_empty()).count() != 2)
        {
            return Err(wrong(&format!("`{name}` in `repositories` is not OWNER/NAME")));
        }
        let api: Url = self.api_url.parse().map_err(|error| wrong(&format!("`api_url`: {error}")))?;
        parts.http.guard().check(&api)?;
        let credentials = match (&self.token, &self.app_id, self.installation_id, &self.private_key) {
            (Some(token), None, None, None) => Credentials::token(token.clone()),
            (None, Some(id), Some(installation), Some(key)) => Credentials::app(id, installation, key)?,
            _ => return Err(wrong("set `token`, or `app_id`, `installation_id` and `private_key`")),
        };
        let wanted = Wanted::new(&self.include, &self.exclude, self.max_file_bytes)?;
        let pages = Wanted::new(&[], &["_*".into()], self.max_file_bytes)?;
        let client = Client::new(parts.http.clone(), api, credentials, parts.clock);
        let (guard, rule) = (parts.http.guard().clone(), parts.readers.filter(|readers| !readers.is_empty()));
        let Parts { clock, work_dir, .. } = parts;
        Ok(Box::new(GithubConnector { client, config: self, wanted, pages, rule, guard, clock, work_dir }))
    }
}

impl Connector for GithubConnector {
    /// Lists everything every time: pages that have not changed are answered from their ETags. The cursor is only the
    /// time since which comments may have been edited.
    fn changes(&self, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
        Box::pin(try_stream! {
            let next = Cursor(((self.clock.now)() - SETTLED).to_string());
            let repositories = self.repositories().await?;
            if repositories.is_empty() {
                Err(EngineError::give_up("list GitHub: the source's credentials see no repository; nothing is changed"))?;
            }
            let (mut gather, mut seen, mut emails) = (Gather::default(), Seen::default(), access::Emails::default());
            for repository in &repositories {
                let mut changes = self.repository(repository, &since, &mut seen, &mut emails).boxed();
                while let Some(change) = changes.next().await {
                    gather.push(change?);
                    if gather.is_full() {
                        yield gather.take(since.cursor.clone(), None);
                    }
                }
            }
            let Seen { listing, is_partial } = seen;
            if listing.is_empty() {
                Err(EngineError::give_up("list GitHub: its repositories hold nothing to read; nothing is changed"))?;
            }
            let kept: Vec<String> = repositories.iter().map(|repository| repository.id.to_string()).collect();
            keep_only(&self.work_dir.join("git"), &kept).await?;
            let cursor = if is_partial { since.cursor.clone() } else { Some(next) };
            yield gather.last(cursor, Some(listing));
        })
    }
}

impl GithubConnector {
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
