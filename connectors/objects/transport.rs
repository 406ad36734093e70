//! Lets opendal speak HTTP through the guarded client.

use std::sync::Mutex;

use domain::EngineError;
use futures::stream;
use opendal::{Buffer, Error, ErrorKind, HttpBody, HttpTransport, raw::Operation};
use reqwest::StatusCode;
use url::Url;

use super::store::Trouble;
use crate::{
    Http,
    http::{Request, Response},
    pages::Pages,
};

/// Most bytes of a page of a listing.
const MOST_PAGE_BYTES: u64 = 64 << 20;

/// One session's way out: bounded, patient, and never twice for the same page of a listing.
pub(super) struct Transport {
    http: Http,
    system: String,
    page_mark: &'static str,
    most_bytes: u64,
    pages: Mutex<Pages>,
}

impl Transport {
    /// `page_mark`: what every page of a listing holds, so that a sign-in page is not taken for an empty one.
    /// `most_bytes`: the largest file that will be read.
    pub(super) fn new(http: Http, system: String, page_mark: &'static str, most_bytes: u64) -> Self {
        Self { http, system, page_mark, most_bytes: most_bytes.max(MOST_PAGE_BYTES), pages: Mutex::default() }
    }

    fn note_page(&self, url: &Url) -> Result<(), EngineError> {
        let mut pages = self.pages.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        pages.next(&self.system, url.as_str())
    }
}

impl HttpTransport for Transport {
    async fn fetch(&self, request: http::Request<Buffer>) -> opendal::Result<http::Response<HttpBody>> {
        let (parts, body) = request.into_parts();
        let url: Url = parts.uri.to_string().parse().map_err(|error: url::ParseError| {
            Error::new(ErrorKind::ConfigInvalid, format!("{}: its address is no URL: {error}", self.system))
        })?;
        let is_page = parts.extensions.get::<Operation>() == Some(&Operation::List);
        if is_page {
            self.note_page(&url).map_err(|error| wrapped(ErrorKind::Unexpected, error))?;
        }
        let request = Request::from_parts(parts.method, url, parts.headers, body.to_vec());
        let sent = self.http.send(&request.limit(self.most_bytes).stay()).await;
        let Response { status, headers, body, .. } = accepted(sent).map_err(|(kind, error)| wrapped(kind, error))?;
        if is_page && !body.windows(self.page_mark.len()).any(|part| part == self.page_mark.as_bytes()) {
            let message = format!("list {}: its answer is not the listing expected", self.system);
            return Err(wrapped(ErrorKind::Unexpected, EngineError::retry(message)));
        }
        let size = body.len() as u64;
        let mut response = http::Response::new(HttpBody::new(stream::iter([Ok(Buffer::from(body))]), Some(size)));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

/// The answer if it succeeded, else what kind of failure it is and what to do about it.
pub(super) fn accepted(sent: Result<Response, EngineError>) -> Result<Response, (ErrorKind, EngineError)> {
    let response = sent.map_err(|error| (ErrorKind::Unexpected, error))?;
    let kind = match response.status {
        StatusCode::UNAUTHORIZED => ErrorKind::ConfigInvalid,
        StatusCode::FORBIDDEN => ErrorKind::PermissionDenied,
        StatusCode::NOT_FOUND | StatusCode::GONE => ErrorKind::NotFound,
        _ => ErrorKind::Unsupported,
    };
    let is_elsewhere = response.status.is_redirection();
    response.ok().map_err(|error| {
        let elsewhere = || format!("{}: it leads elsewhere; check the source's address and region", error.message);
        (kind, if is_elsewhere { EngineError::give_up(elsewhere()) } else { error })
    })
}

fn wrapped(kind: ErrorKind, error: EngineError) -> Error {
    Error::new(kind, error.message.clone()).set_source(error)
}

/// What opendal's error says about the file asked for, or about the system.
pub(super) fn trouble(system: &str, error: &Error) -> Trouble {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let mut kind = error.kind();
    while let Some(inner) = cause {
        if let Some(error) = inner.downcast_ref::<Error>() {
            kind = error.kind();
        }
        if let Some(EngineError { message, retryable, retry_after }) = inner.downcast_ref() {
            let (message, retryable, retry_after) = (message.clone(), *retryable, *retry_after);
            return sorted(kind, EngineError { message, retryable, retry_after });
        }
        cause = inner.source();
    }
    let said: String = error.to_string().chars().take(300).collect();
    match error.kind() {
        ErrorKind::ConfigInvalid => EngineError::give_up(format!("read {system}: {said}")).into(),
        // Most likely an answer that was cut off.
        _ => EngineError::retry(format!("read {system}: its answer is not what was expected: {said}")).into(),
    }
}

/// A final failure may concern the one file or folder only; what may pass, and credentials, concern the system.
pub(super) fn sorted(kind: ErrorKind, error: EngineError) -> Trouble {
    if error.retryable || kind == ErrorKind::ConfigInvalid {
        return Trouble::System(error);
    }
    Trouble::Item(error.message)
}
