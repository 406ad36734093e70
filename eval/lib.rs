//! Measures retrieval and answers on data sets, over the very engines that serve users.

mod answers;
mod beir;
mod context;
mod corpus;
mod gate;
mod metrics;
mod retrieval;
mod suite;

pub use answers::{AnswerReport, Outcome, evaluate_answers};
pub use beir::Beir;
pub use context::EvalContext;
pub use gate::{Thresholds, violations};
pub use retrieval::{LegScores, RetrievalReport, evaluate_retrieval};
pub use suite::{Golden, Kind, read_suite};
