//! Judges whether passages support sentences.

mod evidence;
mod features;
mod local;
mod words;

pub use features::{FEATURE_COUNT, FEATURE_NAMES};
pub use local::{Finding, LocalJudge};
