//! Settings of ingesting.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ChunkConfig, Limits};

/// `[ingest]` of the configuration file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IngestConfig {
    pub chunk: ChunkConfig,
    /// What one file may cost to parse.
    pub limits: Limits,
}
