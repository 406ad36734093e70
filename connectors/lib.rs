//! The systems documents come from: a folder per system, each a config and a `domain::Connector`.

pub mod folder;
