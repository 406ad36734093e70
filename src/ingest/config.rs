//! Settings of ingesting.

use std::num::NonZeroU8;

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
    /// How many sources the server reads at once.
    pub syncs_at_once: NonZeroU8,
    /// Memory that all parsers together may take: as many files are parsed at once as fit their limit into it.
    pub parse_memory_bytes: u64,
}

const FOUR: NonZeroU8 = NonZeroU8::MIN.saturating_add(3);

impl Default for IngestConfig {
    fn default() -> Self {
        Self {
            chunk: ChunkConfig::default(),
            limits: Limits::default(),
            min_free_bytes: 1 << 30,
            syncs_at_once: FOUR,
            parse_memory_bytes: 2 << 30,
        }
    }
}
