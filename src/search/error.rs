//! How an index fails, and which failures mean that it must be rebuilt.

use std::path::{Path, PathBuf};

use domain::EngineError;

pub type Result<T> = std::result::Result<T, Error>;

/// Failure of a keyword or vector index. Engine failures while it runs are [`EngineError`]s.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Missing, damaged, or written with another schema: [`crate::wipe`] it, mark every document as not
    /// indexed, and create it anew.
    #[error("index {} cannot be used: {reason}", dir.display())]
    Unusable { dir: PathBuf, reason: String },
    /// Another process (or another handle in this one) holds the directory; leave it alone.
    #[error("index {} is in use by another process", dir.display())]
    InUse { dir: PathBuf },
    /// A collection of that name exists on the server, but not for these vectors.
    #[error("Qdrant collection `{collection}` {reason}: configure another collection name or delete it")]
    Collection { collection: String, reason: String },
    /// A setting that cannot work, by its name.
    #[error("search setting {setting}: {reason}")]
    Setting { setting: &'static str, reason: String },
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Error {
    pub(crate) fn unusable(dir: &Path, reason: impl Into<String>) -> Self {
        Self::Unusable { dir: dir.to_owned(), reason: reason.into() }
    }

    /// Whether wiping and rebuilding from SQL is the way out.
    pub fn is_unusable(&self) -> bool {
        matches!(self, Self::Unusable { .. })
    }
}

impl From<Error> for EngineError {
    fn from(error: Error) -> Self {
        match error {
            Error::Engine(error) => error,
            other => EngineError::give_up(other.to_string()),
        }
    }
}
