//! The settings of both indexes.

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use crate::{Error, Result};

/// How chunks are found.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SearchConfig {
    /// The keyword index (tantivy, always in-process).
    pub keyword: KeywordConfig,
    /// The vector index (Qdrant, in-process or a server).
    pub vector: VectorConfig,
}

/// Weights of the keyword index. BM25 over title, context and text together counts 1; the rest adds to it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KeywordConfig {
    /// What a match in the title adds, relative to one in the whole chunk. 0 turns it off.
    pub title_boost: f32,
    /// What a match in the context header (heading path) adds. 0 turns it off.
    pub context_boost: f32,
    /// What an identifier such as `E-4512` or `foo_bar.rs` adds when its parts stand together. 0 turns it off.
    pub identifier_boost: f32,
    /// Memory for documents not yet committed, in megabytes (at least 15).
    pub writer_memory_mb: usize,
}

impl Default for KeywordConfig {
    fn default() -> Self {
        Self { title_boost: 0.25, context_boost: 0.1, identifier_boost: 0.5, writer_memory_mb: 64 }
    }
}

/// Where vectors are kept and how carefully they are searched.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VectorConfig {
    /// `edge` keeps vectors in this process, in the data directory; `server` in a Qdrant server or cluster.
    pub kind: VectorKind,
    /// gRPC address of the Qdrant server, e.g. `http://localhost:6334`. Needed for `server`.
    pub url: Option<String>,
    /// Key sent to the Qdrant server as `api-key`.
    #[schemars(with = "Option<String>")]
    pub api_key: Option<SecretString>,
    /// Collection on the Qdrant server; created when missing.
    pub collection: String,
    /// Longest a request to the Qdrant server may take, in seconds.
    pub timeout_secs: u64,
    /// When a viewer may see at most this many chunks, all of them are compared, so that the access filter
    /// loses none; above it the graph is searched.
    pub exact_below: usize,
    /// Candidates kept while the graph is searched (HNSW `ef`): higher finds more and takes longer.
    pub beam: usize,
}

impl Default for VectorConfig {
    fn default() -> Self {
        Self {
            kind: VectorKind::Edge,
            url: None,
            api_key: None,
            collection: "footnote".into(),
            timeout_secs: 30,
            exact_below: 20_000,
            beam: 128,
        }
    }
}

impl VectorConfig {
    pub(crate) fn server_url(&self) -> Result<&str> {
        let missing = || Error::Setting { setting: "vector.url", reason: "needed when vector.kind is server".into() };
        self.url.as_deref().filter(|url| !url.is_empty()).ok_or_else(missing)
    }
}

/// Which engine holds the vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VectorKind {
    #[default]
    Edge,
    Server,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_key_is_refused() {
        let read = serde_json::from_str::<SearchConfig>(r#"{"vector":{"colection":"x"}}"#);
        assert!(read.is_err_and(|error| error.to_string().contains("colection")));
    }

    #[test]
    fn the_api_key_is_not_printed() {
        let read = serde_json::from_str::<VectorConfig>(r#"{"kind":"server","api_key":"hunter2"}"#);
        assert!(read.is_ok_and(|config| !format!("{config:?}").contains("hunter2")));
    }
}
