//! Systems that documents come from: a folder each, and what they share.
#![cfg_attr(test, expect(clippy::unwrap_used, clippy::panic, reason = "a failing test may panic"))]

mod config;
#[cfg(test)]
mod conformance;
pub mod folder;
mod gather;
pub mod git;
pub mod github;
pub mod gitlab;
mod globs;
mod http;
mod kind;
mod pages;
mod secret;
mod thread;

pub use config::ConnectorsConfig;
pub use http::{Http, HttpConfig};
pub use kind::{Kind, Parts, SourceConfig};
pub use secret::Secret;

/// Every kind of source, by name.
pub const KINDS: &[Kind] = &[
    Kind::of::<folder::FolderConfig>(),
    Kind::of::<git::GitConfig>(),
    Kind::of::<github::GithubConfig>(),
    Kind::of::<gitlab::GitlabConfig>(),
];

/// The kind called `name`.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}
