//! Where the database is.

use std::path::Path;

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::{Error, Result};

const DATABASE_FILE: &str = "footnote.db";

/// Which database holds the truth.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// `postgres://USER:PASSWORD@HOST/DATABASE`, or `sqlite:///PATH`. Without it: the file
    /// `footnote.db` in the data directory.
    #[schemars(with = "Option<String>")]
    pub url: Option<SecretString>,
    /// Most connections this process keeps open.
    #[schemars(range(min = 1, max = 1000))]
    pub max_connections: u32,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { url: None, max_connections: 16 }
    }
}

impl StoreConfig {
    /// The configured URL, or that of the database file in `data_dir`.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the path is not valid UTF-8.
    pub fn url(&self, data_dir: &Path) -> Result<SecretString> {
        if let Some(url) = &self.url {
            return Ok(SecretString::from(url.expose_secret()));
        }
        let file = data_dir.join(DATABASE_FILE);
        let Some(path) = file.to_str() else {
            return Err(Error::Invalid(format!("open {}: the path is not valid UTF-8", file.display())));
        };
        Ok(SecretString::from(format!("sqlite://{}", path.replace('%', "%25").replace('?', "%3F"))))
    }
}
