//! The one way out: HTTP that refuses private addresses, waits when asked to, tries again, and reads bounded bodies.

mod guard;
mod request;
mod response;
mod retry;
mod state;

use std::{fmt, num::NonZeroU32, sync::Arc, time::Duration};

use domain::{Clock, EngineError, EngineResult};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub(crate) use guard::Guard;
pub(crate) use request::Request;
pub(crate) use response::{Response, shown};
pub(crate) use state::time;

/// `[connectors.http]` of the configuration file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Hosts and networks at private addresses that sources may read: `wiki.corp`, `10.1.0.0/16`.
    pub allow_private: Vec<String>,
    /// Seconds without a byte after which a request is given up.
    pub timeout_secs: u64,
    /// Least bytes of an answer in each second beyond those; a slower one is given up.
    pub least_bytes_per_sec: u64,
    /// How often a request that failed in passing is sent altogether.
    pub attempts: u32,
    /// Most seconds a request waits when the system asks for patience; beyond that the sync ends and resumes later.
    pub max_wait_secs: u64,
    /// Milliseconds before the second attempt; each further one waits twice as long.
    pub backoff_ms: u64,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            allow_private: Vec::new(),
            timeout_secs: 60,
            least_bytes_per_sec: 8_192,
            attempts: 4,
            max_wait_secs: 60,
            backoff_ms: 500,
        }
    }
}

/// A client for the systems that documents come from. Cheap to clone.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    guard: Guard,
    config: Arc<HttpConfig>,
    clock: Clock,
    /// All are kept.
    paces: Vec<Arc<DefaultDirectRateLimiter>>,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http")
    }
}

impl Http {
    /// # Errors
    /// For an entry of `allow_private` that is neither a host nor a network.
    pub fn new(config: HttpConfig, clock: Clock) -> EngineResult<Self> {
        let guard = Guard::new(&config.allow_private)?;
        let client = client(&guard, Duration::from_secs(config.timeout_secs.max(1)))?;
        Ok(Self { client, guard, config: Arc::new(config), clock, paces: Vec::new() })
    }

    /// The same client for addresses that a stranger names: it reaches public ones and, of what an admin allowed, `host`.
    ///
    /// # Errors
    /// When there is no other client to be had.
    pub(crate) fn narrowed(&self, host: &str) -> EngineResult<Self> {
        let guard = self.guard.narrowed(host);
        let client = client(&guard, Duration::from_secs(self.config.timeout_secs.max(1)))?;
        Ok(Self { client, guard, ..self.clone() })
    }

    /// The same client at no more than so many requests a second.
    pub fn paced(&self, per_second: NonZeroU32) -> Self {
        self.at(Quota::per_second(per_second))
    }

    /// The same client with at least so much time from one request to the next.
    pub(crate) fn spaced(&self, between: Duration) -> Self {
        Quota::with_period(between).map_or_else(|| self.clone(), |quota| self.at(quota))
    }

    fn at(&self, quota: Quota) -> Self {
        let mut paced = self.clone();
        paced.paces.push(Arc::new(RateLimiter::direct(quota.allow_burst(NonZeroU32::MIN))));
        paced
    }

    /// Which addresses may be connected to; for what does not speak HTTP.
    pub(crate) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Sends, and sends again where that can help. Any final status is a response: see [`Response::ok`].
    ///
    /// # Errors
    /// Retryable when the system was unreachable, busy or broke off every time; final for a private address,
    /// too many redirects or a body over the request's limit.
    pub(crate) async fn send(&self, request: &Request) -> EngineResult<Response> {
        self.attempt(request, Ok).await
    }

    /// The JSON of a successful answer. One that cannot be read as `T` counts as broken off.
    pub(crate) async fn json<T: DeserializeOwned>(&self, request: &Request) -> EngineResult<T> {
        self.attempt(request, |response| response.ok()?.json()).await
    }

    /// Like [`json`](Self::json), for one of many things: see [`Response::item`].
    pub(crate) async fn item<T: DeserializeOwned>(&self, request: &Request) -> EngineResult<Result<T, String>> {
        self.attempt(request, Response::item).await
    }

    /// The client itself, to set a test's server up.
    #[cfg(test)]
    pub(crate) fn raw(&self) -> &reqwest::Client {
        &self.client
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place for the systems that documents come from")]
fn client(guard: &Guard, timeout: Duration) -> EngineResult<reqwest::Client> {
    reqwest::Client::builder()
        .dns_resolver(guard.clone())
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(retry::CONNECTING)
        .read_timeout(timeout)
        .user_agent(concat!("footnote/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| EngineError::give_up(format!("set up HTTP: {error}")))
}

#[cfg(test)]
mod tests;
