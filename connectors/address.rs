//! Addresses of systems, as admins write them and as requests are built on them.

use domain::{EngineError, EngineResult};
use url::Url;

/// The address of a system, without user, query and fragment.
///
/// # Errors
/// For what is no HTTP address.
pub(crate) fn parse(kind: &str, text: &str) -> EngineResult<Url> {
    let url = Url::parse(text.trim()).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    });
    url.ok_or_else(|| {
        EngineError::give_up(format!("{kind}: `url` is not the address of a system: write https://HOST, nothing more"))
    })
}

/// The address of `path` below `base`. Each part is one segment, whatever characters it has.
pub(crate) fn at(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}

/// An id as one part of a path: whatever it holds, it names nothing else.
pub(crate) fn segment(id: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
    encoded.replace('+', "%20").replace("..", "%2E%2E")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_stays_one() {
        let base = parse("x", "https://a.example/base/").unwrap();
        assert_eq!(at(&base, &["user", "a/b?c#d"]).as_str(), "https://a.example/base/user/a%2Fb%3Fc%23d");
        assert_eq!((segment("a/b c"), segment("..")), ("a%2Fb%20c".into(), "%2E%2E".into()));
        assert!(parse("x", "https://user:pass@a.example").is_err());
        assert!(parse("x", "https://a.example/?token=1").is_err());
    }
}
