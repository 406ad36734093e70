//! Source tokens: what a program proves by that it may send documents to one source, and nothing else.

use actix_web::{HttpRequest, http::header};
use domain::{SourceId, sha256_hex};
use subtle::ConstantTimeEq;

use super::{Admin, client_address, session::random_hex};
use crate::{
    Error,
    context::Desk,
    problem::{Kind, Problem},
};

const PREFIX: &str = "fnp_";
const TOKEN_BYTES: usize = 32;

/// A new token, 256 random bits; the store keeps its SHA-256 alone.
///
/// # Errors
/// [`Error::Random`] when the system gives no random numbers.
pub fn new_source_token() -> Result<String, Error> {
    Ok(format!("{PREFIX}{}", random_hex::<TOKEN_BYTES>()?))
}

/// The source that the request may send documents to: any one for an administrator, its own for a token.
/// A token learns nothing about other sources, not even whether they exist.
pub(crate) async fn may_push(desk: &Desk, request: &HttpRequest, source: &str) -> Result<SourceId, Problem> {
    let id = source.parse::<SourceId>().ok();
    let Some(token) = bearer(request) else {
        Admin::of(request).await?;
        return id.ok_or_else(|| Problem::new(Kind::NotFound, format!("Source {source} does not exist.")));
    };
    let client = client_address(request, desk.config.behind_proxy);
    desk.tokens.admit(client)?;
    let stored = match &id {
        Some(id) => desk.ctx.store.source_token(id).await?,
        None => None,
    };
    let given = sha256_hex(token.as_bytes());
    let is_right = stored.is_some_and(|stored| bool::from(stored.as_bytes().ct_eq(given.as_bytes())));
    match id {
        Some(id) if is_right => Ok(id),
        _ => {
            desk.tokens.count_wrong(client);
            tracing::info!(%client, "a source token was refused");
            Err(Problem::new(Kind::BadToken, "`footnote source token NAME` gives the source a new one."))
        }
    }
}

/// What stands behind `Authorization: Bearer`; an empty text for a header that says something else.
fn bearer(request: &HttpRequest) -> Option<&str> {
    let header = request.headers().get(header::AUTHORIZATION)?.to_str().unwrap_or_default();
    let (scheme, token) = header.split_once(' ').unwrap_or_default();
    Some(if scheme.eq_ignore_ascii_case("bearer") { token.trim() } else { "" })
}
