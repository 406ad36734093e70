//! `/me`: who is logged in.

use actix_web::{get, web::Json};
use schemars::JsonSchema;
use serde::Serialize;
use store::SessionUser;

use crate::auth::LoggedIn;

/// A user as the portal shows them.
#[derive(Serialize, JsonSchema)]
pub(crate) struct User {
    id: String,
    email: String,
    name: String,
    is_admin: bool,
    groups: Vec<String>,
}

impl From<SessionUser> for User {
    fn from(user: SessionUser) -> Self {
        let SessionUser { id, email, name, is_admin, groups, .. } = user;
        Self { id: id.to_string(), email, name, is_admin, groups }
    }
}

#[utoipa::path(
    operation_id = "me",
    responses(
        (status = 200, description = "Who is logged in", body = ref("#/components/schemas/User")),
        (status = 401, description = "Not logged in", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    )
)]
#[get("/me")]
pub(crate) async fn me(LoggedIn(user): LoggedIn) -> Json<User> {
    Json(user.into())
}
