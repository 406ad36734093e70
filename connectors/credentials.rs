//! How a source signs its requests: by a password, a token, or OAuth.

use domain::EngineResult;
use serde::de::DeserializeOwned;

use crate::{
    Http, Secret,
    http::{Request, Response},
    oauth::OAuth,
};

/// What a system accepts a source by.
pub(crate) enum Credentials {
    Basic { user: String, password: Secret },
    Bearer(Secret),
    OAuth(Box<OAuth>),
}

impl Credentials {
    /// The answer, whatever its status.
    pub(crate) async fn send(&self, http: &Http, request: Request) -> EngineResult<Response> {
        match self {
            Self::Basic { user, password } => http.send(&request.basic(user, password)).await,
            Self::Bearer(token) => http.send(&request.bearer(token)).await,
            Self::OAuth(oauth) => oauth.send(http, &request).await,
        }
    }

    /// The JSON of one of many things: see [`Response::item`].
    pub(crate) async fn item<T: DeserializeOwned>(
        &self,
        http: &Http,
        request: Request,
    ) -> EngineResult<Result<T, String>> {
        match self {
            Self::Basic { user, password } => http.item(&request.basic(user, password)).await,
            Self::Bearer(token) => http.item(&request.bearer(token)).await,
            Self::OAuth(oauth) => oauth.send(http, &request).await?.item(),
        }
    }
}
