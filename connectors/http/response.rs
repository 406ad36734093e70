//! An answer, read to its end.

use domain::{EngineError, EngineResult};
use reqwest::{
    StatusCode,
    header::{HeaderMap, HeaderName, LINK},
};
use serde::de::DeserializeOwned;
use url::Url;

/// Status, headers and body; `url` is where redirects have led.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) url: Url,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// Itself when it succeeded.
    ///
    /// # Errors
    /// Final, with what a person can do about it: 401 and 403 need other credentials or rights, 404 another address.
    pub(crate) fn ok(self) -> EngineResult<Self> {
        if self.status.is_success() {
            return Ok(self);
        }
        let remedy = match self.status {
            StatusCode::UNAUTHORIZED => ": it does not accept the source's credentials; check or renew them",
            StatusCode::FORBIDDEN => ": the source's credentials lack a right or scope it needs",
            StatusCode::NOT_FOUND | StatusCode::GONE => ": nothing is there; check the source's address",
            _ => "",
        };
        let said = excerpt(&self.body);
        let said = if said.is_empty() { said } else { format!(" ({said})") };
        Err(EngineError::give_up(format!("read {}: {}{remedy}{said}", shown(&self.url), self.status)))
    }

    /// # Errors
    /// Retryable: a body that is no JSON, or other JSON than expected, was most likely broken off.
    pub(crate) fn json<T: DeserializeOwned>(self) -> EngineResult<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            EngineError::retry(format!("read {}: its answer is not the JSON expected: {error}", shown(&self.url)))
        })
    }

    /// The JSON of something that may be closed to us or gone (403, 404, 410) without ending the sync: the inner
    /// error is the reason.
    pub(crate) fn item<T: DeserializeOwned>(self) -> EngineResult<Result<T, String>> {
        let is_closed = matches!(self.status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::GONE);
        match self.ok() {
            Err(error) if is_closed => Ok(Err(error.message)),
            answer => answer?.json().map(Ok),
        }
    }

    /// The next page by the `Link` header (RFC 8288), on this very server whatever host the link names.
    pub(crate) fn next_page(&self) -> Option<Url> {
        let target = self.url.join(next_of(self.header(LINK)?)?).ok()?;
        let mut next = self.url.clone();
        next.set_path(target.path());
        next.set_query(target.query());
        Some(next)
    }

    /// A header's value as text.
    pub(crate) fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The target of `rel="next"` in a `Link` header.
fn next_of(links: &str) -> Option<&str> {
    let is_next = |link: &&str| link.split(';').skip(1).any(|part| matches!(part.trim(), "rel=\"next\"" | "rel=next"));
    let link = links.split('<').find(is_next)?;
    link.split('>').next()
}

/// A URL as it may be shown: without user, password, query and fragment, which can hold secrets.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let _ = (url.set_username(""), url.set_password(None));
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// The start of an error body, in one line, when it is text.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..body.len().min(2_000)).unwrap_or_default());
    if text.trim_start().starts_with('<') {
        return String::new();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_links() {
        let links = "<https://h/a?page=1>; rel=\"prev\", <https://h/a?page=3&x=1,2>; rel=\"next\"";
        assert_eq!(
            next_of("<https://h/a?page=1>; rel=\"prev\", <https://h/a?page=3>; rel=\"next\""),
            Some("https://h/a?page=3")
        );
        assert_eq!(next_of("<https://h/a?page=1>; rel=\"prev\""), None);
        assert_eq!(next_of(links), Some("https://h/a?page=3&x=1,2"));
    }
}
