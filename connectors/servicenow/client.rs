//! ServiceNow's Table API (<https://www.servicenow.com/docs/bundle/yokohama-api-reference/page/integrate/inbound-rest/concept/c_TableAPI.html>).
//!
//! Every value is a text. Rows that the account may not see are missing from a page without a word, so a listing ends
//! where `X-Total-Count` says and not at the first short page.

use std::collections::BTreeMap;

use domain::{EngineError, EngineResult};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use reqwest::header::HeaderName;
use serde::{Deserialize, de::DeserializeOwned};
use url::Url;

use crate::{Http, address, credentials::Credentials, http::Request};

/// Most pages of a listing.
const MOST_PAGES: usize = 10_000;
/// What is listed of an article, and what is read of it.
const LISTED: &str =
    "sys_id,number,sys_updated_on,sys_mod_count,kb_knowledge_base,can_read_user_criteria,cannot_read_user_criteria";
const READ: &str = "sys_id,number,sys_updated_on,sys_mod_count,short_description,text,wiki";

pub(super) struct Client {
    pub(super) http: Http,
    pub(super) base: Url,
    pub(super) credentials: Credentials,
    pub(super) filter: Option<String>,
    /// Rows of a page.
    pub(super) page_size: usize,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Article {
    pub(super) sys_id: String,
    pub(super) number: String,
    sys_updated_on: String,
    sys_mod_count: String,
    pub(super) kb_knowledge_base: String,
    pub(super) can_read_user_criteria: String,
    pub(super) cannot_read_user_criteria: String,
    pub(super) short_description: String,
    pub(super) text: String,
    pub(super) wiki: String,
}

impl Article {
    /// A new version of an article is a new record; a record counts its changes.
    pub(super) fn revision(&self) -> String {
        format!("{} {} {}", self.sys_id, self.sys_mod_count, self.sys_updated_on)
    }

    /// Times are in UTC, whatever the account's zone.
    pub(super) fn modified_at(&self) -> Option<Timestamp> {
        let time: DateTime = self.sys_updated_on.parse().ok()?;
        Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
    }
}

#[derive(Deserialize)]
struct Answer<T> {
    result: T,
}

/// The rows of a table.
pub(super) struct Rows<T> {
    pub(super) rows: Vec<T>,
    /// Whether none was kept from the account.
    pub(super) is_complete: bool,
    /// Whether none came or went while they were listed, which would have hidden another.
    is_steady: bool,
}

impl Client {
    /// Published articles by number, and whether they are all.
    pub(super) async fn articles(&self) -> EngineResult<(BTreeMap<String, Article>, bool)> {
        let filter = self.filter.as_ref().map(|filter| format!("^{filter}")).unwrap_or_default();
        let listed = self.rows::<Article>("kb_knowledge", &format!("workflow_state=published{filter}"), LISTED).await?;
        let Rows { rows, is_steady, .. } = listed.map_err(EngineError::give_up)?;
        let mut articles: BTreeMap<String, Article> = BTreeMap::new();
        for article in rows {
            let is_newer = |held: &Article| held.sys_updated_on < article.sys_updated_on;
            if articles.get(&article.number).is_none_or(is_newer) {
                articles.insert(article.number.clone(), article);
            }
        }
        Ok((articles, is_steady))
    }

    /// All rows of a table that match an encoded query, or why it is closed to us.
    pub(super) async fn rows<T: DeserializeOwned>(
        &self,
        table: &str,
        query: &str,
        fields: &str,
    ) -> EngineResult<Result<Rows<T>, String>> {
        let (mut rows, mut totals) = (Vec::new(), Vec::new());
        for page in 0..MOST_PAGES {
            let offset = page * self.page_size;
            let mut url = address::at(&self.base, &["api", "now", "table", table]);
            url.query_pairs_mut()
                .append_pair("sysparm_query", &format!("{query}^ORDERBYsys_id"))
                .append_pair("sysparm_fields", fields)
                .append_pair("sysparm_exclude_reference_link", "true")
                .append_pair("sysparm_limit", &self.page_size.to_string())
                .append_pair("sysparm_offset", &offset.to_string());
            let response = self.credentials.send(&self.http, Request::get(url)).await?;
            let total = response.header(HeaderName::from_static("x-total-count")).and_then(|total| total.parse().ok());
            let answer: Answer<Vec<T>> = match response.item()? {
                Ok(answer) => answer,
                Err(reason) => return Ok(Err(format!("{reason} (table {table})"))),
            };
            let total = total.unwrap_or(offset + answer.result.len());
            rows.extend(answer.result);
            totals.push(total);
            if offset + self.page_size >= total {
                let is_steady = totals.iter().all(|other| *other == total);
                return Ok(Ok(Rows { is_complete: rows.len() >= total, rows, is_steady }));
            }
        }
        Err(EngineError::give_up(format!("list ServiceNow: {table} has more than {MOST_PAGES} pages")))
    }

    pub(super) async fn article(&self, id: &str) -> EngineResult<Result<Article, String>> {
        let mut url = address::at(&self.base, &["api", "now", "table", "kb_knowledge", id]);
        url.query_pairs_mut().extend_pairs([("sysparm_fields", READ), ("sysparm_exclude_reference_link", "true")]);
        let answer: Result<Answer<Article>, String> = self.credentials.item(&self.http, Request::get(url)).await?;
        Ok(answer.map(|answer| answer.result))
    }

    /// Where a person opens an article.
    pub(super) fn uri(&self, number: &str) -> String {
        let mut url = address::at(&self.base, &["kb_view.do"]);
        url.query_pairs_mut().append_pair("sysparm_article", number);
        url.into()
    }
}
