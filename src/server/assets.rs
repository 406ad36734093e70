//! The portal, embedded in the binary: its files, and its page for every address that is the portal's own.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header},
};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::problem::{self, Problem};

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Portal;

const PAGE: &str = "index.html";
/// The builder puts a hash of the content into these names.
const HASHED: &str = "assets/";

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Footnote</title></head><body>\
     <h1>Footnote runs</h1><p>The portal is not part of this binary: build it with <code>npm --prefix web ci &amp;&amp; \
     npm --prefix web run build</code>, then build the binary again. The API is described at \
     <a href=\"/api/openapi.json\">/api/openapi.json</a>.</p></body></html>";

/// Every address that is no route of the API.
pub(crate) async fn serve(request: HttpRequest) -> Result<HttpResponse, Problem> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(problem::no_such_page());
    }
    let path = request.path().trim_start_matches('/');
    if let Some(file) = Portal::get(path) {
        return Ok(respond(&request, path, file));
    }
    // A missing script must not be answered with a page: the browser would call it broken.
    if path.starts_with(HASHED) {
        return Err(problem::no_such_page());
    }
    match Portal::get(PAGE) {
        Some(page) => Ok(respond(&request, PAGE, page)),
        None => Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(NOT_BUILT)),
    }
}

fn respond(request: &HttpRequest, path: &str, file: EmbeddedFile) -> HttpResponse {
    let hash = file.metadata.sha256_hash();
    let tag: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    // Weak: the same content may travel compressed.
    let tag = header::EntityTag::new_weak(tag);
    let lifetime = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let is_known = request.headers().get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known = is_known.is_some_and(|known| known.contains(tag.tag()));
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((header::CACHE_CONTROL, lifetime)).insert_header(header::ETag(tag));
    if is_known {
        return response.finish();
    }
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let charset = if kind.type_() == mime_guess::mime::TEXT { "; charset=utf-8" } else { "" };
    response.content_type(format!("{kind}{charset}")).body(file.data.into_owned())
}
