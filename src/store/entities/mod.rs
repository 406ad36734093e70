//! The tables, a file each.

pub(crate) mod access_class;
pub(crate) mod access_class_principal;
pub(crate) mod answer;
pub(crate) mod answer_document;
pub(crate) mod chunk;
pub(crate) mod document;
pub(crate) mod failure;
pub(crate) mod idempotency_key;
pub(crate) mod index_generation;
pub(crate) mod index_job;
pub(crate) mod meta;
pub(crate) mod near_band;
pub(crate) mod near_group;
pub(crate) mod receipt;
pub(crate) mod session;
pub(crate) mod source;
pub(crate) mod source_member;
pub(crate) mod source_token;
pub(crate) mod sync;
pub(crate) mod user;
pub(crate) mod user_group;
pub(crate) mod version;
