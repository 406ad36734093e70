//! Settings of a SharePoint source.

use std::collections::BTreeMap;

use domain::{Connector, EngineError, EngineResult, Principal};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::SharePointConnector;
use crate::{
    Parts, Secret, SourceConfig,
    graph::{GRAPH_URL, Graph, LOGIN_URL, Login},
};

/// Settings of a SharePoint source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SharePointConfig {
    /// The directory: its id, or a domain such as `contoso.onmicrosoft.com`.
    pub tenant: String,
    /// The registered app's id.
    pub client_id: String,
    /// The app's secret.
    pub client_secret: Secret,
    /// Addresses of sites whose document libraries are read: `https://contoso.sharepoint.com/sites/team`.
    #[serde(default)]
    pub sites: Vec<String>,
    /// People whose OneDrive is read, by principal name: `ann@contoso.com`.
    #[serde(default)]
    pub users: Vec<String>,
    /// Who is in a site's own groups, by their names: Graph does not tell. `{"Team Members": ["group:team"]}`
    #[serde(default)]
    pub site_groups: BTreeMap<String, Vec<Principal>>,
    /// Whether everyone finds what the whole company, or anyone, may open by a link.
    #[serde(default)]
    pub links_count: bool,
    /// Largest file that is read, in bytes.
    #[serde(default = "default_max_file_bytes")]
    pub max_file_bytes: u64,
    /// Where the API is; another one in national clouds.
    #[serde(default = "default_graph_url")]
    pub graph_url: String,
    /// Where the app logs in.
    #[serde(default = "default_login_url")]
    pub login_url: String,
}

fn default_max_file_bytes() -> u64 {
    64 << 20
}

fn default_graph_url() -> String {
    GRAPH_URL.into()
}

fn default_login_url() -> String {
    LOGIN_URL.into()
}

impl SourceConfig for SharePointConfig {
    const KIND: &'static str = "sharepoint";
    const TITLE: &'static str = "SharePoint and OneDrive";
    const SEES_READERS: bool = true;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        if self.sites.is_empty() && self.users.is_empty() {
            return Err(EngineError::give_up("sharepoint: name `sites` or `users` to read"));
        }
        let login = Login {
            tenant: &self.tenant,
            client_id: &self.client_id,
            client_secret: &self.client_secret,
            login_url: &self.login_url,
            graph_url: &self.graph_url,
        };
        Ok(Box::new(SharePointConnector {
            graph: Graph::new(&parts, &login)?,
            sites: self.sites.iter().map(|site| by_path(site)).collect::<EngineResult<_>>()?,
            users: self.users,
            site_groups: self.site_groups,
            counts_links: self.links_count,
            most_bytes: self.max_file_bytes,
        }))
    }
}

/// A site's address as Graph wants it: `contoso.sharepoint.com:/sites/team`.
fn by_path(site: &str) -> EngineResult<String> {
    let wrong = || EngineError::give_up(format!("sharepoint: `{site}` is no site: write https://HOST/sites/NAME"));
    let url = Url::parse(site).map_err(|_| wrong())?;
    let host = url.host_str().filter(|_| url.scheme() == "https" && url.query().is_none()).ok_or_else(wrong)?;
    Ok(match url.path().trim_end_matches('/') {
        "" => host.to_owned(),
        path => format!("{host}:{path}"),
    })
}
