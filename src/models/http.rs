//! The one constructor of outgoing HTTP clients in this crate.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::{Error, Result};

/// A client for a model server an admin configured. Redirects are not followed: they could carry the key elsewhere.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place for model servers, which an admin may run at a private address"
)]
pub(crate) fn client(connect_timeout: Duration) -> Result<reqwest::Client> {
    reqwest::Client::builder()
        .connect_timeout(connect_timeout)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("footnote/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| Error::Engine(format!("set up HTTP: {error}")))
}

/// `POST base/path` with the key as a bearer token.
pub(crate) fn post(
    client: &reqwest::Client,
    base: &str,
    path: &str,
    key: Option<&SecretString>,
) -> reqwest::RequestBuilder {
    let request = client.post(format!("{}/{path}", base.trim_end_matches('/')));
    match key {
        Some(key) => request.bearer_auth(key.expose_secret()),
        None => request,
    }
}

/// Whether a server that answers with `status` may answer otherwise soon.
pub(crate) fn is_passing(status: reqwest::StatusCode) -> bool {
    status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429)
}

/// The start of an error body, in one line.
pub(crate) fn excerpt(body: &str) -> String {
    body.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect()
}
