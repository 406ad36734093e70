//! What the handlers work with.

use std::sync::Arc;

use actix_web::web;
use answer::AnswerContext;
use domain::Clock;
use store::Store;
use tokio::sync::Semaphore;

use crate::{
    Result, ServerConfig,
    auth::{LoginLimits, Passwords},
    health::Readiness,
};

/// The engines behind the API, handed over by the wiring.
pub struct ServerContext {
    pub store: Store,
    pub answer: AnswerContext,
    pub clock: Clock,
}

/// One server: its context, its settings and what it counts.
pub(crate) struct Desk {
    pub ctx: Arc<ServerContext>,
    pub config: ServerConfig,
    pub passwords: Passwords,
    pub logins: LoginLimits,
    pub readiness: Readiness,
    /// Permits to make an answer.
    pub answers: Semaphore,
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
            readiness: Readiness::default(),
            answers: Semaphore::new(config.concurrent_answers.clamp(1, Semaphore::MAX_PERMITS)),
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
