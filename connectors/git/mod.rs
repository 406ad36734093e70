//! A git repository as a source: the files of one branch, by the git program, from any remote it can reach.

mod blobs;
mod files;
mod mirror;
mod program;
mod remote;
mod ssh;
mod tree;
mod web;

use std::time::Duration;

use async_stream::try_stream;
use domain::{Batch, Connector, EngineError, EngineResult, Principal, Since};
use futures::{StreamExt, stream::BoxStream};
use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use files::{Naming, Wanted, files};
pub(crate) use mirror::{Limits, Mirror, keep_only};
pub(crate) use remote::{Auth, Remote};
pub(crate) use tree::Tree;
pub(crate) use web::{Web, encoded};

use crate::{Parts, Secret, SourceConfig, gather::Gather};

/// Settings of a git source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GitConfig {
    /// The repository's address: `https://HOST/PATH`, `ssh://USER@HOST/PATH`, `USER@HOST:PATH`, `git://HOST/PATH`, or
    /// `file:///PATH` together with `allow_local`.
    pub url: String,
    /// The branch whose files are read; the repository's own default when there is none.
    #[serde(default)]
    pub branch: Option<String>,
    /// Name that goes with `token`. Most hosts take any.
    #[serde(default = "default_user")]
    pub user: String,
    /// Token or password, for http and https. It only needs to read.
    #[serde(default)]
    pub token: Option<Secret>,
    /// Private key in OpenSSH's format without a passphrase, for ssh: a deploy key that may only read.
    #[serde(default)]
    pub ssh_key: Option<Secret>,
    /// The server's lines of a `known_hosts` file. Without them its key is trusted when it is first seen.
    #[serde(default)]
    pub known_hosts: Option<String>,
    /// Whether `url` may be a path on this machine.
    #[serde(default)]
    pub allow_local: bool,
    /// Only files that match one of these patterns are read; all when there is none. `docs/**` and `docs` mean
    /// everything below `docs`, `*.md` means such files at any depth.
    #[serde(default)]
    pub include: Vec<String>,
    /// Files that match one of these patterns are not read, even if included.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Largest file that is read, in bytes.
    #[serde(default = "default_max_file_bytes")]
    pub max_file_bytes: u64,
    /// Most bytes of disk the mirror of the branch may take.
    #[serde(default = "default_max_repository_bytes")]
    pub max_repository_bytes: u64,
    /// Most seconds a fetch may take.
    #[serde(default = "default_timeout_secs")]
    pub timeout_secs: u64,
    /// Where people open a file: a web address with `{branch}` and `{path}`. Known hosts need none.
    #[serde(default)]
    pub web_url: Option<String>,
}

fn default_user() -> String {
    "git".into()
}

fn default_max_file_bytes() -> u64 {
    64 << 20
}

fn default_max_repository_bytes() -> u64 {
    4 << 30
}

fn default_timeout_secs() -> u64 {
    1_800
}

struct GitConnector {
    mirror: Mirror,
    wanted: Wanted,
    web: Web,
    readers: Vec<Principal>,
}

impl SourceConfig for GitConfig {
    const KIND: &'static str = "git";
    const TITLE: &'static str = "Git";
    const SEES_READERS: bool = false;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let readers = parts.rule(Self::TITLE)?;
        let auth = match (self.token, self.ssh_key) {
            (Some(_), Some(_)) => return Err(EngineError::give_up("git: set `token` or `ssh_key`, not both")),
            (Some(token), None) => Auth::Password(self.user, token),
            (None, Some(key)) => Auth::Key(key, self.known_hosts),
            (None, None) => Auth::Nobody,
        };
        let remote = Remote::new(&self.url, auth)?;
        if remote.is_local() && !self.allow_local {
            return Err(EngineError::give_up("git: `url` is a path on this machine; set `allow_local` to read it"));
        }
        let branch = self.branch.as_deref().filter(|name| !name.is_empty());
        let web = Web::new(self.web_url.as_deref(), remote.url(), branch)?;
        let wanted = Wanted::new(&self.include, &self.exclude, self.max_file_bytes)?;
        let limits = Limits { bytes: self.max_repository_bytes, time: Duration::from_secs(self.timeout_secs.max(1)) };
        let mirror = Mirror::new(remote, branch, parts.work_dir, parts.http.guard().clone(), limits)?;
        Ok(Box::new(GitConnector { mirror, wanted, web, readers }))
    }
}

impl Connector for GitConnector {
    /// Every sync lists the whole tree; only blobs that are new are read. No cursor: a sync that was cut off starts over.
    fn changes(&self, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
        Box::pin(try_stream! {
            let tree = self.wanted.of(self.tree().await?);
            if tree.files.is_empty() {
                Err(EngineError::give_up(format!(
                    "read {}: its branch holds no files to read; nothing is changed", self.mirror.address()
                )))?;
            }
            let total = Some(tree.files.len() as u64);
            let web = |path: &str| self.web.of(path);
            let naming = Naming { prefix: "", readers: &self.readers, web: &web };
            let mut changes = files(&self.mirror, &tree, &self.wanted, naming, &since).boxed();
            let mut gather = Gather::default();
            while let Some(change) = changes.next().await {
                gather.push(change?);
                if gather.is_full() {
                    yield gather.take(None, total);
                }
            }
            let listing = tree.files.iter().map(|file| file.path.clone()).collect();
            yield gather.last(None, Some(listing));
        })
    }
}

impl GitConnector {
    async fn tree(&self) -> EngineResult<Tree> {
        self.mirror.fetch().await?.ok_or_else(|| {
            EngineError::give_up(format!(
                "fetch {}: there is no such repository or branch, or the source's credentials do not see it",
                self.mirror.address()
            ))
        })
    }
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
pub(crate) mod host;
#[cfg(test)]
mod tests;
