//! `/login` and `/logout`: e-mail address and password for a session, and back.

use std::net::IpAddr;

use actix_web::{HttpRequest, HttpResponse, post};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use store::SessionUser;

use super::{body::Body, me::User};
use crate::{
    auth::{self, client_address},
    context::Shared,
    metrics,
    problem::{Kind, Problem},
};

#[derive(Deserialize, JsonSchema)]
pub(crate) struct LoginRequest {
    email: String,
    #[schemars(with = "String")]
    password: SecretString,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct LoginResponse {
    user: User,
}

/// Sets the session cookie `footnote_session`.
#[utoipa::path(
    operation_id = "login",
    security(()),
    request_body = ref("#/components/schemas/LoginRequest"),
    responses(
        (status = 200, description = "Logged in", body = ref("#/components/schemas/LoginResponse")),
        (status = 401, description = "Wrong e-mail address or password", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    )
)]
#[post("/login")]
pub(crate) async fn login(
    desk: Shared,
    request: HttpRequest,
    Body(LoginRequest { email, password }): Body<LoginRequest>,
) -> Result<HttpResponse, Problem> {
    let client = client_address(&request, desk.config.behind_proxy);
    if email.trim().len() > auth::MAX_EMAIL_BYTES {
        return Err(refused(client));
    }
    desk.logins.count(&email, client).inspect_err(|_| metrics::login("limited"))?;
    let found = desk.ctx.store.user_by_email(&email).await?;
    let stored = found.as_ref().and_then(|user| user.password_hash.clone());
    let is_right = desk.passwords.is_right(password, stored).await?;
    let Some(user) = found.filter(|_| is_right) else {
        return Err(refused(client));
    };
    metrics::login("accepted");
    // A session from before the login is not taken over.
    auth::end(&desk, &request).await?;
    let cookie = auth::start(&desk, user.id.clone()).await?;
    let store::User { id, email, name, is_admin, groups, .. } = user;
    let user = SessionUser { id, email, name, is_admin, groups };
    Ok(HttpResponse::Ok().cookie(cookie).json(LoginResponse { user: user.into() }))
}

/// The same for every reason.
fn refused(client: IpAddr) -> Problem {
    metrics::login("refused");
    tracing::info!(%client, "a login was refused");
    Problem::new(Kind::BadCredentials, "Check both, then try again.")
}

/// Ends the session; without one nothing happens.
#[utoipa::path(operation_id = "logout", security(()), responses((status = 204, description = "Logged out")))]
#[post("/logout")]
pub(crate) async fn logout(desk: Shared, request: HttpRequest) -> Result<HttpResponse, Problem> {
    auth::end(&desk, &request).await?;
    Ok(HttpResponse::NoContent().cookie(auth::removed_cookie(&desk)).finish())
}
