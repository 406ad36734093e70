//! A JSON body that has to arrive in time.

use std::{pin::Pin, time::Duration};

use actix_web::{
    Error, FromRequest, HttpRequest,
    dev::Payload,
    web::{Data, Json},
};
use serde::de::DeserializeOwned;

use crate::{context::Desk, problem};

/// Like actix's `Json`, but a client that sends its body drop by drop is not waited for.
pub(crate) struct Body<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let secs = request.app_data::<Data<Desk>>().map_or(1, |desk| desk.config.request_timeout_secs);
        let longest = Duration::from_secs(secs);
        let body = Json::<T>::from_request(request, payload);
        Box::pin(async move {
            let Json(body) = tokio::time::timeout(longest, body).await.map_err(|_| problem::too_slow(longest))??;
            Ok(Self(body))
        })
    }
}
