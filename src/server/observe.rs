//! Counts and times every request, and keeps what the API says out of caches.

use std::time::Instant;

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, header},
    middleware::Next,
};

use crate::metrics;

/// Surrounds a request: its arrival and its response's start count, a stream's length does not.
pub(crate) async fn request<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let begun = Instant::now();
    let method = known(request.method());
    // Only known routes: whatever a client makes up must not become a time series.
    let route = request.match_pattern().unwrap_or_else(|| "other".into());
    let mut response = next.call(request).await?;
    if response.request().path().starts_with("/api/") {
        response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    }
    metrics::request(method, route, response.status().as_u16(), begun.elapsed());
    Ok(response)
}

fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}
