//! Systems that documents come from: a folder each, and what they share.
#![cfg_attr(test, expect(clippy::unwrap_used, clippy::panic, reason = "a failing test may panic"))]

mod address;
mod atlassian;
pub mod bookstack;
mod config;
pub mod confluence;
#[cfg(test)]
mod conformance;
mod credentials;
mod digest;
pub mod discourse;
mod extensions;
pub mod feed;
pub mod folder;
mod gather;
pub mod gdrive;
pub mod git;
pub mod github;
pub mod gitlab;
mod globs;
mod graph;
mod http;
pub mod hubspot;
pub mod imap;
pub mod jira;
mod jwt;
mod kind;
mod kinds;
pub mod mediawiki;
pub mod notion;
mod oauth;
pub mod objects;
mod pages;
pub mod push;
mod robots;
pub mod salesforce;
mod secret;
pub mod servicenow;
mod settle;
pub mod sharepoint;
pub mod slack;
pub mod sql;
mod steps;
pub mod teams;
mod thread;
mod watch;
pub mod web;
pub mod zendesk;

pub use config::ConnectorsConfig;
pub use extensions::EXTENSIONS;
pub use http::{Http, HttpConfig};
pub use kind::{Kind, Parts, SourceConfig};
pub use kinds::{KINDS, kind};
pub use secret::Secret;
pub use watch::FolderWatch;
