//! Settings that hold for every source.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::HttpConfig;

/// `[connectors]` of the configuration file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConnectorsConfig {
    pub http: HttpConfig,
}
