//! A request in the making.

use domain::{EngineError, EngineResult};
use reqwest::{
    Method,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use serde::Serialize;
use url::Url;

use crate::Secret;

/// Most bytes of an answer, unless the request says otherwise.
const MOST_BYTES: u64 = 64 << 20;

/// A request that can be sent more than once.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Vec<u8>>,
    pub(super) most_bytes: u64,
    pub(super) follows_redirects: bool,
}

impl Request {
    pub(crate) fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: None,
            most_bytes: MOST_BYTES,
            follows_redirects: true,
        }
    }

    /// A request that a library has put together.
    pub(crate) fn from_parts(method: Method, url: Url, headers: HeaderMap, body: Vec<u8>) -> Self {
        Self { method, headers, body: Some(body).filter(|body| !body.is_empty()), ..Self::get(url) }
    }

    /// A POST that only asks, and may therefore be sent again.
    pub(crate) fn post_json(url: Url, body: &impl Serialize) -> EngineResult<Self> {
        let body =
            serde_json::to_vec(body).map_err(|error| EngineError::give_up(format!("write a request: {error}")))?;
        Ok(Self { method: Method::POST, body: Some(body), ..Self::get(url) }.header(CONTENT_TYPE, "application/json"))
    }

    /// A POST of form fields, as OAuth token endpoints want it.
    pub(crate) fn post_form(url: Url, fields: &[(&str, &str)]) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Self { method: Method::POST, body: Some(body.into_bytes()), ..Self::get(url) }
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
    }

    pub(crate) fn bearer(self, token: &Secret) -> Self {
        self.secret(AUTHORIZATION, &format!("Bearer {}", token.expose()))
    }

    /// Basic authentication (RFC 7617).
    pub(crate) fn basic(self, user: &str, password: &Secret) -> Self {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let pair = STANDARD.encode(format!("{user}:{}", password.expose()));
        self.secret(AUTHORIZATION, &format!("Basic {pair}"))
    }

    /// A header whose value is never logged.
    pub(crate) fn secret(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(mut value) = HeaderValue::from_str(value) {
            value.set_sensitive(true);
            self.headers.insert(name, value);
        }
        self
    }

    /// A header. One that HTTP cannot carry is left out.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Most bytes the answer may have.
    pub(crate) fn limit(self, most_bytes: u64) -> Self {
        Self { most_bytes, ..self }
    }

    /// Redirects come back as they are.
    pub(crate) fn stay(self) -> Self {
        Self { follows_redirects: false, ..self }
    }
}
