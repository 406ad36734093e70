//! The portal and the API: the only crate that knows HTTP.

mod api;
mod app;
mod assets;
mod auth;
mod config;
mod context;
mod error;
mod first_run;
mod guard;
mod health;
mod metrics;
mod observe;
mod openapi;
mod problem;
mod run;
mod source_kinds;
mod sse;

pub use auth::{MAX_EMAIL_BYTES, hash_password, new_password, new_source_token};
pub use config::{ServerConfig, UploadConfig};
pub use context::ServerContext;
pub use error::{Error, Result};
pub use first_run::{FirstLogin, first_run};
pub use openapi::openapi_json;
pub use run::run;
pub use source_kinds::SourceKinds;
