//! What the connector needs of a system that holds files: a listing and a read.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{EngineError, EngineResult};
use jiff::Timestamp;

/// A system, reached anew for every sync.
#[async_trait]
pub(super) trait Store: Send + Sync {
    /// As it is called in messages, e.g. `bucket reports`.
    fn name(&self) -> String;

    async fn open(&self) -> EngineResult<Arc<dyn Session>>;

    /// Where a person opens the file.
    fn uri(&self, id: &str) -> String;
}

/// A connection to it. When it fails in passing, the next attempt gets another one.
#[async_trait]
pub(super) trait Session: Send + Sync {
    async fn list(&self) -> Result<Listing, Trouble>;

    /// The file's bytes; no more than `most_bytes` of them are kept.
    async fn read(&self, id: &str, most_bytes: u64) -> Result<Vec<u8>, Trouble>;
}

/// Everything there is.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) files: Vec<Entry>,
    /// Folders that could not be listed, with the reason. What is below them is unknown, not gone.
    pub(super) unlisted: Vec<(String, String)>,
}

/// A file or folder, as its listing shows it.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its path with `/` between parts. A name only: it never becomes a path on this machine.
    pub(super) id: String,
    pub(super) what: What,
    pub(super) bytes: u64,
    pub(super) modified_at: Option<Timestamp>,
    pub(super) tag: Tag,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    File,
    Folder,
    /// Neither; why it is not read.
    Other(&'static str),
}

/// What a system calls the state of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tag {
    /// Names these bytes and no others: an etag or a version that is not made from a time.
    Exact(String),
    /// Made from a time of whole seconds: says nothing while the file may still change within the same second.
    Timed(String),
    None,
}

/// What went wrong.
#[derive(Debug)]
pub(super) enum Trouble {
    /// With this file or folder; the rest can be read.
    Item(String),
    /// The bytes were fewer or more than listed.
    Short(String),
    /// With the system.
    System(EngineError),
}

impl From<EngineError> for Trouble {
    fn from(error: EngineError) -> Self {
        Self::System(error)
    }
}

impl From<Trouble> for EngineError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Item(reason) => Self::give_up(reason),
            Trouble::Short(reason) => Self::retry(reason),
            Trouble::System(error) => error,
        }
    }
}
