//! Who the requests are from: a token, or an app's installation, whose tokens last an hour.
//!
//! <https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app>
//! <https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app>

use domain::{EngineError, EngineResult};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Mutex;

use super::client::{Client, plain};
use crate::{Secret, http::Request};

/// A token is renewed when it has less than this left.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

pub(super) enum Credentials {
    Token(Secret),
    App(Box<App>),
}

pub(super) struct App {
    id: String,
    installation: u64,
    key: EncodingKey,
    current: Mutex<Option<(Secret, Timestamp)>>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iat: i64,
    exp: i64,
    iss: &'a str,
}

#[derive(Deserialize)]
struct Issued {
    token: Secret,
    expires_at: Timestamp,
}

impl Credentials {
    pub(super) fn token(token: Secret) -> Self {
        Self::Token(token)
    }

    pub(super) fn app(id: &str, installation: u64, key: &Secret) -> EngineResult<Self> {
        let key = EncodingKey::from_rsa_pem(key.expose().as_bytes())
            .map_err(|_| EngineError::give_up("github: `private_key` is not the PEM file of an RSA key"))?;
        Ok(Self::App(Box::new(App { id: id.to_owned(), installation, key, current: Mutex::default() })))
    }

    pub(super) async fn current(&self, client: &Client) -> EngineResult<Secret> {
        match self {
            Self::Token(token) => Ok(token.clone()),
            Self::App(app) => app.token(client).await,
        }
    }
}

impl App {
    async fn token(&self, client: &Client) -> EngineResult<Secret> {
        let mut current = self.current.lock().await;
        let now = client.now();
        if let Some((token, expires_at)) = &*current
            && *expires_at > now + MARGIN
        {
            return Ok(token.clone());
        }
        let installation = self.installation.to_string();
        let url = client.url(&["app", "installations", &installation, "access_tokens"], &[]);
        let request = plain(Request::post_json(url, &json!({}))?).bearer(&self.jwt(now)?);
        let issued: Issued = client.http().json(&request).await?;
        *current = Some((issued.token.clone(), issued.expires_at));
        Ok(issued.token)
    }

    /// Good for nine minutes, from a minute ago: clocks differ.
    fn jwt(&self, now: Timestamp) -> EngineResult<Secret> {
        let now = now.as_second();
        let claims = Claims { iat: now - 60, exp: now + 540, iss: &self.id };
        let jwt = encode(&Header::new(Algorithm::RS256), &claims, &self.key)
            .map_err(|error| EngineError::give_up(format!("github: sign with `private_key`: {error}")))?;
        Ok(Secret::from(jwt.as_str()))
    }
}
