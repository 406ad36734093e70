//! What handlers ask for in their arguments: who is logged in, and as whom they read.

use std::pin::Pin;

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use domain::Viewer;
use store::SessionUser;

use crate::{
    auth,
    context::Desk,
    problem::{Kind, Problem, internal},
};

/// The user of the request's session; without one the request ends with 401.
pub(crate) struct LoggedIn(pub SessionUser);

/// An administrator; anybody else ends the request with 401 or 403.
pub(crate) struct Admin;

/// The viewer on whose behalf a handler reads.
pub(crate) struct Reader(pub Viewer);

type Extracted<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

impl FromRequest for LoggedIn {
    type Error = Problem;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { user(&request).await.map(Self) })
    }
}

impl FromRequest for Admin {
    type Error = Problem;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of(&request).await })
    }
}

impl Admin {
    pub(crate) async fn of(request: &HttpRequest) -> Result<Self, Problem> {
        if user(request).await?.is_admin {
            return Ok(Self);
        }
        Err(Problem::new(Kind::NotAdmin, "Ask an administrator of this workspace."))
    }
}

impl FromRequest for Reader {
    type Error = Problem;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(Self(user(&request).await?.viewer())) })
    }
}

async fn user(request: &HttpRequest) -> Result<SessionUser, Problem> {
    let Some(desk) = request.app_data::<web::Data<Desk>>() else {
        return Err(internal(&std::io::Error::other("the app has no desk")));
    };
    auth::find(desk, request).await?.ok_or_else(Problem::not_logged_in)
}
