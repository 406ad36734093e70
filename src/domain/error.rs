//! How an engine behind a seam fails: with a message for people and a hint for jobs.

/// Failure of an engine (model, index, connector).
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct EngineError {
    pub message: String,
    /// Whether trying the same again later can help.
    pub retryable: bool,
}

pub type EngineResult<T> = Result<T, EngineError>;

impl EngineError {
    /// Trying again can help: a timeout, a busy server.
    pub fn retry(message: impl Into<String>) -> Self {
        Self { message: message.into(), retryable: true }
    }

    /// Trying again cannot help: bad input, a missing file.
    pub fn give_up(message: impl Into<String>) -> Self {
        Self { message: message.into(), retryable: false }
    }
}
