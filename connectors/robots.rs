//! What each host's `robots.txt` allows (RFC 9309), and a client for each that keeps its pace.

use std::{collections::HashMap, num::NonZeroU32, sync::Arc, time::Duration};

use domain::{EngineError, EngineResult};
use reqwest::StatusCode;
use robotxt::Robots;
use tokio::sync::Mutex;
use url::Url;

use crate::http::{Http, Request};

/// The name that rules for this crawler are written under.
pub(crate) const AGENT: &str = "footnote";

/// Longest `Crawl-delay` that is kept, so that a sync's time limit is noticed.
const MOST_DELAY: Duration = Duration::from_secs(60);

/// Most bytes of a `robots.txt`; what is past the first 500 KiB is not read as rules.
const MOST_BYTES: u64 = 4 << 20;

/// The hosts met so far.
pub(crate) struct Hosts {
    http: Http,
    between: Duration,
    known: Mutex<HashMap<String, Arc<Gate>>>,
}

/// One host: what may be read there, and the client to read it with.
pub(crate) struct Gate {
    robots: Robots,
    /// Why its `robots.txt` may not be all there is: it was withheld.
    pub(crate) withheld: Option<String>,
    pub(crate) http: Http,
}

impl Hosts {
    /// No host is asked more often than `per_second`, nor than it says itself.
    pub(crate) fn new(http: Http, per_second: NonZeroU32) -> Self {
        Self { http, between: Duration::from_secs(1) / per_second.get(), known: Mutex::default() }
    }

    /// The gate to the host of `url`.
    ///
    /// # Errors
    /// While its `robots.txt` cannot be asked for, nothing of the host may be read.
    pub(crate) async fn gate(&self, url: &Url) -> EngineResult<Arc<Gate>> {
        let origin = url.origin().ascii_serialization();
        let mut known = self.known.lock().await;
        if let Some(gate) = known.get(&origin) {
            return Ok(Arc::clone(gate));
        }
        let http = self.http.spaced(self.between);
        let (robots, withheld) = read(&http, url).await?;
        let delay = robots.crawl_delay().unwrap_or_default().min(MOST_DELAY);
        let http = if delay > self.between { self.http.spaced(delay) } else { http };
        let gate = Arc::new(Gate { robots, withheld, http });
        known.insert(origin, Arc::clone(&gate));
        Ok(gate)
    }
}

impl Gate {
    pub(crate) fn allows(&self, url: &Url) -> bool {
        self.robots.is_url_allowed(url)
    }

    /// Sitemaps that the host names.
    pub(crate) fn sitemaps(&self) -> &[Url] {
        self.robots.sitemaps()
    }
}

async fn read(http: &Http, url: &Url) -> EngineResult<(Robots, Option<String>)> {
    let address = url.join("/robots.txt").map_err(|error| EngineError::give_up(format!("read {url}: {error}")))?;
    let response = http.send(&Request::get(address).limit(MOST_BYTES)).await?;
    // RFC 9309, section 2.3.1.3: where there are no rules to be had, everything is allowed.
    Ok(match response.status {
        status if status.is_success() => (Robots::parse(&response.body, AGENT), None),
        StatusCode::NOT_FOUND | StatusCode::GONE => (Robots::allow_all(), None),
        status => (Robots::allow_all(), Some(format!("{status}: sitemaps it may name are not known"))),
    })
}

#[cfg(test)]
mod tests {
    use axum::{Router, http::StatusCode, routing::get};

    use super::*;
    use crate::conformance::{parts, serve};

    async fn gate(
        robots: impl Fn() -> (StatusCode, &'static str) + Clone + Send + Sync + 'static,
    ) -> EngineResult<(Arc<Gate>, String)> {
        let server = serve(Router::new().route("/robots.txt", get(move || async move { robots() }))).await;
        let hosts = Hosts::new(parts().http, NonZeroU32::new(1_000).unwrap());
        Ok((hosts.gate(&server.parse().unwrap()).await?, server))
    }

    #[tokio::test]
    async fn the_longest_rule_of_our_own_group_counts() {
        let rules = "User-agent: *\nDisallow: /\n\nUser-agent: Footnote\nDisallow: /private\nAllow: /private/open$\nDisallow: /*.cgi\n";
        let (gate, server) = gate(move || (StatusCode::OK, rules)).await.unwrap();
        for (path, allowed) in [("/", true), ("/private/x", false), ("/private/open", true), ("/a/b.cgi?x", false)] {
            assert_eq!(gate.allows(&format!("{server}{path}").parse().unwrap()), allowed, "{path}");
        }
    }

    #[tokio::test]
    async fn without_rules_everything_is_allowed_and_while_they_are_out_of_reach_nothing_is() {
        let (gate_404, server) = gate(|| (StatusCode::NOT_FOUND, "User-agent: *\nDisallow: /")).await.unwrap();
        assert!(gate_404.allows(&server.parse().unwrap()) && gate_404.withheld.is_none());
        let (gate_403, server) = gate(|| (StatusCode::FORBIDDEN, "")).await.unwrap();
        assert!(gate_403.allows(&server.parse().unwrap()) && gate_403.withheld.is_some());
        let error = gate(|| (StatusCode::BAD_GATEWAY, "")).await.err().unwrap();
        assert!(error.retryable);
    }

    #[tokio::test]
    async fn a_crawl_delay_slows_the_host_down() {
        let (gate, server) = gate(|| (StatusCode::OK, "User-agent: *\nCrawl-delay: 0.2\n")).await.unwrap();
        let started = tokio::time::Instant::now();
        for _ in 0..3 {
            gate.http.send(&Request::get(server.parse().unwrap())).await.unwrap();
        }
        assert!(started.elapsed() >= Duration::from_millis(390), "{:?}", started.elapsed());
    }
}
