//! The only truth: documents, versions, chunks, access, jobs, users and answers in SQLite or PostgreSQL.

mod access;
mod answers;
mod chunks;
mod config;
mod documents;
mod duplicates;
mod entities;
mod error;
mod failures;
mod jobs;
mod members;
mod meta;
mod migrations;
mod open;
mod read;
mod sessions;
mod sources;
mod sync;
mod time;
mod users;
mod versions;

pub use answers::StoredAnswer;
pub use config::StoreConfig;
pub use error::{Error, Result};
pub use failures::Failure;
pub use jobs::{IndexJob, IndexState, StoredChunk};
pub use open::Store;
pub use read::{Counts, DocumentPage, DocumentSummary, DocumentView};
pub use sessions::{NewSession, SessionUser};
pub use sources::{NewSource, Source, SourceSettings};
pub use sync::{Known, Write};
pub use users::{NewUser, User};
pub use versions::{VersionSummary, VersionView};
