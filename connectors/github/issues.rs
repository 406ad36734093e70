//! Issues and pull requests, each with all that was said about it, as one document.
//!
//! <https://docs.github.com/en/rest/issues/issues#list-repository-issues>
//! <https://docs.github.com/en/rest/issues/comments>, <https://docs.github.com/en/rest/pulls/comments>,
//! <https://docs.github.com/en/rest/pulls/reviews>

use std::collections::HashSet;

use domain::{Change, Cursor, EngineResult, RawDocument, Since};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::IgnoredAny};
use url::Url;

use super::{GithubConnector, SETTLED, repositories::Repository};
use crate::{
    forge::Readers,
    readers::nobody,
    thread::{Post, markdown},
};

/// Most comments of one issue that are read.
const MOST_COMMENTS: usize = 2_000;
const MOST_EDITED: usize = 100_000;

/// What a listing says of an issue.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Listed {
    pub(super) node_id: String,
    pub(super) number: u64,
    updated_at: Timestamp,
    comments: u64,
    pub(super) is_pull_request: bool,
}

#[derive(Deserialize)]
pub(super) struct Issue {
    node_id: String,
    number: u64,
    title: String,
    #[serde(default)]
    body: Option<String>,
    state: String,
    #[serde(default)]
    user: Option<User>,
    #[serde(default)]
    labels: Vec<Label>,
    #[serde(default)]
    comments: u64,
    created_at: String,
    updated_at: Timestamp,
    html_url: String,
    #[serde(default)]
    pull_request: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct User {
    login: String,
}

#[derive(Deserialize)]
struct Label {
    #[serde(default)]
    name: String,
}

/// An issue comment, a review comment or a review.
#[derive(Deserialize)]
struct Comment {
    #[serde(default)]
    user: Option<User>,
    #[serde(default)]
    body: Option<String>,
    #[serde(alias = "submitted_at", default)]
    created_at: Option<String>,
    /// The issue or pull request it belongs to.
    #[serde(alias = "pull_request_url", default)]
    issue_url: Option<String>,
}

impl From<&Issue> for Listed {
    fn from(issue: &Issue) -> Self {
        Self {
            node_id: issue.node_id.clone(),
            number: issue.number,
            updated_at: issue.updated_at,
            comments: issue.comments,
            is_pull_request: issue.pull_request.is_some(),
        }
    }
}

impl Listed {
    /// Times are told in seconds: what has just changed may change again before its time does.
    fn revision(&self, now: Timestamp) -> Option<String> {
        (self.updated_at < now - SETTLED).then(|| format!("{} {}", self.updated_at, self.comments))
    }
}

impl GithubConnector {
    pub(super) fn wants(&self, issue: &Listed) -> bool {
        if issue.is_pull_request { self.config.pull_requests } else { self.config.issues }
    }

    pub(super) fn issues_url(&self, repository: &Repository) -> Url {
        let (owner, name) = repository.path();
        let query = [("state", "all"), ("sort", "created"), ("direction", "asc"), ("per_page", "100")];
        self.client.url(&["repos", owner, name, "issues"], &query)
    }

    /// Numbers of issues with comments that were written or edited since the last sync: whether an edit counts as a
    /// change of the issue is not documented.
    pub(super) async fn edited(&self, repository: &Repository, cursor: Option<&Cursor>) -> EngineResult<HashSet<u64>> {
        let mut numbers = HashSet::new();
        let Some(Cursor(since)) = cursor else { return Ok(numbers) };
        let (owner, name) = repository.path();
        let parts = [("issues", true), ("pulls", self.config.pull_requests)];
        for (part, _) in parts.into_iter().filter(|(_, is_wanted)| *is_wanted) {
            let query = [("since", since.as_str()), ("sort", "updated"), ("direction", "asc"), ("per_page", "100")];
            let url = self.client.url(&["repos", owner, name, part, "comments"], &query);
            let comments: Vec<Comment> = self.client.list(url, MOST_EDITED).await?;
            let number = |comment: &Comment| comment.issue_url.as_ref()?.rsplit('/').next()?.parse::<u64>().ok();
            numbers.extend(comments.iter().filter_map(number));
        }
        Ok(numbers)
    }

    /// The change that a listed issue is. `issue`: its text, where the listing had it.
    pub(super) async fn issue(
        &self,
        repository: &Repository,
        listed: &Listed,
        issue: Option<Issue>,
        readers: &Readers,
        held: Option<&Since>,
    ) -> EngineResult<Change> {
        let external_id = format!("{}/{}", repository.node_id, listed.node_id);
        let readers = match readers {
            Ok(readers) => readers.clone(),
            Err(reason) => {
                return Ok(Change::Failed { external_id, reason: reason.clone(), readers: Some(nobody()) });
            }
        };
        let revision = listed.revision(self.client.now());
        let is_held = |since: &Since| revision.as_ref().is_some_and(|revision| since.holds(&external_id, revision));
        if held.is_some_and(is_held) {
            return Ok(Change::Unchanged { external_id, readers });
        }
        match self.read(repository, listed, issue).await {
            Ok((issue, text)) => Ok(Change::Upsert(RawDocument {
                external_id,
                uri: issue.html_url,
                title: Some(issue.title),
                file_name: format!("{}.md", issue.number),
                bytes: text.into_bytes(),
                readers,
                modified_at: Some(issue.updated_at),
                revision,
            })),
            Err(error) if error.retryable => Err(error),
            Err(error) => Ok(Change::Failed { external_id, reason: error.message, readers: Some(readers) }),
        }
    }

    async fn read(
        &self,
        repository: &Repository,
        listed: &Listed,
        issue: Option<Issue>,
    ) -> EngineResult<(Issue, String)> {
        let (owner, name) = repository.path();
        let number = listed.number.to_string();
        let issue = match issue {
            Some(issue) => issue,
            None => self.client.get(self.client.url(&["repos", owner, name, "issues", &number], &[])).await?,
        };
        let mut parts = Vec::new();
        if listed.comments > 0 {
            parts.push(["issues", "comments"]);
        }
        if listed.is_pull_request {
            parts.extend([["pulls", "reviews"], ["pulls", "comments"]]);
        }
        let mut posts = Vec::new();
        for [kind, part] in parts {
            let url = self.client.url(&["repos", owner, name, kind, &number, part], &[("per_page", "100")]);
            let comments: Vec<Comment> = self.client.list(url, MOST_COMMENTS).await?;
            posts.extend(comments.into_iter().map(post));
        }
        posts.sort_by(|a, b| a.at.cmp(&b.at));
        let labels: Vec<&str> = issue.labels.iter().map(|label| label.name.as_str()).collect();
        let facts = [
            (
                if listed.is_pull_request { "Pull request" } else { "Issue" },
                format!("{}#{number}", repository.full_name),
            ),
            ("State", issue.state.clone()),
            ("Labels", labels.join(", ")),
            ("Opened by", author(issue.user.as_ref())),
            ("Opened on", issue.created_at.split('T').next().unwrap_or_default().to_owned()),
        ];
        let text = markdown(&facts, issue.body.as_deref().unwrap_or_default(), &posts);
        Ok((issue, text))
    }
}

fn post(comment: Comment) -> Post {
    Post {
        author: author(comment.user.as_ref()),
        at: comment.created_at.unwrap_or_default(),
        text: comment.body.unwrap_or_default(),
    }
}

/// Accounts that were deleted are shown as `ghost`.
fn author(user: Option<&User>) -> String {
    user.map_or("ghost", |user| &user.login).to_owned()
}
