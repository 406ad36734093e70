//! Which projects there are: <https://docs.gitlab.com/api/groups/#list-projects>, <https://docs.gitlab.com/api/projects/>.

use domain::EngineResult;
use serde::Deserialize;

use super::GitlabConnector;

const MOST: usize = 100_000;

/// A project. Its id stays when it is renamed or moved to another group.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Project {
    pub(super) id: u64,
    pub(super) path_with_namespace: String,
    pub(super) visibility: String,
    #[serde(default)]
    pub(super) default_branch: Option<String>,
    #[serde(default = "members_only")]
    issues_access_level: String,
    #[serde(default = "members_only")]
    merge_requests_access_level: String,
    #[serde(default = "members_only")]
    wiki_access_level: String,
    #[serde(default = "members_only")]
    repository_access_level: String,
}

/// Levels are `disabled`, `private` (members only) and `enabled` (as the project): what is not said is not open.
fn members_only() -> String {
    "private".into()
}

/// What a project consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Issues,
    MergeRequests,
    Wiki,
    Files,
}

impl Part {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Issues => "issues",
            Self::MergeRequests => "merge_requests",
            Self::Wiki => "wiki",
            Self::Files => "files",
        }
    }
}

impl Project {
    fn level(&self, part: Part) -> &str {
        match part {
            Part::Issues => &self.issues_access_level,
            Part::MergeRequests => &self.merge_requests_access_level,
            Part::Wiki => &self.wiki_access_level,
            Part::Files => &self.repository_access_level,
        }
    }

    pub(super) fn has(&self, part: Part) -> bool {
        self.level(part) != "disabled"
    }

    /// Whether people see it who are no members of the project.
    pub(super) fn is_open(&self, part: Part) -> bool {
        matches!(self.visibility.as_str(), "public" | "internal") && self.level(part) == "enabled"
    }
}

impl GitlabConnector {
    /// A project that is named in the settings and cannot be read ends the sync: it may be gone, or only out of sight.
    /// One that a group's complete listing lacks is gone.
    pub(super) async fn projects(&self) -> EngineResult<Vec<Project>> {
        let paths = &self.config.projects;
        let Some(group) = self.config.group.as_deref().filter(|group| !group.is_empty()) else {
            let mut found = Vec::with_capacity(paths.len());
            for path in paths {
                found.push(self.client.get(self.client.url(&["projects", path], &[])).await?);
            }
            return Ok(found);
        };
        let query = [
            ("include_subgroups", "true"),
            ("with_shared", "false"),
            ("order_by", "id"),
            ("sort", "asc"),
            ("per_page", "100"),
        ];
        let url = self.client.url(&["groups", group, "projects"], &query);
        let mut found: Vec<Project> = self.client.list(url, MOST).await?;
        let is_named = |found: &Project| paths.iter().any(|path| path.eq_ignore_ascii_case(&found.path_with_namespace));
        found.retain(|project| paths.is_empty() || is_named(project));
        found.sort_by_key(|project| project.id);
        found.dedup_by_key(|project| project.id);
        Ok(found)
    }

    pub(super) fn wants(&self, part: Part) -> bool {
        match part {
            Part::Issues => self.config.issues,
            Part::MergeRequests => self.config.merge_requests,
            Part::Wiki => self.config.wiki,
            Part::Files => self.config.files,
        }
    }
}
