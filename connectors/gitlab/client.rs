//! GitLab's REST API: <https://docs.gitlab.com/api/rest/>, <https://docs.gitlab.com/api/rest/authentication/>.

use domain::EngineResult;
use serde::de::DeserializeOwned;
use url::Url;

use crate::{
    Http, Secret,
    http::{Request, Response},
    pages::Pages,
};

pub(super) struct Client {
    http: Http,
    base: Url,
    token: Secret,
}

impl Client {
    pub(super) fn new(http: Http, base: Url, token: Secret) -> Self {
        Self { http, base, token }
    }

    pub(super) fn token(&self) -> &Secret {
        &self.token
    }

    /// Each part of `path` is one segment: the slashes of a project's path are escaped.
    pub(super) fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v4"]).extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Where people and git go.
    pub(super) fn web(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{path}", url.path().trim_end_matches('/')));
        url
    }

    /// Every kind of token is taken as a bearer token.
    fn request(&self, url: Url) -> Request {
        Request::get(url).bearer(&self.token)
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, url: Url) -> EngineResult<T> {
        self.http.json(&self.request(url)).await
    }

    /// A page and where the next one is: by offset or by key, as the server offers.
    pub(super) async fn page<T: DeserializeOwned>(&self, url: Url) -> EngineResult<(Vec<T>, Option<Url>)> {
        let read = |response: Response| {
            let response = response.ok()?;
            let next = response.next_page();
            Ok((response.json()?, next))
        };
        self.http.attempt(&self.request(url), read).await
    }

    /// The first `most` entries of a listing.
    pub(super) async fn list<T: DeserializeOwned>(&self, first: Url, most: usize) -> EngineResult<Vec<T>> {
        let (mut all, mut pages, mut next) = (Vec::new(), Pages::default(), Some(first));
        while let Some(url) = next.take().filter(|_| all.len() < most) {
            pages.next("GitLab", url.as_str())?;
            let (page, after) = self.page(url).await?;
            all.extend::<Vec<T>>(page);
            next = after;
        }
        all.truncate(most);
        Ok(all)
    }
}
