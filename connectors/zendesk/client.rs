//! Zendesk's API: articles <https://developer.zendesk.com/api-reference/help_center/help-center-api/articles/>, cursor
//! pagination <https://developer.zendesk.com/api-reference/introduction/pagination/>, OAuth client credentials
//! <https://developer.zendesk.com/api-reference/ticketing/oauth/grant_type_tokens/>.

use domain::{EngineError, EngineResult};
use serde::{
    Deserialize,
    de::{DeserializeOwned, Error},
};
use serde_json::Value;
use url::Url;

use crate::{Http, address, credentials::Credentials, http::Request, pages::Pages};

pub(super) struct Client {
    pub(super) http: Http,
    pub(super) base: Url,
    pub(super) credentials: Credentials,
}

#[derive(Deserialize)]
pub(super) struct Article {
    pub(super) id: u64,
    #[serde(default)]
    html_url: String,
    #[serde(default)]
    pub(super) title: String,
    pub(super) body: Option<String>,
    #[serde(default)]
    pub(super) draft: bool,
    pub(super) updated_at: String,
    user_segment_id: Option<u64>,
    #[serde(default)]
    user_segment_ids: Vec<u64>,
}

impl Article {
    /// Segments whose users may read it; none for everyone.
    pub(super) fn segments(&self) -> Vec<u64> {
        let mut all: Vec<u64> = self.user_segment_ids.iter().copied().chain(self.user_segment_id).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// A listing that is under way; `name` is the field its pages have the things in.
pub(super) struct Listing {
    name: &'static str,
    next: Option<Url>,
    pages: Pages,
}

impl Client {
    pub(super) fn articles(&self) -> Listing {
        self.listing("articles", &["api", "v2", "help_center", "articles"], &[])
    }

    pub(super) fn listing(&self, name: &'static str, path: &[&str], query: &[(&str, &str)]) -> Listing {
        let mut url = address::at(&self.base, path);
        url.query_pairs_mut().append_pair("page[size]", "100").extend_pairs(query);
        Listing { name, next: Some(url), pages: Pages::default() }
    }

    /// One thing, or why it is closed to us.
    pub(super) async fn one<T: DeserializeOwned>(&self, path: &[&str]) -> EngineResult<Result<T, String>> {
        self.credentials.item(&self.http, Request::get(address::at(&self.base, path))).await
    }

    /// Where a person opens an article.
    pub(super) fn uri(&self, article: &Article) -> String {
        let told = Url::parse(&article.html_url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        told.unwrap_or_else(|| address::at(&self.base, &["hc", "articles", &article.id.to_string()])).into()
    }
}

impl Listing {
    /// The next page, `None` after the last.
    ///
    /// # Errors
    /// Also when it is closed to us.
    pub(super) async fn next_page<T: DeserializeOwned>(&mut self, client: &Client) -> EngineResult<Option<Vec<T>>> {
        self.next_open(client).await?.map_err(EngineError::give_up)
    }

    /// Like [`next_page`](Self::next_page), with the reason where it is closed to us.
    pub(super) async fn next_open<T: DeserializeOwned>(
        &mut self,
        client: &Client,
    ) -> EngineResult<Result<Option<Vec<T>>, String>> {
        let Some(url) = self.next.take() else { return Ok(Ok(None)) };
        let told: Result<Value, String> = client.credentials.item(&client.http, Request::get(url)).await?;
        let mut page = match told {
            Ok(page) => page,
            Err(reason) => return Ok(Err(reason)),
        };
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(ToOwned::to_owned);
        let has_more = page.get("meta").and_then(|meta| meta.get("has_more")).and_then(Value::as_bool) == Some(true);
        if let Some(next) = text(page.get("links").and_then(|links| links.get("next"))).filter(|_| has_more) {
            self.pages.next("Zendesk", &next)?;
            let next = Url::parse(&next).ok().filter(|next| next.origin() == client.base.origin());
            self.next = Some(next.ok_or_else(|| {
                EngineError::give_up("list Zendesk: its next page is on another host; check the source's `url`")
            })?);
        }
        let things = page.get_mut(self.name).map(Value::take).ok_or_else(|| serde_json::Error::custom("no things"));
        let things = things.and_then(serde_json::from_value).map_err(|error| {
            EngineError::retry(format!("list Zendesk: its {} are not what was expected: {error}", self.name))
        })?;
        Ok(Ok(Some(things)))
    }
}
