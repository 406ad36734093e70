//! How answering fails.

use domain::EngineError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The question itself cannot be answered: empty, too long.
    #[error("{0}")]
    Question(String),
    /// A model or an index failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("render prompt `{name}`: {source}")]
    Prompt { name: &'static str, source: minijinja::Error },
}

pub type Result<T> = std::result::Result<T, Error>;
