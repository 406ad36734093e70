//! Limits attempts to log in, by e-mail address and by client address, and attempts with wrong tokens.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use actix_web::HttpRequest;
use governor::{
    DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter,
    clock::{Clock, DefaultClock, QuantaInstant},
};

use crate::problem::{Kind, Problem};

/// Attempts in a row for one e-mail address, and the time one more takes.
const PER_EMAIL: (u32, Duration) = (10, Duration::from_secs(30));
/// Attempts in a row from one client: an office may share an address.
const PER_CLIENT: (u32, Duration) = (50, Duration::from_secs(5));
/// Wrong tokens in a row from one client, and the time one more takes.
const WRONG_TOKENS: (u32, Duration) = (20, Duration::from_secs(10));
/// Longest address that can receive mail (RFC 5321, RFC 3696 erratum 1690): a longer one is nobody's, and is not kept as a key.
pub const MAX_EMAIL_BYTES: usize = 254;
/// Keys kept before those that are no longer limited are forgotten.
const MANY: usize = 10_000;

/// Attempts to log in, as far as they count still.
pub(crate) struct LoginLimits {
    emails: DefaultKeyedRateLimiter<String>,
    clients: DefaultKeyedRateLimiter<IpAddr>,
}

impl Default for LoginLimits {
    fn default() -> Self {
        Self { emails: RateLimiter::keyed(quota(PER_EMAIL)), clients: RateLimiter::keyed(quota(PER_CLIENT)) }
    }
}

impl LoginLimits {
    /// Counts an attempt.
    ///
    /// # Errors
    /// The problem that says when to try again.
    pub(crate) fn count(&self, email: &str, client: IpAddr) -> Result<(), Problem> {
        if self.emails.len() + self.clients.len() > MANY {
            self.emails.retain_recent();
            self.clients.retain_recent();
        }
        self.clients.check_key(&client).map_err(|not_until| refused(&not_until))?;
        self.emails.check_key(&email.trim().to_lowercase()).map_err(|not_until| refused(&not_until))
    }
}

/// Wrong tokens from each client. Right ones are not counted: a program sends many requests.
pub(crate) struct TokenLimits {
    wrong: DefaultKeyedRateLimiter<IpAddr>,
    /// Until when a client that tried too many is refused unheard.
    refused: Mutex<HashMap<IpAddr, Instant>>,
}

impl Default for TokenLimits {
    fn default() -> Self {
        Self { wrong: RateLimiter::keyed(quota(WRONG_TOKENS)), refused: Mutex::default() }
    }
}

impl TokenLimits {
    /// # Errors
    /// The problem that says when a client that tried too many wrong tokens may try again.
    pub(crate) fn admit(&self, client: IpAddr) -> Result<(), Problem> {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(left) = refused.get(&client).map(|until| until.saturating_duration_since(Instant::now())) else {
            return Ok(());
        };
        if left.is_zero() {
            refused.remove(&client);
            return Ok(());
        }
        Err(Problem::too_many(Kind::TooManyTokens, left.as_secs() + 1))
    }

    /// Counts a wrong token.
    pub(crate) fn count_wrong(&self, client: IpAddr) {
        if self.wrong.len() > MANY {
            self.wrong.retain_recent();
        }
        if let Err(not_until) = self.wrong.check_key(&client) {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            if refused.len() > MANY {
                refused.retain(|_, until| *until > Instant::now());
            }
            refused.insert(client, Instant::now() + wait);
        }
    }
}

/// The client's address; an IPv6 client is its /64 network, of which it has all addresses.
pub(crate) fn client_address(request: &HttpRequest, behind_proxy: bool) -> IpAddr {
    let forwarded = request.headers().get_all("x-forwarded-for").last().and_then(|value| value.to_str().ok());
    let forwarded = forwarded.and_then(|list| list.rsplit(',').next()).and_then(|last| last.trim().parse().ok());
    let peer = request.peer_addr().map(|address| address.ip());
    let client = if behind_proxy { forwarded.or(peer) } else { peer };
    match client.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) >> 64 << 64)),
        address => address,
    }
}

fn quota((burst, period): (u32, Duration)) -> Quota {
    let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
    Quota::with_period(period).unwrap_or(Quota::per_minute(burst)).allow_burst(burst)
}

fn refused(not_until: &NotUntil<QuantaInstant>) -> Problem {
    let wait = not_until.wait_time_from(DefaultClock::default().now());
    Problem::too_many(Kind::TooManyLogins, wait.as_secs() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn an_address_and_a_client_have_their_own_limits() -> Result<(), std::net::AddrParseError> {
        let limits = LoginLimits::default();
        let client = |n: u8| IpAddr::from([10, 0, 0, n]);
        for n in 0..10 {
            assert!(limits.count("Ann@example.com", client(n)).is_ok());
        }
        assert!(limits.count(" ann@EXAMPLE.com", client(99)).is_err());
        assert!(limits.count("bob@example.com", client(99)).is_ok());
        let refused = (0..60).filter(|n| limits.count(&format!("{n}@example.com"), client(5)).is_err()).count();
        assert_eq!(refused, 11);
        Ok(())
    }

    #[test]
    fn a_client_with_many_wrong_tokens_is_refused_for_a_while() {
        let limits = TokenLimits::default();
        let client = |n: u8| IpAddr::from([10, 0, 0, n]);
        for _ in 0..20 {
            limits.count_wrong(client(1));
            assert!(limits.admit(client(1)).is_ok());
        }
        limits.count_wrong(client(1));
        assert!(limits.admit(client(1)).is_err_and(|problem| problem.code() == "too-many-tokens"));
        assert!(limits.admit(client(2)).is_ok());
    }

    #[test]
    fn the_client_is_who_the_proxy_says_only_behind_one() -> Result<(), std::net::AddrParseError> {
        let request = TestRequest::get()
            .peer_addr("10.0.0.1:5".parse()?)
            .insert_header(("x-forwarded-for", "6.6.6.6, 203.0.113.9"))
            .to_http_request();
        assert_eq!(client_address(&request, true), "203.0.113.9".parse::<IpAddr>()?);
        assert_eq!(client_address(&request, false), "10.0.0.1".parse::<IpAddr>()?);
        let request = TestRequest::get().peer_addr("[2001:db8::1:2:3]:5".parse()?).to_http_request();
        assert_eq!(client_address(&request, false), "2001:db8::".parse::<IpAddr>()?);
        Ok(())
    }
}
