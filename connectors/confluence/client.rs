//! Confluence's API: Cloud by REST v2 (restrictions and groups still by v1), Data Center by REST v1.
//!
//! <https://developer.atlassian.com/cloud/confluence/rest/v2/>, <https://developer.atlassian.com/cloud/confluence/rest/v1/>,
//! <https://developer.atlassian.com/server/confluence/rest/>. The names of what is listed are the same in all three,
//! and so is how a listing names its next page: `_links.next`.

use domain::{EngineError, EngineResult};
use jiff::Timestamp;
use reqwest::StatusCode;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

use super::Body;
use crate::{
    Http,
    atlassian::{Edition, Site},
    pages::Pages,
};

pub(super) struct Client {
    pub(super) http: Http,
    pub(super) site: Site,
    pub(super) body: Body,
    pub(super) anonymous_counts: bool,
}

#[derive(Deserialize)]
struct Listing<T> {
    results: Vec<T>,
    #[serde(rename = "_links", default)]
    links: Links,
}

#[derive(Default, Deserialize)]
struct Links {
    next: Option<String>,
    webui: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Space {
    pub(super) key: String,
    /// A text in Cloud, a number in Data Center.
    id: Value,
}

/// A page, a blog post, or something else that pages hang below.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Content {
    pub(super) id: String,
    #[serde(default)]
    title: String,
    version: Option<Version>,
    parent_id: Option<String>,
    parent_type: Option<String>,
    #[serde(default)]
    ancestors: Vec<Ancestor>,
    #[serde(default)]
    body: Value,
    #[serde(rename = "_links", default)]
    links: Links,
}

#[derive(Deserialize)]
struct Version {
    number: u64,
    #[serde(alias = "createdAt")]
    when: Option<String>,
}

#[derive(Deserialize)]
struct Ancestor {
    id: String,
}

impl Content {
    pub(super) fn version(&self) -> u64 {
        self.version.as_ref().map_or(0, |version| version.number)
    }

    /// Kind and id of what it hangs below.
    pub(super) fn parent(&self) -> Option<(String, String)> {
        match (&self.parent_id, self.ancestors.last()) {
            (Some(id), _) => Some((self.parent_type.clone().unwrap_or_default(), id.clone())),
            (None, Some(ancestor)) => Some(("page".into(), ancestor.id.clone())),
            (None, None) => None,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    #[serde(default)]
    status: String,
    space_id: Option<String>,
    space: Option<Space>,
}

/// Where something is that no listing named.
pub(super) enum Place {
    /// Nowhere: deleted, in the trash, archived.
    Gone,
    /// The source's account may not see it.
    Hidden,
    /// In the space of that id.
    In(String),
    /// Nobody has asked.
    Unknown,
}

/// A page's text.
pub(super) struct Page {
    pub(super) title: String,
    pub(super) uri: String,
    pub(super) html: String,
    pub(super) version: u64,
    pub(super) modified_at: Option<Timestamp>,
}

impl Client {
    pub(super) fn is_cloud(&self) -> bool {
        self.site.edition == Edition::Cloud
    }

    /// The spaces with these keys, or all.
    pub(super) async fn spaces(&self, keys: &[String]) -> EngineResult<Vec<Space>> {
        let path: &[&str] = if self.is_cloud() { &["api", "v2", "spaces"] } else { &["rest", "api", "space"] };
        let all = self.all(self.site.at(path, &[("limit", "100")])).await?;
        let mut spaces: Vec<Space> = all.map_err(EngineError::give_up)?;
        if let Some(missing) = keys.iter().find(|key| spaces.iter().all(|space| space.key != **key)) {
            return Err(EngineError::give_up(format!(
                "list Confluence: it shows the source's account no space `{missing}`; check `spaces` and the account's rights"
            )));
        }
        spaces.retain(|space| keys.is_empty() || keys.contains(&space.key));
        Ok(spaces)
    }

    /// Everything of one kind that is current in a space: neither archived, nor a draft, nor in the trash.
    pub(super) async fn contents(&self, space: &Space, kind: &str) -> EngineResult<Result<Vec<Content>, String>> {
        let url = if self.is_cloud() {
            let kinds = format!("{kind}s");
            let query = [("status", "current"), ("limit", "100")];
            self.site.at(&["api", "v2", "spaces", &space.id(), &kinds], &query)
        } else {
            let query = [
                ("spaceKey", space.key.as_str()),
                ("type", kind),
                ("status", "current"),
                ("expand", "version,ancestors"),
                ("limit", "100"),
            ];
            self.site.at(&["rest", "api", "content"], &query)
        };
        self.all(url).await
    }

    /// Something that pages hang below and that no listing names: a folder, an archived page.
    pub(super) async fn content(&self, kind: &str, id: &str) -> EngineResult<Result<Content, String>> {
        self.http.item(&self.site.get(self.content_url(kind, id, None))).await
    }

    /// Where the page or blog post of that id is.
    pub(super) async fn place(&self, id: &str) -> EngineResult<Place> {
        let urls = if self.is_cloud() {
            ["page", "blogpost"].map(|kind| self.content_url(kind, id, None)).to_vec()
        } else {
            vec![self.site.at(&["rest", "api", "content", id], &[("expand", "space")])]
        };
        for url in urls {
            let response = self.http.send(&self.site.get(url)).await?;
            match response.status {
                StatusCode::NOT_FOUND | StatusCode::GONE => continue,
                StatusCode::FORBIDDEN => return Ok(Place::Hidden),
                _ => {}
            }
            let State { status, space_id, space } = response.ok()?.json()?;
            let space = space_id.or(space.map(|space| space.id()));
            return Ok(match space.filter(|_| status == "current") {
                Some(space) => Place::In(space),
                None => Place::Gone,
            });
        }
        Ok(Place::Gone)
    }

    /// A page's or a blog post's text.
    pub(super) async fn page(&self, kind: &str, id: &str) -> EngineResult<Result<Page, String>> {
        let form = match self.body {
            Body::ExportView => "export_view",
            Body::Storage => "storage",
        };
        let read = self.http.item(&self.site.get(self.content_url(kind, id, Some(form)))).await?;
        Ok(read.and_then(|content: Content| {
            let html = content.body.get(form).and_then(|body| body.get("value")).and_then(Value::as_str);
            let html = html.ok_or_else(|| format!("it has no text as {form}"))?.to_owned();
            let link = content.links.webui.as_deref().and_then(|link| self.site.link(link));
            let link = link.unwrap_or_else(|| self.site.at(&["pages", "viewpage.action"], &[("pageId", id)]));
            let when = content.version.as_ref().and_then(|version| version.when.as_ref());
            Ok(Page {
                uri: link.into(),
                html,
                version: content.version(),
                modified_at: when.and_then(|when| when.parse().ok()),
                title: content.title,
            })
        }))
    }

    fn content_url(&self, kind: &str, id: &str, form: Option<&str>) -> Url {
        if self.is_cloud() {
            let kinds = format!("{kind}s");
            let form = form.map(|form| ("body-format", form));
            self.site.at(&["api", "v2", &kinds, id], form.as_slice())
        } else {
            let expand = format!("version,ancestors{}", form.map(|form| format!(",body.{form}")).unwrap_or_default());
            self.site.at(&["rest", "api", "content", id], &[("expand", &expand)])
        }
    }

    /// All pages of a listing, or why it is closed to us.
    pub(super) async fn all<T: DeserializeOwned>(&self, first: Url) -> EngineResult<Result<Vec<T>, String>> {
        let (mut url, mut pages, mut all) = (first, Pages::default(), Vec::new());
        loop {
            let page: Listing<T> = match self.http.item(&self.site.get(url)).await? {
                Ok(page) => page,
                Err(reason) => return Ok(Err(reason)),
            };
            all.extend(page.results);
            let Some(next) = page.links.next else { return Ok(Ok(all)) };
            pages.next("Confluence", &next)?;
            url = self.site.link(&next).ok_or_else(|| {
                EngineError::give_up("list Confluence: its next page is not on the source's own site; check `url`")
            })?;
        }
    }
}

impl Space {
    pub(super) fn id(&self) -> String {
        self.id.as_str().map_or_else(|| self.id.to_string(), ToOwned::to_owned)
    }
}
