//! OAuth 2.0 for programs: a bearer token that is fetched by client credentials (RFC 6749, section 4.4) or a signed
//! assertion (RFC 7523) when needed, and kept until it expires.

use std::sync::Arc;

use domain::{Clock, EngineResult};
use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use crate::{
    Http, Parts, Secret,
    http::{Request, Response},
    jwt::Signer,
};

/// A token counts as expired so much earlier, and a system that does not say lives so long.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);
const LIFETIME_SECS: i64 = 1_800;

/// Fetches and keeps the token of one client. Cheap to clone; clones share the token.
#[derive(Clone)]
pub(crate) struct OAuth {
    http: Http,
    clock: Clock,
    endpoint: Url,
    grant: Grant,
    scope: Option<String>,
    token: Arc<Mutex<Option<Token>>>,
}

/// What a token is asked for with.
#[derive(Clone)]
enum Grant {
    Client { id: String, secret: Secret },
    Assertion(Signer),
}

struct Token {
    secret: Secret,
    expires: Timestamp,
}

#[derive(Deserialize)]
struct Answer {
    access_token: Secret,
    expires_in: Option<i64>,
}

impl OAuth {
    pub(crate) fn new(
        parts: &Parts,
        endpoint: Url,
        client_id: &str,
        client_secret: Secret,
        scope: Option<&str>,
    ) -> Self {
        let grant = Grant::Client { id: client_id.to_owned(), secret: client_secret };
        Self::with(parts, endpoint, grant, scope)
    }

    /// For a service account that signs what it asks.
    pub(crate) fn signed(parts: &Parts, endpoint: Url, signer: Signer, scope: Option<&str>) -> Self {
        Self::with(parts, endpoint, Grant::Assertion(signer), scope)
    }

    fn with(parts: &Parts, endpoint: Url, grant: Grant, scope: Option<&str>) -> Self {
        let scope = scope.map(ToOwned::to_owned);
        Self { http: parts.http.clone(), clock: parts.clock, endpoint, grant, scope, token: Arc::default() }
    }

    /// A token that has not expired.
    pub(crate) async fn bearer(&self) -> EngineResult<Secret> {
        let mut held = self.token.lock().await;
        let now = (self.clock.now)();
        if let Some(token) = held.as_ref().filter(|token| token.expires > now) {
            return Ok(token.secret.clone());
        }
        let scope = self.scope.as_deref();
        let request = match &self.grant {
            Grant::Client { id, secret } => {
                let mut fields =
                    vec![("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret.expose())];
                fields.extend(scope.map(|scope| ("scope", scope)));
                Request::post_form(self.endpoint.clone(), &fields)
            }
            Grant::Assertion(signer) => {
                let assertion = signer.assertion(self.endpoint.as_str(), scope, now)?;
                let kind = "urn:ietf:params:oauth:grant-type:jwt-bearer";
                Request::post_form(self.endpoint.clone(), &[("grant_type", kind), ("assertion", assertion.expose())])
            }
        };
        let answer: Answer = self.http.json(&request.stay()).await?;
        let lifetime = SignedDuration::from_secs(answer.expires_in.unwrap_or(LIFETIME_SECS));
        let expires = now.checked_add(lifetime - MARGIN).unwrap_or(now);
        *held = Some(Token { secret: answer.access_token.clone(), expires });
        Ok(answer.access_token)
    }

    /// Sends `request` with a token; where the answer is 401, once more with a new one.
    pub(crate) async fn send(&self, http: &Http, request: &Request) -> EngineResult<Response> {
        let token = self.bearer().await?;
        let response = http.send(&request.clone().bearer(&token)).await?;
        if response.status != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        // Another request may have fetched a new one meanwhile.
        let mut held = self.token.lock().await;
        held.take_if(|held| held.secret.expose() == token.expose());
        drop(held);
        http.send(&request.clone().bearer(&self.bearer().await?)).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::{
        Form, Json, Router,
        http::HeaderMap,
        routing::{get, post},
    };
    use serde_json::json;

    use super::*;
    use crate::conformance::{parts, serve};

    /// A system whose tokens are numbered and which takes only the latest.
    async fn system(expires_in: i64) -> (String, Arc<AtomicUsize>) {
        let issued = Arc::new(AtomicUsize::new(0));
        let (issuing, checking) = (Arc::clone(&issued), Arc::clone(&issued));
        let token = move |Form(fields): Form<std::collections::HashMap<String, String>>| async move {
            assert_eq!(fields["grant_type"], "client_credentials");
            assert_eq!((fields["client_id"].as_str(), fields["client_secret"].as_str()), ("me", "hush"));
            let number = issuing.fetch_add(1, Ordering::SeqCst) + 1;
            Json(json!({ "access_token": format!("t{number}"), "expires_in": expires_in }))
        };
        let read = move |headers: HeaderMap| async move {
            let latest = format!("Bearer t{}", checking.load(Ordering::SeqCst));
            if headers["authorization"] == latest.as_str() { Ok("yes") } else { Err(StatusCode::UNAUTHORIZED) }
        };
        (serve(Router::new().route("/token", post(token)).route("/", get(read))).await, issued)
    }

    async fn statuses(expires_in: i64, revoked: bool) -> (Vec<u16>, usize) {
        let (address, issued) = system(expires_in).await;
        let address: Url = address.parse().unwrap();
        let parts = parts();
        let oauth = OAuth::new(&parts, address.join("/token").unwrap(), "me", Secret::from("hush"), None);
        let mut statuses = Vec::new();
        for _ in 0..2 {
            statuses.push(oauth.send(&parts.http, &Request::get(address.clone())).await.unwrap().status.as_u16());
            if revoked {
                issued.fetch_add(10, Ordering::SeqCst);
            }
        }
        (statuses, issued.load(Ordering::SeqCst))
    }

    #[tokio::test]
    async fn a_token_is_kept_until_it_expires_or_is_refused() {
        assert_eq!(statuses(3_600, false).await, (vec![200, 200], 1), "kept");
        assert_eq!(statuses(30, false).await, (vec![200, 200], 2), "expired");
        assert_eq!(statuses(3_600, true).await, (vec![200, 200], 22), "refused, then renewed");
    }
}
