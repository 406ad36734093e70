//! Addresses of pages: one spelling for each, which may be read, and which lead nowhere.

use std::collections::HashMap;

use domain::{EngineError, EngineResult};
use url::Url;

/// Parameters that follow people around, or name their session, and make no other page.
const TRACKING: &[&str] = &[
    "fbclid",
    "gclid",
    "dclid",
    "gbraid",
    "wbraid",
    "msclkid",
    "yclid",
    "twclid",
    "igshid",
    "mc_cid",
    "mc_eid",
    "_ga",
    "_gl",
    "_hsenc",
    "_hsmi",
    "mkt_tok",
    "vero_id",
    "phpsessid",
    "jsessionid",
    "aspsessionid",
    "sid",
    "sessionid",
    "session_id",
    "cfid",
    "cftoken",
];

/// Endings of what a page is dressed with: never a document.
const ASSETS: &[&str] = &[
    "css", "js", "mjs", "map", "png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "ico", "bmp", "tif", "tiff", "woff",
    "woff2", "ttf", "otf", "eot", "mp3", "mp4", "m4a", "m4v", "mov", "avi", "mkv", "webm", "ogg", "ogv", "wav", "flac",
    "wasm", "exe", "msi", "dmg", "iso", "deb", "rpm", "apk", "jar", "torrent",
];

const LONGEST: usize = 2_000;
const MOST_SEGMENTS: usize = 24;
/// How often one path may pass through folders of the same name: `/a/b/a/b/a/b/..` is a circle.
const MOST_REPEATS: usize = 3;

/// An address from the settings.
pub(super) fn parse(text: &str) -> EngineResult<Url> {
    match Url::parse(text.trim()) {
        Ok(url) if !url.username().is_empty() || url.password().is_some() => Err(EngineError::give_up(format!(
            "web: the address on {} holds credentials; give them as `user` and `password`",
            url.host_str().unwrap_or_default()
        ))),
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(canonical(url, &[])),
        _ => Err(EngineError::give_up(format!("web: `{text}` is no address such as https://example.com/docs/"))),
    }
}

/// The one spelling of an address (RFC 3986, section 6.2.2; `Url` itself sees to case, dots and ports), without
/// fragment, credentials, and parameters that make no other page. A slash at the end stays: it can make another page.
pub(super) fn canonical(mut url: Url, ignored: &[String]) -> Url {
    url.set_fragment(None);
    let _ = (url.set_username(""), url.set_password(None));
    let is_session = |parameter: &str| is_ignored(parameter, &[]);
    let path: Vec<String> = (url.path().split('/'))
        .map(|segment| {
            normal(segment.split_once(';').filter(|(_, rest)| is_session(rest)).map_or(segment, |(name, _)| name))
        })
        .collect();
    url.set_path(&path.join("/"));
    let query: Vec<String> = (url.query().unwrap_or_default().split('&'))
        .filter(|pair| !pair.is_empty() && !is_ignored(pair, ignored))
        .map(normal)
        .collect();
    url.set_query((!query.is_empty()).then(|| query.join("&")).as_deref());
    url
}

fn is_ignored(pair: &str, ignored: &[String]) -> bool {
    let name = pair.split('=').next().unwrap_or_default().to_lowercase();
    name.starts_with("utm_")
        || TRACKING.contains(&name.as_str())
        || ignored.iter().any(|other| other.eq_ignore_ascii_case(&name))
}

/// Escapes in capitals, and none where none is needed.
fn normal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let code = after.get(..2).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        rest = after;
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                    out.push(char::from(byte));
                } else {
                    out.push_str(&format!("%{byte:02X}"));
                }
                rest = after.get(2..).unwrap_or_default();
            }
            None => out.push('%'),
        }
    }
    out + rest
}

/// Whether the address ends like a picture, a script or the like.
pub(super) fn is_asset(url: &Url) -> bool {
    extension(url).is_some_and(|extension| ASSETS.contains(&extension.as_str()))
}

/// The ending of the last part of the path, in small letters.
pub(super) fn extension(url: &Url) -> Option<String> {
    let name = url.path().rsplit('/').next()?;
    name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, extension)| extension.to_lowercase())
}

/// Whether the address looks made up by a page that links to itself in ever new ways.
pub(super) fn is_trap(url: &Url) -> bool {
    let segments: Vec<&str> = url.path().split('/').filter(|segment| !segment.is_empty()).collect();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let repeats = segments.iter().map(|segment| {
        let count = seen.entry(segment).or_default();
        *count += 1;
        *count
    });
    let most = repeats.max().unwrap_or_default();
    url.as_str().len() > LONGEST || segments.len() > MOST_SEGMENTS || most > MOST_REPEATS
}

/// Which addresses may be read.
pub(super) struct Scope {
    allowed: Vec<Start>,
    excluded: Vec<Start>,
}

/// The beginning of addresses; of any host where there is none.
struct Start {
    /// Host and port, if not the usual one.
    place: Option<(String, Option<u16>)>,
    path: String,
}

impl Scope {
    /// `allow`, or else what lies beside and below `given`, without `exclude`.
    pub(super) fn new<'a>(
        given: impl Iterator<Item = &'a Url>,
        allow: &[String],
        exclude: &[String],
    ) -> EngineResult<Self> {
        let mut allowed = allow.iter().map(|text| Ok(Start::of(&parse(text)?))).collect::<EngineResult<Vec<_>>>()?;
        if allowed.is_empty() {
            allowed = given.map(Start::folder_of).collect();
        }
        let excluded = exclude.iter().map(|text| match text.trim() {
            path if path.starts_with('/') => Ok(Start { place: None, path: normal(path) }),
            text => Ok(Start::of(&parse(text)?)),
        });
        Ok(Self { allowed, excluded: excluded.collect::<EngineResult<_>>()? })
    }

    pub(super) fn holds(&self, url: &Url) -> bool {
        let is_in = |starts: &[Start]| starts.iter().any(|start| start.begins(url));
        matches!(url.scheme(), "http" | "https") && is_in(&self.allowed) && !is_in(&self.excluded)
    }
}

impl Start {
    fn of(url: &Url) -> Self {
        let place = url.host_str().map(|host| (host.to_owned(), url.port()));
        Self { place, path: url.path().to_owned() }
    }

    fn folder_of(url: &Url) -> Self {
        let start = Self::of(url);
        let end = start.path.rfind('/').map_or(0, |slash| slash + 1);
        Self { path: start.path.get(..end).unwrap_or("/").to_owned(), ..start }
    }

    /// Whole parts of a path count: `/docs` begins `/docs/a`, not `/docs2`.
    fn begins(&self, url: &Url) -> bool {
        let is_there =
            (self.place.as_ref()).is_none_or(|(host, port)| url.host_str() == Some(host) && url.port() == *port);
        let rest = url.path().strip_prefix(self.path.as_str());
        is_there && rest.is_some_and(|rest| self.path.ends_with('/') || rest.is_empty() || rest.starts_with('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_spelling() {
        for (written, expected) in [
            ("HTTP://Example.COM:80/a/../b#part", "http://example.com/b"),
            ("https://u:p@example.com", "https://example.com/"),
            ("https://example.com/%7euser/%c3%a4/%2F?q=%6f%2f", "https://example.com/~user/%C3%A4/%2F?q=o%2F"),
            ("https://example.com/?utm_source=x&id=1&GCLID=2", "https://example.com/?id=1"),
            ("https://example.com/a;jsessionid=0A1?PHPSESSID=z", "https://example.com/a"),
            ("https://example.com/a;v=1?lang=de&", "https://example.com/a;v=1?lang=de"),
            ("https://example.com/A/", "https://example.com/A/"),
            ("https://example.com/100%?", "https://example.com/100%"),
        ] {
            assert_eq!(canonical(written.parse().unwrap(), &[]).as_str(), expected, "{written}");
        }
        let ignored = ["lang".to_owned()];
        assert_eq!(canonical("http://x.org/?lang=de&a=1".parse().unwrap(), &ignored).as_str(), "http://x.org/?a=1");
    }

    #[test]
    fn circles_and_endless_addresses_are_traps() {
        let is_trap = |path: &str| is_trap(&format!("http://x.org{path}").parse().unwrap());
        assert!(!is_trap("/2026/11/11/11-things") && !is_trap("/a/b/a/b/a/b"));
        assert!(is_trap("/a/b/a/b/a/b/a/b") && is_trap("/x/x/x/x"));
        assert!(is_trap(&"/ab".repeat(700)) && is_trap(&format!("/?q={}", "x".repeat(2_000))));
        let deep: String = (0..25).map(|n| format!("/{n}")).collect();
        assert!(is_trap(&deep));
    }

    #[test]
    fn the_scope_is_host_port_and_whole_parts_of_a_path() {
        let given = [parse("https://docs.example.com/guide/index.html").unwrap()];
        let beside = Scope::new(given.iter(), &[], &["/guide/tags".into()]).unwrap();
        let named =
            Scope::new(given.iter(), &["https://example.com/docs".into()], &["https://example.com/docs/old/".into()])
                .unwrap();
        for (scope, url, expected) in [
            (&beside, "https://docs.example.com/guide/a/b", true),
            (&beside, "http://docs.example.com/guide/", true),
            (&beside, "https://docs.example.com/other", false),
            (&beside, "https://docs.example.com:8443/guide/", false),
            (&beside, "https://docs.example.com.evil.org/guide/", false),
            (&beside, "https://docs.example.com/guide/tags/x", false),
            (&beside, "https://docs.example.com/guide/tagsoup", true),
            (&named, "https://example.com/docs", true),
            (&named, "https://example.com/docs2", false),
            (&named, "https://example.com/docs/old/x", false),
            (&named, "ftp://example.com/docs", false),
        ] {
            assert_eq!(scope.holds(&url.parse().unwrap()), expected, "{url}");
        }
        assert!(parse("example.com").is_err() && parse("file:///etc/passwd").is_err());
    }
}
