//! GitHub's REST API, one request at a time, as it asks to be used.
//!
//! <https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api>
//! <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>
//! <https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate>

use std::time::Duration;

use domain::{Clock, EngineError, EngineResult};
use jiff::Timestamp;
use reqwest::{
    StatusCode,
    header::{ACCEPT, HeaderName},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::app::Credentials;
use crate::{
    Http, Secret,
    http::{Request, Response},
    pages::Pages,
};

const VERSION: HeaderName = HeaderName::from_static("x-github-api-version");
/// A secondary rate limit that does not say how long it lasts asks for at least a minute.
const SECONDARY: Duration = Duration::from_secs(60);

pub(super) struct Client {
    http: Http,
    api: Url,
    credentials: Credentials,
    clock: Clock,
}

impl Client {
    pub(super) fn new(http: Http, api: Url, credentials: Credentials, clock: Clock) -> Self {
        Self { http, api, credentials, clock }
    }

    pub(super) fn http(&self) -> &Http {
        &self.http
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.clock.now)()
    }

    pub(super) async fn token(&self) -> EngineResult<Secret> {
        self.credentials.current(self).await
    }

    pub(super) fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.api.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Where people and git go: <https://docs.github.com/en/enterprise-server/rest/quickstart>,
    /// <https://docs.github.com/en/enterprise-cloud@latest/admin/data-residency/network-details-for-ghecom>.
    pub(super) fn web(&self, path: &str) -> Url {
        let mut url = self.api.clone();
        let host = url.host_str().and_then(|host| host.strip_prefix("api.")).map(str::to_owned);
        if let Some(host) = host.filter(|host| host == "github.com" || host.ends_with(".ghe.com")) {
            let _ = url.set_host(Some(&host));
        }
        url.set_path(path);
        url
    }

    pub(super) async fn request(&self, url: Url) -> EngineResult<Request> {
        Ok(plain(Request::get(url)).bearer(&self.token().await?))
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, url: Url) -> EngineResult<T> {
        let request = self.request(url).await?;
        self.http.attempt(&request, |response| answer(response)?.json()).await
    }

    /// A page and where the next one is.
    pub(super) async fn page<T: DeserializeOwned>(&self, request: &Request) -> EngineResult<(Vec<T>, Option<Url>)> {
        let read = |response: Response| {
            let response = answer(response)?;
            let next = response.next_page();
            Ok((response.json()?, next))
        };
        self.http.attempt(request, read).await
    }

    /// The first `most` entries of a listing.
    pub(super) async fn list<T: DeserializeOwned>(&self, first: Url, most: usize) -> EngineResult<Vec<T>> {
        let (mut all, mut pages, mut next) = (Vec::new(), Pages::default(), Some(first));
        while let Some(url) = next.take().filter(|_| all.len() < most) {
            pages.next("GitHub", url.as_str())?;
            let (page, after) = self.page(&self.request(url).await?).await?;
            all.extend::<Vec<T>>(page);
            next = after;
        }
        all.truncate(most);
        Ok(all)
    }

    /// <https://docs.github.com/en/graphql/guides/forming-calls-with-graphql>
    pub(super) async fn graphql(&self, query: &str, variables: Value) -> EngineResult<Value> {
        let mut url = self.api.clone();
        let path = url.path().trim_end_matches('/').trim_end_matches("/v3").to_owned();
        url.set_path(&format!("{path}/graphql"));
        let body = serde_json::json!({ "query": query, "variables": variables });
        let request = plain(Request::post_json(url, &body)?).bearer(&self.token().await?);
        self.http.attempt(&request, |response| answer(response)?.json()).await
    }
}

pub(super) fn plain(request: Request) -> Request {
    request.header(ACCEPT, "application/vnd.github+json").header(VERSION, "2022-11-28")
}

/// A good answer, or one that says nothing has changed.
pub(super) fn answer(response: Response) -> EngineResult<Response> {
    if response.status == StatusCode::NOT_MODIFIED {
        return Ok(response);
    }
    let is_limited = response.status == StatusCode::FORBIDDEN
        && String::from_utf8_lossy(&response.body).to_lowercase().contains("secondary rate limit");
    if is_limited {
        return Err(EngineError::retry_in("read GitHub: it asks to slow down", SECONDARY));
    }
    response.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{clock, parts};

    #[test]
    fn people_and_git_go_beside_the_api() {
        for (api, web) in [
            ("https://api.github.com", "https://github.com/a/b"),
            ("https://api.octocorp.ghe.com", "https://octocorp.ghe.com/a/b"),
            ("https://git.example.com/api/v3", "https://git.example.com/a/b"),
            ("https://api.example.com/api/v3", "https://api.example.com/a/b"),
        ] {
            let credentials = Credentials::token("t".into());
            let client = Client::new(parts().http, api.parse().unwrap(), credentials, clock());
            assert_eq!(client.web("a/b").as_str(), web, "{api}");
        }
    }
}
