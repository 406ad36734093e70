//! How ingesting fails as a whole. A single broken document is a failure row, not an error.

use domain::EngineError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A worker thread ended before its work did.
    #[error("cut into chunks: {0}")]
    Thread(#[from] tokio::task::JoinError),
}

pub type Result<T> = std::result::Result<T, Error>;
