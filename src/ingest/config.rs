//! Settings of ingesting.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ChunkConfig, Limits};

/// `[ingest]` of the configuration file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IngestConfig {
    pub chunk: ChunkConfig,
    /// What one file may cost to parse.
    pub limits: Limits,
    /// Syncs wait while less than this is free where the data directory lies.
    pub min_free_bytes: u64,
}

impl Default for IngestConfig {
    fn default() -> Self {
        Self { chunk: ChunkConfig::default(), limits: Limits::default(), min_free_bytes: 1 << 30 }
    }
}
