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
pub mod git;
pub mod github;
pub mod gitlab;
pub mod gdrive;
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
mod robots;
pub mod salesforce;
mod secret;
pub mod servicenow;
mod settle;
mod thread;
pub mod sharepoint;
pub mod slack;
pub mod sql;
mod steps;
pub mod teams;
pub mod web;
pub mod zendesk;

pub use config::ConnectorsConfig;
pub use extensions::EXTENSIONS;
pub use http::{Http, HttpConfig};
pub use kind::{Kind, Parts, SourceConfig};
pub use kinds::{KINDS, kind};
pub use secret::Secret;

/// Every kind of source, by name.
pub const KINDS: &[Kind] = &[
    Kind::of::<bookstack::BookStackConfig>(),
    Kind::of::<confluence::ConfluenceConfig>(),
    Kind::of::<discourse::DiscourseConfig>(),
    Kind::of::<feed::FeedConfig>(),
    Kind::of::<folder::FolderConfig>(),
    Kind::of::<gdrive::DriveConfig>(),
    Kind::of::<hubspot::HubSpotConfig>(),
    Kind::of::<imap::ImapConfig>(),
    Kind::of::<jira::JiraConfig>(),
    Kind::of::<mediawiki::MediaWikiConfig>(),
    Kind::of::<notion::NotionConfig>(),
    Kind::of::<objects::AzblobConfig>(),
    Kind::of::<objects::FtpConfig>(),
    Kind::of::<objects::GcsConfig>(),
    Kind::of::<objects::S3Config>(),
    Kind::of::<objects::SftpConfig>(),
    Kind::of::<objects::WebdavConfig>(),
    Kind::of::<salesforce::SalesforceConfig>(),
    Kind::of::<servicenow::ServiceNowConfig>(),
    Kind::of::<sharepoint::SharePointConfig>(),
    Kind::of::<slack::SlackConfig>(),
    Kind::of::<sql::SqlConfig>(),
    Kind::of::<teams::TeamsConfig>(),
    Kind::of::<web::WebConfig>(),
    Kind::of::<zendesk::ZendeskConfig>(),
];

/// The kind called `name`.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}
