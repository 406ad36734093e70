//! How models fail: always with what was tried and what to do about it.

use std::{fmt, path::Path};

use domain::EngineError;

pub type Result<T> = std::result::Result<T, Error>;

/// Failure to pull, verify, open or run a model.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not in the registry.
    #[error("model `{0}` is not installed: run `footnote models pull {0}`")]
    NotInstalled(String),
    /// Its files are there but are not what the registry says.
    #[error("model `{model}`: {reason}; run `footnote models pull {model}` to replace it")]
    Mismatch { model: String, reason: String },
    /// A model of a kind that cannot be run here.
    #[error("{0}")]
    Unsupported(String),
    /// A program or a package source that pulling needs cannot be used.
    #[error("{0}")]
    Fetch(String),
    /// A file could not be read or written.
    #[error("{action}: {source}")]
    Io { action: String, source: std::io::Error },
    /// The model itself failed.
    #[error("{0}")]
    Engine(String),
}

impl Error {
    pub(crate) fn mismatch(model: &str, reason: impl fmt::Display) -> Self {
        Self::Mismatch { model: model.to_owned(), reason: reason.to_string() }
    }

    /// For `map_err`: says which action on which path failed.
    pub(crate) fn io(action: &str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let action = format!("{action} {}", path.display());
        move |source| Self::Io { action, source }
    }
}

impl From<Error> for EngineError {
    fn from(error: Error) -> Self {
        Self::give_up(error.to_string())
    }
}
