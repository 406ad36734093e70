//! A source's raw documents in, searchable chunks out: sync, parse, chunk, index.

mod chunk;
mod clean;
mod config;
mod context;
mod cut;
mod diff;
mod error;
mod generations;
mod index;
mod jobs;
mod language;
pub mod parse;
mod preview;
mod progress;
mod push;
mod schedule;
mod status;
mod sync;

pub use chunk::{ChunkConfig, chunk, passage_text};
pub use clean::{Cleaned, Cleaner};
pub use config::IngestConfig;
pub use context::IngestContext;
pub use error::{Error, Result};
pub use generations::{Generation, Generations, OpenGenerations};
pub use index::{build_some, index_pending};
pub use jobs::{Ended, Open, Worker, run_due};
pub use parse::{Limits, PARSED_EXTENSIONS, ParseError, ParserPool, PoolStats, parse, run_worker};
pub use preview::{Preview, preview};
pub use progress::{Progress, Report};
pub use push::{PushOutcome, Pushed, PushedDocument, push};
pub use schedule::Schedule;
pub use status::{FailedItem, NotedItem, SourceState, SourceStatus, SourceSummary};
pub use sync::{SyncFailure, SyncSummary, sync};
