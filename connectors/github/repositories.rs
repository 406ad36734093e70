//! Which repositories there are: <https://docs.github.com/en/rest/repos/repos>.

use domain::EngineResult;
use serde::Deserialize;

use super::GithubConnector;

/// More than any organisation has.
const MOST: usize = 100_000;

/// A repository. Its ids stay when it is renamed or transferred.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Repository {
    pub(super) id: u64,
    pub(super) node_id: String,
    pub(super) full_name: String,
    pub(super) private: bool,
    #[serde(default)]
    pub(super) has_wiki: bool,
    #[serde(default)]
    pub(super) default_branch: Option<String>,
    pub(super) owner: Owner,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Owner {
    pub(super) login: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
}

impl Repository {
    pub(super) fn path(&self) -> (&str, &str) {
        self.full_name.split_once('/').unwrap_or((&self.owner.login, &self.full_name))
    }
}

impl GithubConnector {
    /// A repository that is named in the settings and cannot be read ends the sync: it may be gone, or only out of
    /// sight. One that an organisation's complete listing lacks is gone.
    pub(super) async fn repositories(&self) -> EngineResult<Vec<Repository>> {
        let names = &self.config.repositories;
        let Some(organization) = &self.config.organization else {
            let mut found = Vec::with_capacity(names.len());
            for name in names {
                let (owner, name) = name.split_once('/').unwrap_or_default();
                found.push(self.client.get(self.client.url(&["repos", owner, name], &[])).await?);
            }
            return Ok(found);
        };
        let query = [("type", "all"), ("sort", "created"), ("direction", "asc"), ("per_page", "100")];
        let url = self.client.url(&["orgs", organization, "repos"], &query);
        let mut found: Vec<Repository> = self.client.list(url, MOST).await?;
        let is_named = |found: &Repository| names.iter().any(|name| name.eq_ignore_ascii_case(&found.full_name));
        found.retain(|repository| names.is_empty() || is_named(repository));
        found.sort_by_key(|repository| repository.id);
        found.dedup_by_key(|repository| repository.id);
        Ok(found)
    }
}
