//! FTP, over TLS unless the settings say otherwise.

mod facts;
mod session;

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Connector, EngineError, EngineResult};
use rustls::{
    ClientConfig,
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::Verifier;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    Objects,
    choose::{Choice, default_max_file_bytes},
    cloud::joined,
    store::{Session, Store},
};
use crate::{Parts, Secret, SourceConfig, http::Guard};

/// Settings of an FTP source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FtpConfig {
    /// Name or address of the server, e.g. `ftp.example.org`.
    pub host: String,
    /// Port of the server.
    #[serde(default = "default_port")]
    pub port: u16,
    /// Whether the connection is encrypted.
    #[serde(default)]
    pub tls: FtpTls,
    /// Certificate (PEM) of an authority of your own, if it is one that signed the server's.
    #[serde(default)]
    pub ca_certificate: Option<String>,
    /// User name.
    #[serde(default = "default_user")]
    pub user: String,
    /// Password of the user; none for a public server.
    #[serde(default)]
    pub password: Option<Secret>,
    /// The folder; where a login starts when it is not set.
    #[serde(default)]
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

/// Whether an FTP connection is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FtpTls {
    /// The connection turns to TLS before anyone logs in (`AUTH TLS`, RFC 4217).
    #[default]
    Explicit,
    /// Nothing is encrypted: everyone on the way can read the password and the files.
    None,
}

fn default_port() -> u16 {
    21
}

fn default_user() -> String {
    "anonymous".into()
}

impl SourceConfig for FtpConfig {
    const KIND: &'static str = "ftp";
    const TITLE: &'static str = "FTP";
    const SEES_READERS: bool = false;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let choice = Choice::new(&self.include, &self.exclude, self.max_file_bytes)?;
        let tls = match self.tls {
            FtpTls::None => None,
            FtpTls::Explicit => Some(Arc::new(tls(self.ca_certificate.as_deref())?)),
        };
        let wrong = |error| EngineError::give_up(format!("settings of a ftp source: host `{}`: {error}", self.host));
        let base: Url = format!("ftp://{}:{}", self.host, self.port).parse().map_err(wrong)?;
        let opens_at = joined(&base, self.path.trim_matches('/')).parse().map_err(wrong)?;
        let server = Server { guard: parts.http.guard().clone(), tls, opens_at, config: self };
        Objects::connector(server, choice, &parts, Self::TITLE)
    }
}

/// TLS that trusts what this machine trusts, and the authority of the settings.
fn tls(ca_certificate: Option<&str>) -> EngineResult<ClientConfig> {
    let wrong = |error: String| EngineError::give_up(format!("settings of a ftp source: `ca_certificate`: {error}"));
    let pem = ca_certificate.unwrap_or_default().as_bytes();
    let own: Result<Vec<CertificateDer<'static>>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let own = own.map_err(|error| wrong(error.to_string()))?;
    if ca_certificate.is_some() && own.is_empty() {
        return Err(wrong("it holds no certificate in PEM format".into()));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        Verifier::new_with_extra_roots(own, Arc::clone(&provider)).map_err(|error| wrong(error.to_string()))?;
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|error| wrong(error.to_string()))?;
    Ok(versions.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

struct Server {
    guard: Guard,
    tls: Option<Arc<ClientConfig>>,
    opens_at: Url,
    config: FtpConfig,
}

#[async_trait]
impl Store for Server {
    fn name(&self) -> String {
        format!("/{} on {}", self.config.path.trim_matches('/'), self.config.host)
    }

    async fn open(&self) -> EngineResult<Arc<dyn Session>> {
        Ok(Arc::new(session::connect(self).await?))
    }

    fn uri(&self, id: &str) -> String {
        joined(&self.opens_at, id)
    }
}
