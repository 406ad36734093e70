//! Google Cloud Storage.
//!
//! [Objects: list](https://cloud.google.com/storage/docs/json_api/v1/objects/list),
//! [Objects: get](https://cloud.google.com/storage/docs/json_api/v1/objects/get) and
//! [service account tokens](https://developers.google.com/identity/protocols/oauth2/service-account).

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{Connector, EngineError, EngineResult};
use opendal::{Operator, services::Gcs};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::{
    Objects,
    choose::{Choice, default_max_file_bytes},
    cloud::{Cloud, address, folder_prefix, refused},
};
use crate::{Parts, Secret, SourceConfig};

const SCOPE: &str = "https://www.googleapis.com/auth/devstorage.read_only";

/// Settings of a Google Cloud Storage source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GcsConfig {
    /// Name of the bucket.
    pub bucket: String,
    /// Address of the storage where it is not Google's own.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Key file (JSON) of a service account with the role Storage Object Viewer; none for a public bucket.
    #[serde(default)]
    pub service_account_key: Option<Secret>,
    /// Only objects below this folder of the bucket are read.
    #[serde(default)]
    pub prefix: String,
    /// Only objects whose name matches one of these patterns are read; all when there is none. `docs/**` and
    /// `docs` mean everything below `docs`, `*.md` means such files at any depth.
    #[serde(default)]
    pub include: Vec<String>,
    /// Objects whose name matches one of these patterns are not read, even if included.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Largest object that is read, in bytes.
    #[serde(default = "default_max_file_bytes")]
    pub max_file_bytes: u64,
}

/// The one kind of key file that names no commands, files or addresses of its own to be followed.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum KeyFile {
    ServiceAccount {},
}

impl SourceConfig for GcsConfig {
    const KIND: &'static str = "gcs";
    const TITLE: &'static str = "Google Cloud Storage";
    const SEES_READERS: bool = false;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let choice = Choice::new(&self.include, &self.exclude, self.max_file_bytes)?;
        Objects::connector(self.store(&parts, None)?, choice, &parts, Self::TITLE)
    }
}

impl GcsConfig {
    pub(super) fn store(&self, parts: &Parts, page: Option<usize>) -> EngineResult<Cloud> {
        let mut builder = Gcs::default().bucket(&self.bucket).scope(SCOPE).disable_config_load().disable_vm_metadata();
        if let Some(endpoint) = &self.endpoint {
            builder = builder.endpoint(address(&parts.http, "endpoint", endpoint)?.as_str().trim_end_matches('/'));
        }
        builder = match &self.service_account_key {
            Some(key) => builder.credential(&STANDARD.encode(checked(key)?)),
            None => builder.skip_signature(),
        };
        let wrong =
            |error| EngineError::give_up(format!("settings of a gcs source: bucket `{}`: {error}", self.bucket));
        let opens_at: Url = format!("https://storage.cloud.google.com/{}/", self.bucket).parse().map_err(wrong)?;
        Ok(Cloud {
            name: format!("bucket {}", self.bucket),
            operator: Operator::new(builder).map_err(|error| refused(Self::KIND, &error))?,
            http: parts.http.clone(),
            prefix: folder_prefix(&self.prefix),
            most_bytes: self.max_file_bytes,
            page_mark: "storage#objects",
            page,
            opens_at,
        })
    }
}

/// The key file's text, if it is one of a service account.
fn checked(key: &Secret) -> EngineResult<&str> {
    // The parser's message would quote the key.
    let parsed = serde_json::from_str::<KeyFile>(key.expose());
    parsed.map(|KeyFile::ServiceAccount {}| key.expose()).map_err(|_| {
        EngineError::give_up(
            "settings of a gcs source: `service_account_key` is not the JSON key file of a service account",
        )
    })
}
