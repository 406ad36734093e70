//! What one file may cost before its parsing is given up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bounds for one file. All sizes are bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Largest file that is read at all.
    pub max_input_bytes: u64,
    /// Most bytes of text one document may give.
    pub max_text_bytes: usize,
    /// Most bytes any packed part (zip entries together, a PDF stream) may unpack to.
    pub max_unpacked_bytes: usize,
    /// Most pages of a PDF.
    pub max_pages: usize,
    /// Seconds one file may take, by the clock and of processor time.
    pub max_seconds: u64,
    /// Memory the parser process may take on top of what it starts with.
    pub max_memory_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_input_bytes: 64 << 20,
            max_text_bytes: 16 << 20,
            max_unpacked_bytes: 128 << 20,
            max_pages: 5_000,
            max_seconds: 10,
            max_memory_bytes: 512 << 20,
        }
    }
}
