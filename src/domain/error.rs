//! How an engine behind a seam fails: with a message for people and a hint for jobs.

use std::time::Duration;

/// Failure of an engine (model, index, connector).
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct EngineError {
    pub message: String,
    /// Whether trying the same again later can help.
    pub retryable: bool,
    /// How long the other side asked to be left alone, if it did.
    pub retry_after: Option<Duration>,
}

pub type EngineResult<T> = Result<T, EngineError>;

impl EngineError {
    /// Trying again can help: a timeout, a busy server.
    pub fn retry(message: impl Into<String>) -> Self {
        Self { message: message.into(), retryable: true, retry_after: None }
    }

    /// Like [`retry`](Self::retry), but not before `wait` is over.
    pub fn retry_in(message: impl Into<String>, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..Self::retry(message) }
    }

    /// Trying again cannot help: bad input, a missing file.
    pub fn give_up(message: impl Into<String>) -> Self {
        Self { message: message.into(), retryable: false, retry_after: None }
    }
}
