//! Jira's API: Cloud by REST v3, Data Center by REST v2.
//!
//! <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/> (`search/jql`, whose pages are
//! named by a token), <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-comments/>,
//! <https://docs.atlassian.com/software/jira/docs/api/REST/9.12.0/> (`search`, whose pages are numbered).

use domain::{EngineError, EngineResult};
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

use crate::{
    Http,
    atlassian::{Edition, Site},
    pages::Pages,
};

/// What is read of an issue.
pub(super) const FIELDS: &[&str] =
    &["summary", "description", "comment", "updated", "project", "security", "status", "issuetype", "labels"];

pub(super) struct Client {
    pub(super) http: Http,
    pub(super) site: Site,
    pub(super) filter: Option<String>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Project {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) lead: Option<Value>,
}

#[derive(Deserialize)]
pub(super) struct Issue {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) fields: Fields,
}

#[derive(Deserialize)]
pub(super) struct Fields {
    #[serde(default)]
    pub(super) summary: String,
    /// Atlassian Document Format in Cloud, wiki markup in Data Center.
    #[serde(default)]
    pub(super) description: Value,
    pub(super) comment: Option<Comments>,
    pub(super) updated: String,
    pub(super) project: Named,
    pub(super) security: Option<Named>,
    pub(super) status: Option<Named>,
    pub(super) issuetype: Option<Named>,
    #[serde(default)]
    pub(super) labels: Vec<String>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Named {
    #[serde(default)]
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: String,
}

#[derive(Deserialize)]
pub(super) struct Comments {
    comments: Vec<Comment>,
    #[serde(default)]
    total: usize,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Comment {
    pub(super) author: Option<Author>,
    #[serde(default)]
    pub(super) body: Value,
    #[serde(default)]
    pub(super) created: String,
    /// The group or role that alone may read it.
    visibility: Option<Value>,
    /// In service projects: whether customers see it. Others are the agents' own notes.
    jsd_public: Option<bool>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Author {
    #[serde(default)]
    pub(super) display_name: String,
}

impl Issue {
    pub(super) fn updated_at(&self) -> Option<Timestamp> {
        Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", &self.fields.updated).ok()
    }
}

impl Comment {
    /// Whether everyone who may read the issue may read the comment.
    fn is_open(&self) -> bool {
        self.visibility.as_ref().is_none_or(Value::is_null) && self.jsd_public != Some(false)
    }
}

/// A page of a numbered listing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Numbered<T> {
    #[serde(alias = "comments")]
    values: Vec<T>,
    start_at: usize,
    total: Option<usize>,
    is_last: Option<bool>,
}

impl Client {
    pub(super) fn is_cloud(&self) -> bool {
        self.site.edition == Edition::Cloud
    }

    /// The address of `path` in the edition's version of the API.
    pub(super) fn at(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let version = if self.is_cloud() { "3" } else { "2" };
        self.site.at(&[&["rest", "api", version], path].concat(), query)
    }

    /// The projects with these keys, or all.
    pub(super) async fn projects(&self, keys: &[String]) -> EngineResult<Vec<Project>> {
        let mut projects: Vec<Project> = if self.is_cloud() {
            self.all(&["project", "search"], &[("expand", "lead")]).await?.map_err(EngineError::give_up)?
        } else {
            self.http.json(&self.site.get(self.at(&["project"], &[("expand", "lead")]))).await?
        };
        if let Some(missing) = keys.iter().find(|key| projects.iter().all(|project| project.key != **key)) {
            return Err(EngineError::give_up(format!(
                "list Jira: it shows the source's account no project `{missing}`; check `projects` and the account's rights"
            )));
        }
        projects.retain(|project| keys.is_empty() || keys.contains(&project.key));
        Ok(projects)
    }

    pub(super) async fn issue(&self, id: &str) -> EngineResult<Result<Issue, String>> {
        self.http.item(&self.site.get(self.at(&["issue", id], &[("fields", &FIELDS.join(","))]))).await
    }

    /// The comments that all readers of the issue may read. Searches tell only some of many.
    pub(super) async fn comments(&self, issue: &Issue) -> EngineResult<Result<Vec<Comment>, String>> {
        let told = issue.fields.comment.as_ref();
        let told: &[Comment] = match told {
            Some(told) if told.total > told.comments.len() => {
                let all = self.all::<Comment>(&["issue", &issue.id, "comment"], &[]).await?;
                return Ok(all.map(|all| all.into_iter().filter(Comment::is_open).collect()));
            }
            Some(told) => &told.comments,
            None => &[],
        };
        Ok(Ok(told.iter().filter(|comment| comment.is_open()).cloned().collect()))
    }

    /// All pages of a numbered listing, or why it is closed to us.
    pub(super) async fn all<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> EngineResult<Result<Vec<T>, String>> {
        let (mut all, mut pages, mut start) = (Vec::new(), Pages::default(), 0);
        loop {
            let mut url = self.at(path, query);
            url.query_pairs_mut().append_pair("startAt", &start.to_string()).append_pair("maxResults", "100");
            let page: Numbered<T> = match self.http.item(&self.site.get(url)).await? {
                Ok(page) => page,
                Err(reason) => return Ok(Err(reason)),
            };
            let next = page.start_at + page.values.len();
            let is_last = page.is_last.unwrap_or(page.total.is_none_or(|total| next >= total));
            let is_empty = page.values.is_empty();
            all.extend(page.values);
            if is_last || is_empty {
                return Ok(Ok(all));
            }
            pages.next("Jira", &next.to_string())?;
            start = next;
        }
    }
}
