//! What the server asks about sources, answered from the connectors and the data directory.

use serde_json::Value;
use store::Source;

use crate::{data_dir::DataDir, secrets};

pub struct Kinds {
    pub data_dir: DataDir,
    pub min_free_bytes: u64,
}

impl server::SourceKinds for Kinds {
    fn is_pulled(&self, kind: &str) -> bool {
        connectors::kind(kind).is_none_or(|kind| kind.is_pulled)
    }

    fn shown_settings(&self, source: &Source) -> Value {
        secrets::hidden(connectors::kind(&source.kind), source.config.clone())
    }

    fn obstacle(&self) -> Option<String> {
        self.data_dir.lacks_space(self.min_free_bytes)
    }
}
