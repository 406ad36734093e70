//! WebDAV: Nextcloud, ownCloud, Apache, nginx, IIS.
//!
//! [PROPFIND, RFC 4918 section 9.1](https://www.rfc-editor.org/rfc/rfc4918#section-9.1), one folder a request, and GET.

mod multistatus;

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Connector, EngineError, EngineResult};
use reqwest::{
    Method,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::{
    Objects,
    choose::{Choice, default_max_file_bytes},
    cloud::{address, joined},
    store::{Entry, Listing, Session, Store, Trouble},
    transport::{accepted, sorted},
    walk::{Tree, walk},
};
use crate::{
    Http, Parts, Secret, SourceConfig,
    http::{Request, Response},
};

const ASKED: &str = r#"<?xml version="1.0" encoding="utf-8"?><D:propfind xmlns:D="DAV:"><D:prop><D:resourcetype/><D:getcontentlength/><D:getlastmodified/><D:getetag/></D:prop></D:propfind>"#;

/// Settings of a WebDAV source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebdavConfig {
    /// Address of the folder, e.g. `https://cloud.example.org/remote.php/dav/files/ann/`.
    pub url: String,
    /// User name; none where the folder is public or a token is used.
    #[serde(default)]
    pub user: Option<String>,
    /// Password of the user, best one made for this application alone.
    #[serde(default)]
    pub password: Option<Secret>,
    /// Bearer token instead of user and password.
    #[serde(default)]
    pub token: Option<Secret>,
    /// Only files that match one of these patterns are read; all when there is none. `docs/**` and
    /// `docs` mean everything below `docs`, `*.md` means such files at any depth.
    #[serde(default)]
    pub include: Vec<String>,
    /// Files that match one of these patterns are not read, even if included.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Largest file that is read, in bytes.
    #[serde(default = "default_max_file_bytes")]
    pub max_file_bytes: u64,
}

impl SourceConfig for WebdavConfig {
    const KIND: &'static str = "webdav";
    const TITLE: &'static str = "WebDAV";
    const SEES_READERS: bool = false;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let choice = Choice::new(&self.include, &self.exclude, self.max_file_bytes)?;
        let root = address(&parts.http, "url", &self.url)?;
        let login = match (self.user, self.password, self.token) {
            (None, None, None) => Login::Nobody,
            (Some(user), Some(password), None) => Login::Basic(user, password),
            (None, None, Some(token)) => Login::Bearer(token),
            _ => {
                return Err(EngineError::give_up(
                    "settings of a webdav source: either `user` and `password`, or `token`, or none of them",
                ));
            }
        };
        let folder = Folder { http: parts.http.clone(), root, login, most_bytes: self.max_file_bytes };
        Objects::connector(Dav(Arc::new(folder)), choice, &parts, Self::TITLE)
    }
}

enum Login {
    Nobody,
    Basic(String, Secret),
    Bearer(Secret),
}

struct Dav(Arc<Folder>);

struct Folder {
    http: Http,
    root: Url,
    login: Login,
    most_bytes: u64,
}

#[async_trait]
impl Store for Dav {
    fn name(&self) -> String {
        self.0.root.to_string()
    }

    /// HTTP keeps its connections by itself.
    async fn open(&self) -> EngineResult<Arc<dyn Session>> {
        Ok(Arc::clone(&self.0) as Arc<dyn Session>)
    }

    fn uri(&self, id: &str) -> String {
        joined(&self.0.root, id)
    }
}

#[async_trait]
impl Session for Folder {
    async fn list(&self) -> Result<Listing, Trouble> {
        walk(self).await
    }

    async fn read(&self, id: &str, _: u64) -> Result<Vec<u8>, Trouble> {
        let request = Request::get(self.url(id)?).limit(self.most_bytes);
        self.send(request).await.map(|response| response.body)
    }
}

#[async_trait]
impl Tree for Folder {
    async fn children(&self, folder: &str) -> Result<Vec<Entry>, Trouble> {
        let mut url = self.url(folder)?;
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().push("");
        }
        let headers = HeaderMap::from_iter([
            (HeaderName::from_static("depth"), HeaderValue::from_static("1")),
            (CONTENT_TYPE, HeaderValue::from_static("application/xml")),
        ]);
        let method = Method::from_bytes(b"PROPFIND").map_err(|error| EngineError::give_up(error.to_string()))?;
        let response = self.send(Request::from_parts(method, url.clone(), headers, ASKED.into())).await?;
        Ok(multistatus::entries(&response.body, &url, folder)?)
    }
}

impl Folder {
    async fn send(&self, request: Request) -> Result<Response, Trouble> {
        let request = match &self.login {
            Login::Nobody => request,
            Login::Basic(user, password) => request.basic(user, password),
            Login::Bearer(token) => request.bearer(token),
        };
        accepted(self.http.send(&request.stay()).await).map_err(|(kind, error)| sorted(kind, error))
    }

    fn url(&self, id: &str) -> EngineResult<Url> {
        if id.is_empty() {
            return Ok(self.root.clone());
        }
        joined(&self.root, id).parse().map_err(|error| EngineError::give_up(format!("read {id}: {error}")))
    }
}
