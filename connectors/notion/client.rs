//! Notion's API, version 2025-09-03.
//!
//! Search <https://developers.notion.com/reference/post-search>, rows of a data source
//! <https://developers.notion.com/reference/query-a-data-source>, pages <https://developers.notion.com/reference/page>,
//! blocks <https://developers.notion.com/reference/get-block-children>, limits
//! <https://developers.notion.com/reference/request-limits>. A page of a listing names the next by `next_cursor`.

use domain::EngineResult;
use reqwest::{StatusCode, header::HeaderName};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use url::Url;

use crate::{Http, address, credentials::Credentials, http::Request, pages::Pages};

const VERSION: &str = "2025-09-03";

pub(super) struct Client {
    pub(super) http: Http,
    pub(super) base: Url,
    pub(super) credentials: Credentials,
}

/// A page, a row of a data source, or (in a search) a data source.
#[derive(Clone, Deserialize)]
pub(super) struct Page {
    pub(super) object: String,
    pub(super) id: String,
    #[serde(default)]
    pub(super) last_edited_time: String,
    #[serde(default)]
    in_trash: bool,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    url: String,
    #[serde(default)]
    pub(super) properties: Map<String, Value>,
}

impl Page {
    pub(super) fn is_gone(&self) -> bool {
        self.in_trash || self.archived
    }

    /// Where a person opens it.
    pub(super) fn uri(&self) -> String {
        let told = Url::parse(&self.url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        told.map_or_else(|| format!("https://www.notion.so/{}", self.id.replace('-', "")), Into::into)
    }
}

#[derive(Deserialize)]
pub(super) struct Listed<T> {
    results: Vec<T>,
    next_cursor: Option<String>,
    #[serde(default)]
    has_more: bool,
}

impl Client {
    /// Everything that is shared with the integration, as far as the search knows.
    pub(super) async fn search(&self) -> EngineResult<Result<Vec<Page>, String>> {
        let sort = json!({ "timestamp": "last_edited_time", "direction": "ascending" });
        self.post(&["v1", "search"], json!({ "sort": sort })).await
    }

    pub(super) async fn rows(&self, source: &str) -> EngineResult<Result<Vec<Page>, String>> {
        self.post(&["v1", "data_sources", source, "query"], json!({})).await
    }

    /// A page by its id; `None` where it is gone or shared no more. The inner error says why it is closed to us.
    pub(super) async fn page(&self, id: &str) -> EngineResult<Result<Option<Page>, String>> {
        let request = Self::versioned(Request::get(self.at(&["v1", "pages", id])));
        let response = self.credentials.send(&self.http, request).await?;
        if response.status == StatusCode::NOT_FOUND {
            return Ok(Ok(None));
        }
        let page: Result<Page, String> = response.item()?;
        Ok(page.map(|page| Some(page).filter(|page| !page.is_gone())))
    }

    /// One page of what is in a block, and the cursor of the next.
    pub(super) async fn blocks(
        &self,
        id: &str,
        cursor: Option<&str>,
    ) -> EngineResult<Result<(Vec<Value>, Option<String>), String>> {
        let mut url = self.at(&["v1", "blocks", id, "children"]);
        url.query_pairs_mut().append_pair("page_size", "100");
        if let Some(cursor) = cursor {
            url.query_pairs_mut().append_pair("start_cursor", cursor);
        }
        let listed: Result<Listed<Value>, String> = self.item(Request::get(url)).await?;
        Ok(listed.map(|listed| (listed.results, listed.next_cursor.filter(|_| listed.has_more))))
    }

    async fn post(&self, path: &[&str], mut body: Value) -> EngineResult<Result<Vec<Page>, String>> {
        let (mut all, mut pages) = (Vec::new(), Pages::default());
        body["page_size"] = 100.into();
        loop {
            let listed: Listed<Page> = match self.item(Request::post_json(self.at(path), &body)?).await? {
                Ok(listed) => listed,
                Err(reason) => return Ok(Err(reason)),
            };
            all.extend(listed.results);
            let Some(next) = listed.next_cursor.filter(|_| listed.has_more) else { return Ok(Ok(all)) };
            pages.next("Notion", &next)?;
            body["start_cursor"] = next.into();
        }
    }

    fn at(&self, path: &[&str]) -> Url {
        address::at(&self.base, path)
    }

    fn versioned(request: Request) -> Request {
        request.header(HeaderName::from_static("notion-version"), VERSION)
    }

    async fn item<T: DeserializeOwned>(&self, request: Request) -> EngineResult<Result<T, String>> {
        self.credentials.item(&self.http, Self::versioned(request)).await
    }
}
