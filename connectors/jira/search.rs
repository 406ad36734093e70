//! Searches by JQL: Cloud names its pages by a token, Data Center numbers them.

use domain::{EngineError, EngineResult};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use super::client::{Client, FIELDS};
use crate::{http::Request, pages::Pages};

/// A page of a search.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found<T> {
    issues: Vec<T>,
    next_page_token: Option<String>,
    total: Option<usize>,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

/// A search that is under way.
pub(super) struct Search {
    jql: String,
    fields: &'static [&'static str],
    at_once: usize,
    token: Option<String>,
    start: usize,
    total: Option<usize>,
    pages: Pages,
    has_ended: bool,
}

impl Client {
    /// Issues of these projects in the order of their last update, from so many minutes ago on.
    pub(super) fn search<'a>(&self, projects: impl Iterator<Item = &'a String>, within: Option<i64>) -> Search {
        let since = within.map(|minutes| format!(" AND updated >= \"-{minutes}m\"")).unwrap_or_default();
        self.query(projects, &format!("{since}{} ORDER BY updated ASC", self.filter()), FIELDS, 50)
    }

    fn filter(&self) -> String {
        self.filter.as_ref().map(|filter| format!(" AND ({filter})")).unwrap_or_default()
    }

    fn query<'a>(
        &self,
        projects: impl Iterator<Item = &'a String>,
        rest: &str,
        fields: &'static [&'static str],
        at_once: usize,
    ) -> Search {
        let is_id = |id: &&String| id.chars().all(|char| char.is_ascii_digit());
        let projects = projects.filter(is_id).map(String::as_str).collect::<Vec<_>>().join(",");
        let has_ended = projects.is_empty();
        let jql = format!("project in ({projects}){rest}");
        Search { jql, fields, at_once, token: None, start: 0, total: None, pages: Pages::default(), has_ended }
    }

    /// The id of every issue of these projects.
    ///
    /// # Errors
    /// When there is none, and when pages have shifted so far that the listing cannot be relied on.
    pub(super) async fn ids<'a>(&self, projects: impl Iterator<Item = &'a String>) -> EngineResult<Vec<String>> {
        let mut search = self.query(projects, &format!("{} ORDER BY created ASC", self.filter()), &["id"], 1_000);
        let (mut ids, mut totals) = (Vec::new(), Vec::new());
        while let Some(page) = search.next_page::<Id>(self).await? {
            ids.extend(page.into_iter().map(|issue| issue.id));
            totals.extend(search.total);
        }
        ids.sort();
        ids.dedup();
        if ids.is_empty() {
            return Err(EngineError::retry("list Jira: it says that the projects of the source have no issue at all"));
        }
        // A page that moves up while another is read would hide an issue.
        if !totals.is_sorted() || totals.last().is_some_and(|total| *total != ids.len()) {
            return Err(EngineError::retry("list Jira: issues came or went while they were listed"));
        }
        Ok(ids)
    }
}

impl Search {
    /// How many issues it finds, where the edition tells.
    pub(super) fn total(&self) -> Option<u64> {
        self.total.map(|total| total as u64)
    }

    pub(super) async fn next_page<T: DeserializeOwned>(&mut self, client: &Client) -> EngineResult<Option<Vec<T>>> {
        if self.has_ended {
            return Ok(None);
        }
        let mut body = json!({ "jql": self.jql, "fields": self.fields, "maxResults": self.at_once });
        let url = if client.is_cloud() {
            if let Some(token) = &self.token {
                body["nextPageToken"] = token.as_str().into();
            }
            client.at(&["search", "jql"], &[])
        } else {
            body["startAt"] = self.start.into();
            client.at(&["search"], &[])
        };
        let found: Found<T> = client.http.json(&client.site.sign(Request::post_json(url, &body)?)).await?;
        self.start += found.issues.len();
        self.total = found.total;
        if let Some(token) = &found.next_page_token {
            self.pages.next("Jira", token)?;
        }
        self.has_ended = match (client.is_cloud(), found.total) {
            (false, Some(total)) => found.issues.is_empty() || self.start >= total,
            (false, None) => found.issues.is_empty(),
            (true, _) => found.next_page_token.is_none(),
        };
        self.token = found.next_page_token;
        Ok(Some(found.issues))
    }
}
