//! Settings of a Microsoft Teams source.

use domain::{Connector, EngineError, EngineResult};
use globset::{Glob, GlobSetBuilder};
use schemars::JsonSchema;
use serde::Deserialize;

use super::TeamsConnector;
use crate::{
    Parts, Secret, SourceConfig,
    graph::{GRAPH_URL, Graph, LOGIN_URL, Login},
};

/// Settings of a Microsoft Teams source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamsConfig {
    /// The directory: its id, or a domain such as `contoso.onmicrosoft.com`.
    pub tenant: String,
    /// The registered app's id.
    pub client_id: String,
    /// The app's secret.
    pub client_secret: Secret,
    /// Names or ids of the teams to read, `Project *` for several; all when empty.
    #[serde(default)]
    pub teams: Vec<String>,
    /// Threads that began in so many days are read again by every sync, to see new replies.
    #[serde(default = "default_reread_days")]
    pub reread_days: u16,
    /// Where the API is; another one in national clouds.
    #[serde(default = "default_graph_url")]
    pub graph_url: String,
    /// Where the app logs in.
    #[serde(default = "default_login_url")]
    pub login_url: String,
}

fn default_reread_days() -> u16 {
    14
}

fn default_graph_url() -> String {
    GRAPH_URL.into()
}

fn default_login_url() -> String {
    LOGIN_URL.into()
}

impl SourceConfig for TeamsConfig {
    const KIND: &'static str = "teams";
    const TITLE: &'static str = "Microsoft Teams";
    const SEES_READERS: bool = true;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let mut names = GlobSetBuilder::new();
        let wrong = |error: globset::Error| EngineError::give_up(format!("teams: teams: {error}"));
        for name in &self.teams {
            names.add(Glob::new(name).map_err(wrong)?);
        }
        let login = Login {
            tenant: &self.tenant,
            client_id: &self.client_id,
            client_secret: &self.client_secret,
            login_url: &self.login_url,
            graph_url: &self.graph_url,
        };
        Ok(Box::new(TeamsConnector {
            graph: Graph::new(&parts, &login)?,
            names: names.build().map_err(wrong)?,
            reread_days: self.reread_days.into(),
            clock: parts.clock,
        }))
    }
}
