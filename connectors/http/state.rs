//! Names the state of a resource by its validators, and asks whether it still stands (RFC 9110, sections 8.8 and 13.1).

use jiff::{Timestamp, fmt::rfc2822};
use reqwest::header::{CONTENT_LENGTH, DATE, ETAG, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};

use super::{Request, Response};

/// Seconds after which a time of change that counts in seconds tells states apart.
const SETTLED_SECS: i64 = 2;

impl Response {
    /// The etag, or else time and length; `None` where there is neither, and while the time could still stand for two states.
    pub(crate) fn revision(&self, now: Timestamp) -> Option<String> {
        if let Some(etag) = self.header(ETAG).filter(|etag| is_etag(etag)) {
            return Some(etag.to_owned());
        }
        let modified = self.header(LAST_MODIFIED)?.trim();
        let read_at = self.time(DATE).unwrap_or(now);
        let is_settled = time(modified)?.as_second() + SETTLED_SECS <= read_at.as_second();
        let length = self.header(CONTENT_LENGTH).map_or_else(|| self.body.len().to_string(), str::to_owned);
        is_settled.then(|| format!("{modified} {length}"))
    }

    /// When it was last changed, by its own account.
    pub(crate) fn modified_at(&self) -> Option<Timestamp> {
        self.time(LAST_MODIFIED)
    }

    fn time(&self, name: HeaderName) -> Option<Timestamp> {
        time(self.header(name)?)
    }
}

impl Request {
    /// Asks for a body only if the resource is no longer in the state that [`Response::revision`] named; else it is 304.
    pub(crate) fn unless(self, revision: &str) -> Self {
        if is_etag(revision) {
            return self.header(IF_NONE_MATCH, revision);
        }
        match revision.rsplit_once(' ') {
            Some((modified, _)) if time(modified).is_some() => self.header(IF_MODIFIED_SINCE, modified),
            _ => self,
        }
    }
}

fn is_etag(text: &str) -> bool {
    text.strip_prefix("W/").unwrap_or(text).starts_with('"')
}

/// An HTTP date, in the one format that servers must send.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text.trim().replace("GMT", "+0000")).ok()
}

#[cfg(test)]
mod tests {
    use reqwest::{StatusCode, header::HeaderMap};

    use super::*;

    fn revision(headers: &[(HeaderName, &str)]) -> Option<String> {
        let headers: HeaderMap = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        let url = "http://example.com/".parse().unwrap();
        let response = Response { status: StatusCode::OK, headers, url, body: b"12345".to_vec() };
        response.revision("2026-11-24T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_state_is_named_by_etag_or_by_a_time_long_enough_ago() {
        let modified = "Tue, 24 Nov 2026 11:59:50 GMT";
        assert_eq!(revision(&[(ETAG, "W/\"a\""), (LAST_MODIFIED, modified)]).unwrap(), "W/\"a\"");
        assert_eq!(revision(&[(LAST_MODIFIED, modified)]).unwrap(), format!("{modified} 5"));
        assert_eq!(revision(&[(LAST_MODIFIED, modified), (DATE, "Tue, 24 Nov 2026 11:59:51 GMT")]), None);
        assert_eq!(revision(&[(LAST_MODIFIED, "yesterday")]), None);
        assert_eq!(revision(&[]), None);
    }

    #[test]
    fn a_question_carries_the_validator_of_the_answer() {
        let header = |revision: &str, name: HeaderName| {
            let request = Request::get("http://example.com/".parse().unwrap()).unless(revision);
            request.headers.get(name).map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(header("\"a b\"", IF_NONE_MATCH).unwrap(), "\"a b\"");
        let modified = "Tue, 24 Nov 2026 11:59:50 GMT";
        assert_eq!(header(&format!("{modified} 5"), IF_MODIFIED_SINCE).unwrap(), modified);
        assert_eq!(header("sitemap 2026-11-24", IF_MODIFIED_SINCE), None);
    }
}
