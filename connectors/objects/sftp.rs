//! SFTP: the file transfer that comes with SSH.

mod session;

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Connector, EngineError, EngineResult};
use russh::keys::{PrivateKey, decode_secret_key};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::{
    Objects,
    choose::{Choice, default_max_file_bytes},
    cloud::joined,
    store::{Session, Store},
};
use crate::{Parts, Secret, SourceConfig, http::Guard};

/// Settings of an SFTP source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SftpConfig {
    /// Name or address of the server, e.g. `files.example.org`.
    pub host: String,
    /// Port of the server.
    #[serde(default = "default_port")]
    pub port: u16,
    /// Fingerprint of the server's host key, `SHA256:…`, as `ssh-keyscan HOST | ssh-keygen -lf -` shows it. Without
    /// it, or with another one, nothing is read; the message then names the fingerprint that the server has.
    #[serde(default)]
    pub host_key: String,
    /// User name.
    pub user: String,
    /// Password of the user, unless a key is used.
    #[serde(default)]
    pub password: Option<Secret>,
    /// Private key (OpenSSH, PEM or PuTTY format), instead of a password.
    #[serde(default)]
    pub private_key: Option<Secret>,
    /// Passphrase of the private key, if it has one.
    #[serde(default)]
    pub passphrase: Option<Secret>,
    /// The folder; the user's home when it is not set. Links to it are followed, links inside it are not.
    #[serde(default = "default_path")]
    pub path: String,
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

fn default_port() -> u16 {
    22
}

fn default_path() -> String {
    ".".into()
}

impl SourceConfig for SftpConfig {
    const KIND: &'static str = "sftp";
    const TITLE: &'static str = "SFTP";
    const SEES_READERS: bool = false;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let choice = Choice::new(&self.include, &self.exclude, self.max_file_bytes)?;
        let login = match (&self.password, &self.private_key) {
            (Some(password), None) => Login::Password(password.clone()),
            (None, Some(key)) => Login::Key(Arc::new(private_key(key, self.passphrase.as_ref())?)),
            _ => {
                return Err(EngineError::give_up(
                    "settings of a sftp source: either `password` or `private_key` is needed",
                ));
            }
        };
        let wrong = |error| EngineError::give_up(format!("settings of a sftp source: host `{}`: {error}", self.host));
        let base: Url = format!("sftp://{}:{}", self.host, self.port).parse().map_err(wrong)?;
        let opens_at = joined(&base, self.path.trim_start_matches("./").trim_matches('/')).parse().map_err(wrong)?;
        let server = Server { guard: parts.http.guard().clone(), login, opens_at, config: self };
        Objects::connector(server, choice, &parts, Self::TITLE)
    }
}

fn private_key(key: &Secret, passphrase: Option<&Secret>) -> EngineResult<PrivateKey> {
    decode_secret_key(key.expose(), passphrase.map(Secret::expose)).map_err(|error| {
        EngineError::give_up(format!(
            "settings of a sftp source: `private_key` cannot be read, or `passphrase` does not fit it: {error}"
        ))
    })
}

enum Login {
    Password(Secret),
    Key(Arc<PrivateKey>),
}

struct Server {
    guard: Guard,
    login: Login,
    opens_at: Url,
    config: SftpConfig,
}

#[async_trait]
impl Store for Server {
    fn name(&self) -> String {
        format!("{} on {}", self.config.path, self.config.host)
    }

    async fn open(&self) -> EngineResult<Arc<dyn Session>> {
        Ok(Arc::new(session::connect(self).await?))
    }

    fn uri(&self, id: &str) -> String {
        joined(&self.opens_at, id)
    }
}
