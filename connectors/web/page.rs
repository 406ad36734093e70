//! Turns an answer into a page: its format, its text for the crawler, its bytes for the parser.

use encoding_rs::{Encoding, UTF_8};
use reqwest::header::{CONTENT_TYPE, HeaderName};
use url::{Url, form_urlencoded};

use super::{
    address,
    links::{self, Signals},
};
use crate::{EXTENSIONS, http::Response};

const X_ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");

/// A page that was read.
pub(super) struct Page {
    pub(super) signals: Signals,
    pub(super) file_name: String,
    pub(super) bytes: Vec<u8>,
}

/// # Errors
/// Why it is not read, as a reason for people: there is no parser for its format.
pub(super) fn read(url: &Url, response: &mut Response) -> Result<Page, String> {
    let (media_type, charset) = content_type(response);
    let extension = extension(url, &media_type, &response.body)?;
    let mut bytes = std::mem::take(&mut response.body);
    let is_text = matches!(extension.as_str(), "html" | "txt" | "md");
    let foreign = charset.filter(|encoding| is_text && *encoding != UTF_8);
    if let Some(encoding) = foreign {
        // The mark says that it is UTF-8 now, whatever the page itself says.
        bytes = format!("\u{feff}{}", encoding.decode(&bytes).0).into_bytes();
    }
    let mut signals =
        if extension == "html" { links::read(url, &String::from_utf8_lossy(&bytes)) } else { Signals::default() };
    for value in response.headers.get_all(X_ROBOTS_TAG) {
        signals.wishes.add(value.to_str().unwrap_or_default());
    }
    if signals.wishes.no_follow {
        signals.links.clear();
    }
    Ok(Page { signals, file_name: file_name(url, &extension), bytes })
}

fn content_type(response: &Response) -> (String, Option<&'static Encoding>) {
    let value = response.header(CONTENT_TYPE).unwrap_or_default().to_lowercase();
    let mut parts = value.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default().to_owned();
    let charset = parts.find_map(|part| part.strip_prefix("charset="));
    (media_type, charset.and_then(|label| Encoding::for_label(label.trim_matches('"').as_bytes())))
}

/// The extension that stands for the format: by the media type, or by the address where that says too little.
fn extension(url: &Url, media_type: &str, body: &[u8]) -> Result<String, String> {
    let known = match media_type {
        "text/html" | "application/xhtml+xml" => Some("html"),
        "application/pdf" => Some("pdf"),
        "text/markdown" | "text/x-markdown" => Some("md"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => Some("docx"),
        "" if body.trim_ascii_start().starts_with(b"<") => Some("html"),
        _ => None,
    };
    let named = || address::extension(url).filter(|extension| EXTENSIONS.contains(&extension.as_str()));
    match (known, media_type) {
        (Some(extension), _) => Ok(extension.to_owned()),
        (None, "text/plain" | "") => Ok(named().unwrap_or_else(|| "txt".into())),
        (None, _) => named().ok_or_else(|| format!("no parser for {media_type}")),
    }
}

/// The last part of the path, with the extension that is true.
fn file_name(url: &Url, extension: &str) -> String {
    let name = url.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let stem = if stem.is_empty() { url.host_str().unwrap_or("page") } else { stem };
    let decoded = form_urlencoded::parse(stem.as_bytes()).next();
    format!("{}.{extension}", decoded.map_or(stem.into(), |(stem, _)| stem))
}

#[cfg(test)]
mod tests {
    use reqwest::{StatusCode, header::HeaderMap};

    use super::*;

    fn page(url: &str, media_type: &str, body: &[u8]) -> Result<Page, String> {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, media_type.parse().unwrap())]);
        let url: Url = url.parse().unwrap();
        read(&url, &mut Response { status: StatusCode::OK, headers, url: url.clone(), body: body.to_vec() })
    }

    #[test]
    fn the_format_is_told_by_media_type_then_by_address() {
        for (url, media_type, body, expected) in [
            ("http://x.org/", "text/html; charset=utf-8", "<p>", "x.org.html"),
            ("http://x.org/a%20b.php", "TEXT/HTML", "<p>", "a b.html"),
            ("http://x.org/dir/", "", "<html>", "dir.html"),
            ("http://x.org/a.md", "text/plain", "# A", "a.md"),
            ("http://x.org/LICENSE", "text/plain", "words", "LICENSE.txt"),
            ("http://x.org/a.pdf", "application/octet-stream", "%PDF", "a.pdf"),
            ("http://x.org/get?id=1", "application/pdf", "%PDF", "get.pdf"),
        ] {
            assert_eq!(page(url, media_type, body.as_bytes()).ok().unwrap().file_name, expected, "{url}");
        }
        assert!(page("http://x.org/a", "image/png", b"\x89PNG").err().unwrap().contains("no parser for image/png"));
    }

    #[test]
    fn a_charset_of_the_header_is_undone() {
        let page =
            page("http://x.org/", "text/html; charset=\"windows-1251\"", b"<a href=/\xef>\xcf\xf0").ok().unwrap();
        assert_eq!(String::from_utf8(page.bytes).unwrap(), "\u{feff}<a href=/п>Пр");
        assert_eq!(page.signals.links.first().unwrap().as_str(), "http://x.org/%D0%BF");
    }
}
