//! Refuses changes that another site's page asks for (CSRF): browsers say which page a request comes from.

use actix_web::{
    Error, HttpRequest, ResponseError,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, header},
    middleware::Next,
};

use crate::{
    context::Shared,
    problem::{Kind, Problem},
};

/// Passes on what reads, what this site's own pages send, and what no browser sends.
pub(crate) async fn own_pages_only<B: MessageBody>(
    desk: Shared,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || from_own_page(request.request(), desk.origin.as_deref()) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    // A response, not an error: errors pass by the middleware that adds the headers.
    let refused = Problem::new(Kind::ForeignPage, "Open Footnote itself and do it there.");
    Ok(request.into_response(refused.error_response()).map_into_right_body())
}

/// `Sec-Fetch-Site` where the browser sends it, else `Origin`; neither means that no page sent it.
fn from_own_page(request: &HttpRequest, public_origin: Option<&str>) -> bool {
    let text = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(header::ORIGIN.as_str()) else { return true };
    if Some(origin) == public_origin {
        return true;
    }
    let host = text(header::HOST.as_str()).unwrap_or_default();
    origin.split_once("://").is_some_and(|(_, authority)| !host.is_empty() && authority == host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_own_pages_and_programs_pass() {
        let cases = [
            (&[][..], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "http://localhost:8080")], false),
            (&[("origin", "http://localhost:8080"), ("host", "localhost:8080")], true),
            (&[("origin", "https://footnote.example.com"), ("host", "10.0.0.1")], true),
            (&[("origin", "https://evil.example.com"), ("host", "localhost:8080")], false),
            (&[("origin", "null"), ("host", "localhost:8080")], false),
            (&[("origin", "http://localhost:9999"), ("host", "localhost:8080")], false),
        ];
        for (headers, passes) in cases {
            let request = headers.iter().fold(TestRequest::post(), |request, header| request.insert_header(*header));
            let request = request.to_http_request();
            assert_eq!(from_own_page(&request, Some("https://footnote.example.com")), passes, "{headers:?}");
        }
    }
}
