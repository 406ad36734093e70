//! Finds chunks by words (tantivy) and by vectors (Qdrant); the only crate that knows either engine.

mod config;
mod directory;
mod error;
mod keyword;
mod vector;

pub use config::{KeywordConfig, SearchConfig, VectorConfig, VectorKind};
pub use directory::wipe;
pub use error::{Error, Result};
pub use keyword::TantivyIndex;
pub use vector::{EdgeIndex, ServerIndex};
