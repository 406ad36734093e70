//! Attempts: redirects, patience, bounded bodies.

use std::time::Duration;

use domain::{EngineError, EngineResult};
use futures::StreamExt;
use jiff::Timestamp;
use reqwest::{
    Method, StatusCode,
    header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER},
};
use tokio::time::{Instant, timeout};
use url::Url;

use super::{Http, Request, Response, response::shown, state::time};

const MOST_REDIRECTS: usize = 10;

/// What it may take to reach a system.
pub(super) const CONNECTING: Duration = Duration::from_secs(10);

impl Http {
    /// Sends until `read` accepts the answer or trying again cannot help; for systems that say in a successful
    /// answer that it failed.
    pub(crate) async fn attempt<T>(
        &self,
        request: &Request,
        read: impl Fn(Response) -> EngineResult<T>,
    ) -> EngineResult<T> {
        let mut backoff = Duration::from_millis(self.config.backoff_ms);
        let most_wait = Duration::from_secs(self.config.max_wait_secs);
        let mut left = self.config.attempts.max(1);
        loop {
            left -= 1;
            let failed = match self.follow(request).await.and_then(&read) {
                Err(error) if error.retryable && left > 0 => error,
                done => return done,
            };
            let wait = failed.retry_after.unwrap_or(backoff);
            if wait > most_wait {
                return Err(failed);
            }
            tracing::debug!(error = %failed, ?wait, "trying again");
            tokio::time::sleep(wait).await;
            backoff = (backoff * 2).min(most_wait);
        }
    }

    /// One attempt, along its redirects. Credentials stay with the host they are for.
    async fn follow(&self, request: &Request) -> EngineResult<Response> {
        let mut request = request.clone();
        for _ in 0..MOST_REDIRECTS {
            let response = self.once(&request).await?;
            let target = if request.follows_redirects { redirect(&response) } else { None };
            let Some(target) = target else { return Ok(response) };
            if target.origin() != request.url.origin() {
                let is_secret = |name: &HeaderName, value: &HeaderValue| {
                    value.is_sensitive() || matches!(*name, AUTHORIZATION | COOKIE)
                };
                let secret = request.headers.iter().filter(|(name, value)| is_secret(name, value));
                for name in secret.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
                    request.headers.remove(name);
                }
            }
            if !matches!(response.status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT) {
                request.method = Method::GET;
                request.body = None;
            }
            request.url = target;
        }
        Err(EngineError::give_up(format!("read {}: more than {MOST_REDIRECTS} redirects", shown(&request.url))))
    }

    async fn once(&self, request: &Request) -> EngineResult<Response> {
        self.guard.check(&request.url)?;
        for pace in &self.paces {
            pace.until_ready().await;
        }
        let url = shown(&request.url);
        let mut sending =
            self.client.request(request.method.clone(), request.url.clone()).headers(request.headers.clone());
        if let Some(body) = &request.body {
            sending = sending.body(body.clone());
        }
        let patience = Duration::from_secs(self.config.timeout_secs.max(1));
        let slow = || EngineError::retry(format!("read {url}: its answer comes too slowly to wait for its end"));
        let answer = timeout(patience + CONNECTING, sending.send()).await.map_err(|_| slow())?;
        let answer = answer.map_err(|error| failure(&url, error))?;
        let begun = Instant::now();
        let (status, headers) = (answer.status(), answer.headers().clone());
        if is_passing(status) || is_exhausted(status, &headers) {
            let message = format!("read {url}: {status}");
            return Err(match asked_patience(&headers, (self.clock.now)()) {
                Some(wait) => EngineError::retry_in(message, wait),
                None => EngineError::retry(message),
            });
        }
        let over = || EngineError::give_up(format!("read {url}: over the limit of {} bytes", request.most_bytes));
        if answer.content_length().is_some_and(|length| length > request.most_bytes) {
            return Err(over());
        }
        let mut body = Vec::new();
        let mut parts = answer.bytes_stream();
        while let Some(part) = parts.next().await {
            body.extend_from_slice(&part.map_err(|error| failure(&url, error))?);
            if body.len() as u64 > request.most_bytes {
                return Err(over());
            }
            let due = Duration::from_secs(body.len() as u64 / self.config.least_bytes_per_sec.max(1));
            if begun.elapsed() > patience + due {
                return Err(slow());
            }
        }
        Ok(Response { status, headers, url: request.url.clone(), body })
    }
}

fn redirect(response: &Response) -> Option<Url> {
    let is_redirect = matches!(response.status.as_u16(), 301 | 302 | 303 | 307 | 308);
    let target = response.headers.get(LOCATION).filter(|_| is_redirect)?.to_str().ok()?;
    response.url.join(target).ok()
}

/// Whether a system that answers with `status` may answer otherwise soon.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429)
}

/// What is left of a rate limit, and the second since 1970 when there is more, as many systems say it.
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Whether a refusal only means that a rate limit is used up.
fn is_exhausted(status: StatusCode, headers: &HeaderMap) -> bool {
    let is_empty = headers.get(REMAINING).is_some_and(|left| left == "0");
    status == StatusCode::FORBIDDEN && (is_empty || headers.contains_key(RETRY_AFTER))
}

/// `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3), or the end of a rate limit that is used up.
fn asked_patience(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let until = |end: Timestamp| Some(Duration::try_from(end.duration_since(now)).unwrap_or_default());
    let Some(value) = headers.get(RETRY_AFTER) else {
        headers.get(REMAINING).filter(|left| *left == "0")?;
        let end = headers.get(RESET)?.to_str().ok()?.parse().ok()?;
        return until(Timestamp::from_second(end).ok()?);
    };
    let value = value.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    until(time(value)?)
}

/// The guard's refusal where that is the cause; else something that may pass.
fn failure(url: &str, error: reqwest::Error) -> EngineError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    let mut last = error.to_string();
    while let Some(error) = cause {
        if let Some(EngineError { message, retryable: false, .. }) = error.downcast_ref() {
            return EngineError::give_up(message.clone());
        }
        last = error.to_string();
        cause = error.source();
    }
    EngineError::retry(format!("read {url}: {last}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_comes_in_seconds_and_as_a_date() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let asks = |value: &str| asked_patience(&HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]), now);
        assert_eq!(asks("7"), Some(Duration::from_secs(7)));
        assert_eq!(asks("Tue, 24 Nov 2026 12:00:05 GMT"), Some(Duration::from_secs(5)));
        assert_eq!(asks("Tue, 24 Nov 2026 11:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(asks("soon"), None);
    }

    #[test]
    fn a_rate_limit_that_is_used_up_ends_when_it_says() {
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let limits = |left: &str| {
            let end = (now.as_second() + 9).to_string();
            HeaderMap::from_iter([(REMAINING, left.parse().unwrap()), (RESET, end.parse().unwrap())])
        };
        assert_eq!(asked_patience(&limits("0"), now), Some(Duration::from_secs(9)));
        assert_eq!(asked_patience(&limits("3"), now), None);
        assert!(is_exhausted(StatusCode::FORBIDDEN, &limits("0")));
        assert!(!is_exhausted(StatusCode::FORBIDDEN, &limits("3")) && !is_exhausted(StatusCode::OK, &limits("0")));
    }
}
