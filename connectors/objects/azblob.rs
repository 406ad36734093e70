//! Azure Blob Storage.
//!
//! [List Blobs](https://learn.microsoft.com/en-us/rest/api/storageservices/list-blobs) and
//! [Get Blob](https://learn.microsoft.com/en-us/rest/api/storageservices/get-blob).

use domain::{Connector, EngineError, EngineResult};
use opendal::{Operator, services::Azblob};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Objects,
    choose::{Choice, default_max_file_bytes},
    cloud::{Cloud, address, folder_prefix, joined, refused},
};
use crate::{Parts, Secret, SourceConfig};

/// Settings of an Azure Blob Storage source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AzblobConfig {
    /// Name of the storage account.
    pub account: String,
    /// Name of the container.
    pub container: String,
    /// Address of the account where it is not `https://ACCOUNT.blob.core.windows.net`.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Key of the storage account.
    #[serde(default)]
    pub account_key: Option<Secret>,
    /// Shared access signature with the rights to read and to list, instead of the account's key.
    #[serde(default)]
    pub sas_token: Option<Secret>,
    /// Only blobs below this folder of the container are read.
    #[serde(default)]
    pub prefix: String,
    /// Only blobs whose name matches one of these patterns are read; all when there is none. `docs/**` and
    /// `docs` mean everything below `docs`, `*.md` means such files at any depth.
    #[serde(default)]
    pub include: Vec<String>,
    /// Blobs whose name matches one of these patterns are not read, even if included.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Largest blob that is read, in bytes.
    #[serde(default = "default_max_file_bytes")]
    pub max_file_bytes: u64,
}

impl SourceConfig for AzblobConfig {
    const KIND: &'static str = "azblob";
    const TITLE: &'static str = "Azure Blob Storage";
    const SEES_READERS: bool = false;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let choice = Choice::new(&self.include, &self.exclude, self.max_file_bytes)?;
        Objects::connector(self.store(&parts, None)?, choice, &parts, Self::TITLE)
    }
}

impl AzblobConfig {
    pub(super) fn store(&self, parts: &Parts, page: Option<usize>) -> EngineResult<Cloud> {
        if self.account.is_empty() || !self.account.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()) {
            return Err(EngineError::give_up(
                "settings of a azblob source: `account` has small letters and digits only",
            ));
        }
        let default = format!("https://{}.blob.core.windows.net", self.account);
        let endpoint = address(&parts.http, "endpoint", self.endpoint.as_deref().unwrap_or(&default))?;
        let mut builder = Azblob::default()
            .endpoint(endpoint.as_str().trim_end_matches('/'))
            .container(&self.container)
            .account_name(&self.account);
        builder = match (&self.account_key, &self.sas_token) {
            (Some(key), None) => builder.account_key(key.expose()),
            (None, Some(token)) => builder.sas_token(token.expose().trim_start_matches('?')),
            (None, None) => builder.skip_signature(),
            (Some(_), Some(_)) => {
                return Err(EngineError::give_up(
                    "settings of a azblob source: `account_key` or `sas_token`, not both",
                ));
            }
        };
        let opens_at = joined(&endpoint, &self.container);
        Ok(Cloud {
            name: format!("container {}", self.container),
            operator: Operator::new(builder).map_err(|error| refused(Self::KIND, &error))?,
            http: parts.http.clone(),
            prefix: folder_prefix(&self.prefix),
            most_bytes: self.max_file_bytes,
            page_mark: "<EnumerationResults",
            page,
            opens_at: address(&parts.http, "endpoint", &opens_at)?,
        })
    }
}
