//! Why a file could not be turned into a document, said so that a person can act on it.

use serde::{Deserialize, Serialize};

/// A file that gave no document. Every message names the file and what was attempted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum ParseError {
    #[error("read {file}: the file is empty")]
    Empty { file: String },
    #[error("read {file}: {what} over the limit of {limit}")]
    TooLarge { file: String, what: String, limit: String },
    #[error("read {file}: {detail}")]
    Unsupported { file: String, detail: String },
    #[error("parse {file}: it is encrypted and needs a password")]
    Encrypted { file: String },
    #[error("parse {file}: {detail}")]
    NoText { file: String, detail: String },
    #[error("parse {file} as {format}: {detail}")]
    Broken { file: String, format: String, detail: String },
    #[error("parse {file}: parser exceeded {seconds} s")]
    TimedOut { file: String, seconds: u64 },
    #[error("parse {file}: parser was not done after {seconds} s on this busy machine; it is tried again")]
    Stalled { file: String, seconds: u64 },
    #[error("parse {file}: parser needed more than {megabytes} MB of memory")]
    OutOfMemory { file: String, megabytes: u64 },
    #[error("parse {file}: parser crashed: {detail}")]
    Crashed { file: String, detail: String },
    #[error("parse {file}: cannot run the parser process: {detail}")]
    Worker { file: String, detail: String },
}

impl ParseError {
    /// One stable word per kind, for counts and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Empty { .. } => "empty",
            Self::TooLarge { .. } => "too-large",
            Self::Unsupported { .. } => "unsupported",
            Self::Encrypted { .. } => "encrypted",
            Self::NoText { .. } => "no-text",
            Self::Broken { .. } => "broken",
            Self::TimedOut { .. } => "timed-out",
            Self::Stalled { .. } => "stalled",
            Self::OutOfMemory { .. } => "out-of-memory",
            Self::Crashed { .. } => "crashed",
            Self::Worker { .. } => "worker",
        }
    }

    /// Whether the same file may parse at another time: when the machine was the reason.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Worker { .. } | Self::Stalled { .. })
    }
}

/// What went wrong inside one format's parser, before the file's name is put to it.
#[derive(Debug, PartialEq)]
pub(crate) enum Fault {
    Encrypted,
    TooLarge { what: String, limit: String },
    NoText(String),
    Broken(String),
}

impl Fault {
    pub(crate) fn broken(detail: impl Into<String>) -> Self {
        Self::Broken(detail.into())
    }

    pub(crate) fn over(what: impl Into<String>, bytes: u64) -> Self {
        Self::TooLarge { what: what.into(), limit: megabytes(bytes) }
    }

    pub(crate) fn of(self, file: &str, format: &str) -> ParseError {
        let file = file.to_owned();
        match self {
            Self::Encrypted => ParseError::Encrypted { file },
            Self::TooLarge { what, limit } => ParseError::TooLarge { file, what, limit },
            Self::NoText(detail) => ParseError::NoText { file, detail },
            Self::Broken(detail) => ParseError::Broken { file, format: format.into(), detail },
        }
    }
}

/// `67108864` as `64 MB`.
pub(crate) fn megabytes(bytes: u64) -> String {
    if bytes < 1 << 20 { format!("{bytes} bytes") } else { format!("{} MB", bytes >> 20) }
}
