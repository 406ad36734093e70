//! What the handlers work with.

use std::sync::Arc;

use actix_web::web;
use answer::CurrentContext;
use domain::Clock;
use ingest::IngestContext;
use store::Store;
use tokio::sync::Semaphore;

use crate::{
    Result, ServerConfig, SourceKinds,
    auth::{LoginLimits, Passwords, TokenLimits},
    health::Readiness,
};

/// The engines behind the API, handed over by the wiring.
pub struct ServerContext {
    pub store: Store,
    pub answer: CurrentContext,
    pub ingest: IngestContext,
    pub kinds: Arc<dyn SourceKinds>,
    pub clock: Clock,
}

/// One server: its context, its settings and what it counts.
pub(crate) struct Desk {
    pub ctx: Arc<ServerContext>,
    pub config: ServerConfig,
    pub passwords: Passwords,
    pub logins: LoginLimits,
    pub tokens: TokenLimits,
    pub readiness: Readiness,
    /// Permits to make an answer.
    pub answers: Semaphore,
    /// Permits to hold an upload in memory.
    pub uploads: Arc<Semaphore>,
    /// `scheme://host[:port]` of the public URL.
    pub origin: Option<String>,
}

pub(crate) type Shared = web::Data<Desk>;

impl Desk {
    pub(crate) fn new(ctx: Arc<ServerContext>, config: ServerConfig) -> Result<Self> {
        let origin = config.public_url.as_deref().map(origin).transpose()?;
        Ok(Self {
            ctx,
            passwords: Passwords::new()?,
            logins: LoginLimits::default(),
            tokens: TokenLimits::default(),
            readiness: Readiness::default(),
            answers: Semaphore::new(config.concurrent_answers.clamp(1, Semaphore::MAX_PERMITS)),
            uploads: Arc::new(Semaphore::new(config.upload.concurrent.clamp(1, Semaphore::MAX_PERMITS))),
            origin,
            config,
        })
    }
}

fn origin(public_url: &str) -> Result<String> {
    let wrong = |why: &str| crate::Error::Config(format!("server.public_url `{public_url}` {why}"));
    let url = url::Url::parse(public_url).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("is neither http nor https"));
    }
    Ok(url.origin().ascii_serialization())
}
