//! Failures as clients see them (RFC 9457). The only place that knows HTTP statuses.

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    error::{JsonPayloadError, QueryPayloadError},
    http::{StatusCode, header},
};
use schemars::JsonSchema;
use serde::Serialize;

/// What can go wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    BadRequest,
    BadQuestion,
    BadCredentials,
    NotLoggedIn,
    BadToken,
    ForeignPage,
    NotAdmin,
    NotFound,
    TooSlow,
    SourceState,
    KeyInProgress,
    TooLarge,
    NotJson,
    NotDocuments,
    KeyReused,
    TooManyLogins,
    TooManyTokens,
    Internal,
    EngineUnavailable,
    NoSpace,
}

/// The status of `/readyz` while an engine does not answer.
pub(crate) const UNREADY: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

/// Status, code and title of each kind.
const TABLE: &[(Kind, u16, &str, &str)] = &[
    (Kind::BadRequest, 400, "bad-request", "The request cannot be understood"),
    (Kind::BadQuestion, 400, "bad-question", "The question cannot be answered"),
    (Kind::BadCredentials, 401, "bad-credentials", "Wrong e-mail address or password"),
    (Kind::NotLoggedIn, 401, "not-logged-in", "Not logged in"),
    (Kind::BadToken, 401, "bad-token", "Not a token of this source"),
    (Kind::ForeignPage, 403, "foreign-page", "Refused: sent by another site's page"),
    (Kind::NotAdmin, 403, "not-admin", "For administrators only"),
    (Kind::NotFound, 404, "not-found", "Not found"),
    (Kind::TooSlow, 408, "too-slow", "The request took too long"),
    (Kind::SourceState, 409, "source-state", "The source cannot do this now"),
    (Kind::KeyInProgress, 409, "key-in-progress", "A request with this key is being worked on"),
    (Kind::TooLarge, 413, "too-large", "The request is too large"),
    (Kind::NotJson, 415, "not-json", "The request is not JSON"),
    (Kind::NotDocuments, 415, "not-documents", "The request holds no documents"),
    (Kind::KeyReused, 422, "key-reused", "The key came with other documents before"),
    (Kind::TooManyLogins, 429, "too-many-logins", "Too many attempts to log in"),
    (Kind::TooManyTokens, 429, "too-many-tokens", "Too many attempts with a wrong token"),
    (Kind::Internal, 500, "internal", "Something failed on the server"),
    (Kind::EngineUnavailable, 503, "engine-unavailable", "A model or an index does not answer now"),
    (Kind::NoSpace, 507, "no-space", "The disk is nearly full"),
];

/// A failure with what its reader can do about it. Never holds what an engine or a database said.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct Problem {
    kind: Kind,
    pub detail: String,
    retry_after_secs: Option<u64>,
}

/// The body of every failed response (RFC 9457).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(crate) struct ProblemBody {
    /// Names the kind of problem; not an address.
    #[serde(rename = "type")]
    kind: String,
    title: String,
    status: u16,
    /// For the person at the screen.
    detail: String,
    /// For programs; never changes its meaning.
    code: String,
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), retry_after_secs: None }
    }

    pub(crate) fn not_logged_in() -> Self {
        Self::new(Kind::NotLoggedIn, "Log in first.")
    }

    /// Refused until some seconds have passed.
    pub(crate) fn too_many(kind: Kind, retry_after_secs: u64) -> Self {
        let detail = format!("Try again in {retry_after_secs} s.");
        Self { retry_after_secs: Some(retry_after_secs), ..Self::new(kind, detail) }
    }

    pub(crate) fn code(&self) -> &'static str {
        self.row().1
    }

    fn row(&self) -> (u16, &'static str, &'static str) {
        let row = TABLE.iter().find(|(kind, ..)| *kind == self.kind);
        row.map_or((500, "internal", ""), |(_, status, code, title)| (*status, code, title))
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.row().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let (status, code, title) = self.row();
        let mut response = HttpResponse::build(self.status_code());
        if let Some(secs) = self.retry_after_secs {
            response.insert_header((header::RETRY_AFTER, secs));
        }
        response.insert_header((header::CACHE_CONTROL, "no-store")).content_type("application/problem+json").json(
            ProblemBody {
                kind: format!("urn:footnote:problem:{code}"),
                title: title.into(),
                status,
                detail: self.detail.clone(),
                code: code.into(),
            },
        )
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotFound(what) => {
                Self::new(Kind::NotFound, format!("{} does not exist.", capitalised(&what)))
            }
            other => internal(&other),
        }
    }
}

impl From<ingest::Error> for Problem {
    fn from(error: ingest::Error) -> Self {
        match error {
            ingest::Error::Store(error) => error.into(),
            ingest::Error::Engine(error) if error.retryable => {
                tracing::warn!(%error, "an engine is unavailable");
                Self::new(Kind::EngineUnavailable, "Try again in a moment.")
            }
            other => internal(&other),
        }
    }
}

impl From<answer::Error> for Problem {
    fn from(error: answer::Error) -> Self {
        match error {
            answer::Error::Question(reason) => Self::new(Kind::BadQuestion, sentence(&reason)),
            answer::Error::Store(error) => error.into(),
            answer::Error::Engine(error) if error.retryable => {
                tracing::warn!(%error, "an engine is unavailable");
                Self::new(Kind::EngineUnavailable, "Try again in a moment.")
            }
            other => internal(&other),
        }
    }
}

impl From<crate::Error> for Problem {
    fn from(error: crate::Error) -> Self {
        internal(&error)
    }
}

/// Logs what failed and tells the client nothing of it.
pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Problem {
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        chain = format!("{chain}: {cause}");
        source = cause.source();
    }
    tracing::error!(error = chain, "a request failed");
    Problem::new(Kind::Internal, "The server's log says what. Try again, or tell your administrator.")
}

pub(crate) fn bad_question(reason: &str) -> Problem {
    Problem::new(Kind::BadQuestion, sentence(reason))
}

pub(crate) fn no_such_page() -> Problem {
    Problem::new(Kind::NotFound, "There is nothing at this address.")
}

/// The answer to every address of the API that is none.
pub(crate) async fn unknown(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (method, path) = (request.method(), request.path());
    Err(Problem::new(Kind::NotFound, format!("The API has no {method} {path}; /api/openapi.json lists what it has.")))
}

pub(crate) fn too_slow(limit: std::time::Duration) -> Problem {
    Problem::new(Kind::TooSlow, format!("It was not done after {} s.", limit.as_secs()))
}

pub(crate) fn of_json(error: JsonPayloadError) -> Problem {
    match error {
        JsonPayloadError::OverflowKnownLength { limit, .. } | JsonPayloadError::Overflow { limit } => {
            Problem::new(Kind::TooLarge, format!("Send at most {limit} bytes."))
        }
        JsonPayloadError::ContentType => {
            Problem::new(Kind::NotJson, "Send JSON, with `content-type: application/json`.")
        }
        JsonPayloadError::Deserialize(error) => {
            Problem::new(Kind::BadRequest, format!("The JSON does not fit: {error}."))
        }
        _ => Problem::new(Kind::BadRequest, "The body could not be read."),
    }
}

pub(crate) fn of_query(error: &QueryPayloadError) -> Problem {
    Problem::new(Kind::BadRequest, format!("{error}."))
}

pub(crate) fn too_large(max_bytes: u64) -> Problem {
    let detail = format!("Send at most {max_bytes} bytes at once (`server.upload.max_bytes`), or fewer documents.");
    Problem::new(Kind::TooLarge, detail)
}

pub(crate) fn bad_request(detail: impl Into<String>) -> Problem {
    Problem::new(Kind::BadRequest, detail)
}

fn sentence(text: &str) -> String {
    format!("{}.", capitalised(text.trim_end_matches('.')))
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_code() {
        let mut codes: Vec<&str> = TABLE.iter().map(|(_, _, code, _)| *code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), TABLE.len());
        for (kind, status, code, _) in TABLE {
            let problem = Problem::new(*kind, "");
            assert_eq!((problem.row().0, problem.code()), (*status, *code));
        }
    }

    #[test]
    fn an_internal_failure_tells_nothing() {
        let problem = Problem::from(store::Error::Schema("table users of 10.0.0.7".into()));
        assert_eq!((problem.kind, problem.detail.contains("10.0.0.7")), (Kind::Internal, false));
        let problem = Problem::from(answer::Error::Engine(domain::EngineError::give_up("secret path")));
        assert_eq!((problem.kind, problem.detail.contains("secret")), (Kind::Internal, false));
        let problem = Problem::from(answer::Error::Engine(domain::EngineError::retry("10.0.0.8 timed out")));
        assert_eq!((problem.kind, problem.detail.contains("10.0")), (Kind::EngineUnavailable, false));
    }
}
