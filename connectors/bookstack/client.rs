//! BookStack's REST API: whole listings by ascending id, and single pages.

use domain::{EngineError, EngineResult};
use reqwest::{StatusCode, header::AUTHORIZATION};
use serde::{Deserialize, de::DeserializeOwned};

use super::BookStack;
use crate::{
    http::{Request, Response},
    pages::Pages,
};

/// The most that BookStack gives at once.
const COUNT: &str = "500";

#[derive(Deserialize)]
struct Listing<T> {
    data: Vec<T>,
}

/// Something with an id, as listings have them.
pub(super) trait Item: DeserializeOwned {
    fn id(&self) -> u64;
}

/// A page in a listing.
#[derive(Deserialize)]
pub(super) struct Listed {
    pub(super) id: u64,
    pub(super) book_id: u64,
    /// 0 for pages that stand in a book itself.
    #[serde(default)]
    pub(super) chapter_id: Option<u64>,
    pub(super) name: String,
    pub(super) slug: String,
    #[serde(default)]
    pub(super) draft: bool,
    pub(super) updated_at: String,
}

/// A book or a chapter in a listing.
#[derive(Deserialize)]
pub(super) struct Shelf {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) slug: String,
}

/// A page by itself.
#[derive(Deserialize)]
pub(super) struct Page {
    #[serde(default)]
    pub(super) html: String,
}

impl Item for Listed {
    fn id(&self) -> u64 {
        self.id
    }
}

impl Item for Shelf {
    fn id(&self) -> u64 {
        self.id
    }
}

impl BookStack {
    /// Everything of a kind. Not by offset: what is deleted meanwhile would shift the rest, and hide something that exists.
    pub(super) async fn list<T: Item>(&self, kind: &str) -> EngineResult<Vec<T>> {
        let mut all = Vec::new();
        let mut positions = Pages::default();
        let mut after = 0;
        loop {
            let filter = after.to_string();
            let query = [("count", COUNT), ("sort", "+id"), ("filter[id:gt]", filter.as_str())];
            let request = self.request(&format!("api/{kind}"), &query)?;
            let page: Listing<T> = self.http.json(&request).await?;
            let Some(last) = page.data.iter().map(Item::id).max() else { return Ok(all) };
            positions.next(kind, &last.to_string())?;
            after = last;
            all.extend(page.data);
        }
    }

    /// A page; `None` if it was deleted since it was listed.
    pub(super) async fn page(&self, id: u64) -> EngineResult<Option<Page>> {
        let request = self.request(&format!("api/pages/{id}"), &[])?;
        let read = |response: Response| match response.status {
            StatusCode::NOT_FOUND => Ok(None),
            _ => response.ok()?.json().map(Some),
        };
        self.http.attempt(&request, read).await
    }

    fn request(&self, path: &str, query: &[(&str, &str)]) -> EngineResult<Request> {
        let mut url = self.url.join(path).map_err(|error| EngineError::give_up(format!("read {path}: {error}")))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let token = format!("Token {}:{}", self.config.token_id.trim(), self.config.token_secret.expose().trim());
        Ok(Request::get(url).secret(AUTHORIZATION, &token))
    }
}
