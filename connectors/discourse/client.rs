//! Discourse's API: one question, and what it means when there is no answer.

use domain::{EngineError, EngineResult};
use reqwest::{StatusCode, header::HeaderName};
use serde::de::DeserializeOwned;

use super::Discourse;
use crate::http::{Request, Response};

/// What the forum says to a question.
pub(super) enum Reply<T> {
    Found(T),
    Gone,
    /// The key may not see it.
    Denied,
}

impl<T> Reply<T> {
    /// The answer to a question that cannot do without one.
    pub(super) fn needed(self, what: &str) -> EngineResult<T> {
        match self {
            Self::Found(answer) => Ok(answer),
            Self::Gone => {
                Err(EngineError::give_up(format!("read {what}: nothing is there; check the source's address")))
            }
            Self::Denied => {
                Err(EngineError::give_up(format!("read {what}: the API key may not; check it and its user")))
            }
        }
    }
}

impl Discourse {
    pub(super) async fn ask<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> EngineResult<Reply<T>> {
        let mut url = self.url.join(path).map_err(|error| EngineError::give_up(format!("read {path}: {error}")))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = Request::get(url);
        if let Some(key) = &self.config.api_key {
            request = request
                .secret(HeaderName::from_static("api-key"), key.expose())
                .header(HeaderName::from_static("api-username"), &self.config.api_user);
        }
        let read = |response: Response| match response.status {
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(Reply::Gone),
            StatusCode::FORBIDDEN => Ok(Reply::Denied),
            _ => response.ok()?.json().map(Reply::Found),
        };
        self.http.attempt(&request, read).await
    }
}
