//! Sessions: a random token in a cookie, its hash in the store.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
};
use domain::{UserId, sha256_hex};
use jiff::ToSpan;
use store::{NewSession, SessionUser};

use crate::{
    Error,
    context::Desk,
    problem::{Problem, internal},
};

const COOKIE: &str = "footnote_session";
const TOKEN_BYTES: usize = 32;

/// Logs `user` in; the cookie is the only copy of the token.
pub(crate) async fn start(desk: &Desk, user: UserId) -> Result<Cookie<'static>, Problem> {
    let token = random_hex::<TOKEN_BYTES>().map_err(|error| internal(&error))?;
    let hours = i64::from(desk.config.session_hours.max(1));
    let now = (desk.ctx.clock.now)();
    let expires_at = now.checked_add(hours.hours()).map_err(|error| internal(&error))?;
    desk.ctx.store.delete_expired(now).await?;
    let session = NewSession { token_sha256: sha256_hex(token.as_bytes()), user, created_at: now, expires_at };
    desk.ctx.store.create_session(session).await?;
    Ok(cookie(desk, token, Duration::hours(hours)))
}

/// Who is logged in, by the request's cookie.
pub(crate) async fn find(desk: &Desk, request: &HttpRequest) -> Result<Option<SessionUser>, Problem> {
    let Some(token) = sent_token(request) else { return Ok(None) };
    Ok(desk.ctx.store.session_viewer(&token, (desk.ctx.clock.now)()).await?)
}

/// Ends the request's session, if there is one.
pub(crate) async fn end(desk: &Desk, request: &HttpRequest) -> Result<(), Problem> {
    let Some(token) = sent_token(request) else { return Ok(()) };
    Ok(desk.ctx.store.delete_session(&token).await?)
}

/// Makes the browser forget its token.
pub(crate) fn removed_cookie(desk: &Desk) -> Cookie<'static> {
    cookie(desk, String::new(), Duration::ZERO)
}

/// The hash of the token that came with a request.
fn sent_token(request: &HttpRequest) -> Option<String> {
    let cookie = request.cookie(COOKIE)?;
    (cookie.value().len() == 2 * TOKEN_BYTES).then(|| sha256_hex(cookie.value().as_bytes()))
}

/// So many random bytes, in lower-case hex.
pub(super) fn random_hex<const BYTES: usize>() -> Result<String, Error> {
    let mut bytes = [0_u8; BYTES];
    getrandom::fill(&mut bytes).map_err(Error::Random)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn cookie(desk: &Desk, token: String, lifetime: Duration) -> Cookie<'static> {
    Cookie::build(COOKIE, token)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(desk.config.is_https())
        .max_age(lifetime)
        .finish()
}
