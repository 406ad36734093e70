//! What the server asks about kinds of sources: it knows no connector.

use serde_json::Value;
use store::Source;

/// Answered by the wiring, which knows the connectors and the disk.
pub trait SourceKinds: Send + Sync {
    /// Whether syncs read sources of this kind. The documents of others are sent to them.
    fn is_pulled(&self, kind: &str) -> bool;
    /// The source's settings as they may be shown: without secrets.
    fn shown_settings(&self, source: &Source) -> Value;
    /// Why nothing may be stored now: a full disk.
    fn obstacle(&self) -> Option<String>;
}
