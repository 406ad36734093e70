//! Systems that documents come from: a folder each, and what they share.
#![cfg_attr(test, expect(clippy::unwrap_used, clippy::panic, reason = "a failing test may panic"))]

pub mod bookstack;
mod config;
#[cfg(test)]
mod conformance;
pub mod discourse;
pub mod feed;
pub mod folder;
mod gather;
mod http;
mod kind;
pub mod mediawiki;
mod pages;
mod robots;
mod secret;
pub mod web;

pub use config::ConnectorsConfig;
pub use http::{Http, HttpConfig};
pub use kind::{Kind, Parts, SourceConfig};
pub use secret::Secret;

/// Every kind of source, by name.
pub const KINDS: &[Kind] = &[
    Kind::of::<folder::FolderConfig>(),
    Kind::of::<web::WebConfig>(),
    Kind::of::<feed::FeedConfig>(),
    Kind::of::<mediawiki::MediaWikiConfig>(),
    Kind::of::<bookstack::BookStackConfig>(),
    Kind::of::<discourse::DiscourseConfig>(),
];

/// The kind called `name`.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}
