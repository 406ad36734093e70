//! Question in, answer with footnotes out: retrieve, fuse, compose, generate, cite, judge.

mod abstain;
mod cite;
mod compose;
mod config;
mod context;
mod error;
mod extractive;
mod footnotes;
mod fuse;
mod generate;
mod near;
mod newest;
mod pipeline;
mod rerank;
mod retrieve;
mod stopwatch;

pub use abstain::Evidence;
pub use config::{AbstainConfig, AnswerConfig, FuseConfig, RetrieveConfig};
pub use context::{AnswerContext, CurrentContext};
pub use error::{Error, Result};
pub use extractive::{Candidate, ExtractiveGenerator, FEATURES, Features, candidates};
pub use pipeline::{answer, evidence};
pub use retrieve::search;
