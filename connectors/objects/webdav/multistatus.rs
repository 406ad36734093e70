//! A folder's listing as WebDAV answers it: `multistatus`, RFC 4918 sections 13 and 14.16.

use domain::{EngineError, EngineResult};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, de::IgnoredAny};
use url::Url;

use crate::{
    http,
    objects::{
        store::{Entry, Tag, What},
        walk::below,
    },
};

#[derive(Deserialize)]
struct Multistatus {
    #[serde(default)]
    response: Vec<Answer>,
}

#[derive(Deserialize)]
struct Answer {
    href: String,
    #[serde(default)]
    propstat: Vec<Propstat>,
}

#[derive(Deserialize)]
struct Propstat {
    prop: Prop,
    status: String,
}

#[derive(Deserialize)]
struct Prop {
    getcontentlength: Option<String>,
    getlastmodified: Option<String>,
    getetag: Option<String>,
    resourcetype: Option<ResourceType>,
}

#[derive(Deserialize)]
struct ResourceType {
    collection: Option<IgnoredAny>,
}

/// What `folder`, whose address is `url`, holds.
///
/// # Errors
/// Retryable for what is no such listing, most likely because it was cut off; final for names that lie elsewhere.
pub(super) fn entries(body: &[u8], url: &Url, folder: &str) -> EngineResult<Vec<Entry>> {
    let unreadable = |error: quick_xml::DeError| {
        EngineError::retry(format!("list {url}: its answer is not a WebDAV listing: {error}"))
    };
    let Multistatus { response } = quick_xml::de::from_str(&String::from_utf8_lossy(body)).map_err(unreadable)?;
    if response.is_empty() {
        // A folder's listing names at least the folder itself: this is a sign-in page, or half of an answer.
        return Err(EngineError::retry(format!("list {url}: its answer is not a WebDAV listing")));
    }
    let parent = parts(url);
    let mut entries = Vec::new();
    for Answer { href, propstat } in response {
        let elsewhere = || {
            let shown: String = href.chars().take(200).collect();
            EngineError::give_up(format!("list {url}: it names `{shown}`, which is not in that folder"))
        };
        let names = url.join(href.trim()).map(|url| parts(&url)).map_err(|_| elsewhere())?;
        let name = match names.strip_prefix(parent.as_slice()) {
            Some([]) => continue,
            Some([name]) => name,
            _ => return Err(elsewhere()),
        };
        let found = propstat.into_iter().find(|propstat| propstat.status.split(' ').nth(1) == Some("200"));
        entries.push(entry(below(folder, name), name, found.map(|propstat| propstat.prop)));
    }
    Ok(entries)
}

fn entry(id: String, name: &str, prop: Option<Prop>) -> Entry {
    let nothing = Prop { getcontentlength: None, getlastmodified: None, getetag: None, resourcetype: None };
    let prop = prop.unwrap_or(nothing);
    let is_folder = prop.resourcetype.is_some_and(|kind| kind.collection.is_some());
    let bytes: Option<u64> = prop.getcontentlength.and_then(|length| length.trim().parse().ok());
    let what = match bytes {
        _ if name.contains('/') => What::Other("its name holds a slash"),
        _ if is_folder => What::Folder,
        Some(_) => What::File,
        None => What::Other("the server does not tell its size"),
    };
    let bytes = bytes.unwrap_or_default();
    let modified_at = prop.getlastmodified.and_then(|date| http::time(&date));
    // Servers make etags from a file's time and size, many in whole seconds.
    let tag = match (prop.getetag.filter(|etag| !etag.is_empty()), modified_at) {
        (Some(etag), Some(_)) => Tag::Timed(etag),
        (Some(etag), None) => Tag::Exact(etag),
        (None, Some(at)) => Tag::Timed(format!("{}-{bytes}", at.as_second())),
        (None, None) => Tag::None,
    };
    Entry { id, what, bytes, modified_at, tag }
}

/// The names along a URL's path, decoded.
fn parts(url: &Url) -> Vec<String> {
    let parts = url.path_segments().into_iter().flatten().filter(|part| !part.is_empty());
    parts.map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(responses: &str) -> EngineResult<Vec<Entry>> {
        let url = "https://x.org/a%20dav/docs/".parse().unwrap();
        let body = format!("<?xml version=\"1.0\"?><d:multistatus xmlns:d=\"DAV:\">{responses}</d:multistatus>");
        entries(body.as_bytes(), &url, "docs")
    }

    fn file(href: &str, props: &str) -> String {
        let length = "<d:getcontentlength>3</d:getcontentlength><d:resourcetype/>";
        format!(
            "<d:response><d:href>{href}</d:href><d:propstat><d:prop><d:getetag/></d:prop><d:status>HTTP/1.1 404 Not Found\
             </d:status></d:propstat><d:propstat><d:prop>{props}{length}</d:prop><d:status>HTTP/1.1 200 OK</d:status>\
             </d:propstat></d:response>"
        )
    }

    #[test]
    fn hrefs_come_as_paths_and_as_addresses_in_any_escaping() {
        for href in ["/a dav/docs/%C3%BC%20%231.md", "http://inside/a%20dav/docs/ü %231.md", "ü%20%231.md"] {
            let entries = listed(&file(href, "")).unwrap();
            let [entry] = entries.as_slice() else { panic!("{entries:?}") };
            assert_eq!((entry.id.as_str(), &entry.what, entry.bytes), ("docs/ü #1.md", &What::File, 3), "{href}");
        }
        assert!(listed(&file("/a%20dav/docs/", "")).unwrap().is_empty());
    }

    #[test]
    fn names_outside_of_the_folder_are_an_error_and_no_file() {
        for href in ["/a%20dav/other.md", "/etc/passwd", "../../x.md", "/a%20dav/docs/deep/x.md"] {
            let error = listed(&file(href, "")).err().unwrap();
            assert!(!error.retryable && error.message.contains("not in that folder"), "{href}: {error}");
        }
        let slash = listed(&file("/a%20dav/docs/..%2F..%2Fx.md", "")).unwrap();
        assert!(slash.iter().all(|entry| matches!(entry.what, What::Other(_))), "{slash:?}");
    }

    #[test]
    fn states_are_told_by_etag_or_time_and_a_cut_off_listing_by_its_syntax() {
        let date = "<d:getlastmodified>Tue, 24 Nov 2026 12:00:05 GMT</d:getlastmodified>";
        let etag = "<d:getetag>\"abc\"</d:getetag>";
        let tag = |props: &str| listed(&file("x.md", props)).unwrap().remove(0).tag;
        assert_eq!(tag(&format!("{date}{etag}")), Tag::Timed("\"abc\"".into()));
        assert_eq!(tag(date), Tag::Timed("1795521605-3".into()));
        assert_eq!(tag(etag), Tag::Exact("\"abc\"".into()));
        assert_eq!(tag(""), Tag::None);
        let url = "https://x.org/".parse().unwrap();
        for body in ["<d:multistatus xmlns:d=\"DAV:\"><d:response><d:href>/a.md", "<html>sign in</html>x", ""] {
            assert!(entries(body.as_bytes(), &url, "").is_err_and(|error| error.retryable), "{body}");
        }
    }
}
