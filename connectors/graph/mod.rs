//! Microsoft Graph, as far as several connectors need it: login, pages, groups.
//!
//! <https://learn.microsoft.com/en-us/graph/paging>, <https://learn.microsoft.com/en-us/graph/delta-query-overview>,
//! <https://learn.microsoft.com/en-us/graph/throttling>, <https://learn.microsoft.com/en-us/graph/api/group-list-transitivemembers>.

use domain::{EngineError, EngineResult};
use reqwest::{StatusCode, header::HeaderName};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

pub(crate) use crate::address::segment;
use crate::{
    Http, Parts, Secret,
    http::{Request, Response},
    oauth::OAuth,
    pages::Pages,
};

pub(crate) const GRAPH_URL: &str = "https://graph.microsoft.com/v1.0/";
pub(crate) const LOGIN_URL: &str = "https://login.microsoftonline.com/";

/// The API on behalf of an app.
pub(crate) struct Graph {
    http: Http,
    base: Url,
    oauth: OAuth,
}

/// Who logs in, and where.
pub(crate) struct Login<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) client_secret: &'a Secret,
    pub(crate) login_url: &'a str,
    pub(crate) graph_url: &'a str,
}

/// A page of a listing.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// Path and query of the next page.
    pub(crate) next: Option<String>,
    /// Path and query of what is asked for later changes.
    pub(crate) delta: Option<String>,
}

/// What became of the request for a page.
pub(crate) enum Asked<T> {
    Page(Page<T>),
    /// There is no such thing, or (410) the place is no longer known.
    Gone,
    /// It is closed to us; the reason.
    Refused(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Person {
    #[serde(rename = "@odata.type", default)]
    kind: String,
    mail: Option<String>,
    user_principal_name: Option<String>,
    account_enabled: Option<bool>,
}

impl Graph {
    /// # Errors
    /// For settings that name no address.
    pub(crate) fn new(parts: &Parts, login: &Login<'_>) -> EngineResult<Self> {
        let wrong = |what: &str, error: url::ParseError| EngineError::give_up(format!("{what}: {error}"));
        let is_name =
            |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
        if !is_name(login.tenant) {
            return Err(EngineError::give_up("`tenant` is neither an id nor a domain"));
        }
        let slashed = |url: &str| format!("{}/", url.trim_end_matches('/'));
        let base = Url::parse(&slashed(login.graph_url)).map_err(|error| wrong("graph_url", error))?;
        let endpoint = format!("{}{}/oauth2/v2.0/token", slashed(login.login_url), login.tenant);
        let endpoint = Url::parse(&endpoint).map_err(|error| wrong("login_url", error))?;
        let scope = format!("{}/.default", base.origin().ascii_serialization());
        let oauth = OAuth::new(parts, endpoint, login.client_id, login.client_secret.clone(), Some(&scope));
        Ok(Self { http: parts.http.clone(), base, oauth })
    }

    /// An address below the API's, or one that a page named.
    pub(crate) fn url(&self, path: &str) -> EngineResult<Url> {
        let url = self.base.join(path);
        url.map_err(|error| EngineError::give_up(format!("ask Microsoft Graph: {error}")))
    }

    /// Any final status is an answer.
    pub(crate) async fn send(&self, request: Request) -> EngineResult<Response> {
        self.oauth.send(&self.http, &request).await
    }

    /// One of many things, or why it is closed to us or gone.
    pub(crate) async fn item<T: DeserializeOwned>(&self, path: &str) -> EngineResult<Result<T, String>> {
        self.send(Request::get(self.url(path)?)).await?.item()
    }

    /// A page of a listing or of changes.
    pub(crate) async fn page<T: DeserializeOwned>(&self, path: &str, prefer: &str) -> EngineResult<Asked<T>> {
        let request = Request::get(self.url(path)?).header(HeaderName::from_static("prefer"), prefer);
        let response = self.send(request).await?;
        if matches!(response.status, StatusCode::NOT_FOUND | StatusCode::GONE) {
            return Ok(Asked::Gone);
        }
        let mut answer: Value = match response.item()? {
            Ok(answer) => answer,
            Err(reason) => return Ok(Asked::Refused(reason)),
        };
        let items = answer.get_mut("value").map(Value::take);
        let items = items.ok_or_else(|| EngineError::retry("read Microsoft Graph: a page without `value`"))?;
        let items = serde_json::from_value(items).map_err(|error| {
            EngineError::retry(format!("read Microsoft Graph: its answer is not as expected: {error}"))
        })?;
        let (next, delta) = (self.link(&answer, "@odata.nextLink")?, self.link(&answer, "@odata.deltaLink")?);
        Ok(Asked::Page(Page { items, next, delta }))
    }

    /// All items of a listing, none where there is no such thing; or why it is closed to us.
    ///
    /// # Errors
    /// Also when the listing breaks off after its first page.
    pub(crate) async fn all<T: DeserializeOwned>(&self, path: &str) -> EngineResult<Result<Vec<T>, String>> {
        let (mut items, mut pages, mut at) = (Vec::new(), Pages::default(), path.to_owned());
        loop {
            let page = match self.page(&at, "").await? {
                Asked::Page(page) => page,
                Asked::Gone if at == path => return Ok(Ok(items)),
                Asked::Gone => return Err(broken_off()),
                Asked::Refused(reason) => return Ok(Err(reason)),
            };
            items.extend(page.items);
            let Some(next) = page.next else { return Ok(Ok(items)) };
            pages.next("Microsoft Graph", &next)?;
            at = next;
        }
    }

    /// The e-mail addresses in a group and in the groups in it, or why they are closed to us.
    pub(crate) async fn members(&self, group: &str) -> EngineResult<Result<Vec<String>, String>> {
        let query = "transitiveMembers?$select=id,mail,userPrincipalName,accountEnabled&$top=200";
        let people: Result<Vec<Person>, String> = self.all(&format!("groups/{}/{query}", segment(group))).await?;
        let is_active = |person: &Person| person.kind.ends_with(".user") && person.account_enabled != Some(false);
        Ok(people.map(|people| {
            let active = people.into_iter().filter(is_active);
            active.filter_map(|person| person.mail.or(person.user_principal_name)).collect()
        }))
    }

    /// Path and query of a link. It leads nowhere else: the token goes with it.
    fn link(&self, answer: &Value, name: &str) -> EngineResult<Option<String>> {
        let Some(link) = answer.get(name).and_then(Value::as_str) else { return Ok(None) };
        let url = Url::parse(link).ok().filter(|url| url.origin() == self.base.origin());
        let url = url.ok_or_else(|| EngineError::give_up("read Microsoft Graph: a page leads to another host"))?;
        Ok(Some(format!("{}?{}", url.path(), url.query().unwrap_or_default())))
    }
}

/// What was there a page ago is not there any more: nothing that can be relied on.
pub(crate) fn broken_off() -> EngineError {
    EngineError::retry("read Microsoft Graph: a listing breaks off after some of its pages")
}

#[cfg(test)]
pub(crate) mod fake;
