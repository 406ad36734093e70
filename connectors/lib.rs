//! Systems that documents come from: a folder each, and what they share.

mod config;
#[cfg(test)]
mod conformance;
pub mod folder;
mod gather;
mod globs;
mod http;
mod kind;
pub mod objects;
mod pages;
mod secret;

pub use config::ConnectorsConfig;
pub use http::{Http, HttpConfig};
pub use kind::{Kind, Parts, SourceConfig};
pub use secret::Secret;

/// Every kind of source, by name.
pub const KINDS: &[Kind] = &[
    Kind::of::<folder::FolderConfig>(),
    Kind::of::<objects::S3Config>(),
    Kind::of::<objects::AzblobConfig>(),
    Kind::of::<objects::GcsConfig>(),
    Kind::of::<objects::WebdavConfig>(),
    Kind::of::<objects::SftpConfig>(),
    Kind::of::<objects::FtpConfig>(),
];

/// The kind called `name`.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}
