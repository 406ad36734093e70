//! What Atlassian's products share: an edition, a site, and how it is spoken to.
//!
//! Cloud: e-mail and API token (<https://developer.atlassian.com/cloud/confluence/basic-auth-for-rest-apis/>).
//! Data Center: personal access token
//! (<https://confluence.atlassian.com/enterprise/using-personal-access-tokens-1026032365.html>).

use domain::{EngineError, EngineResult};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{Secret, http::Request};

/// Where the product runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Edition {
    /// At Atlassian: `https://NAME.atlassian.net`, with an e-mail address and an API token.
    Cloud,
    /// On your own servers, with a personal access token.
    DataCenter,
}

/// A product's address and credentials.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) edition: Edition,
    base: Url,
    email: Option<String>,
    token: Secret,
}

impl Site {
    /// # Errors
    /// For an address that is none, and for a Cloud site without an e-mail address.
    pub(crate) fn new(
        kind: &str,
        edition: Edition,
        url: &str,
        email: Option<String>,
        token: Secret,
    ) -> EngineResult<Self> {
        let base = crate::address::parse(kind, url)?;
        if edition == Edition::Cloud && email.as_ref().is_none_or(|email| !email.contains('@')) {
            return Err(EngineError::give_up(format!(
                "{kind}: the Cloud edition needs `email`, the address of the account that the API token belongs to"
            )));
        }
        Ok(Self { edition, base, email, token })
    }

    /// The same site below one more path segment.
    pub(crate) fn below(mut self, segment: &str) -> Self {
        self.base = crate::address::at(&self.base, &[segment]);
        self
    }

    /// The address of `path` below the site.
    pub(crate) fn at(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = crate::address::at(&self.base, path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// A link that the site names, whether it begins at the host or at the site. It never leads to another host.
    pub(crate) fn link(&self, link: &str) -> Option<Url> {
        let site = self.base.as_str().trim_end_matches('/');
        let path = self.base.path().trim_end_matches('/');
        let below = link.strip_prefix(site).unwrap_or(link);
        let below = below.strip_prefix(path).filter(|rest| rest.starts_with('/')).unwrap_or(below);
        let url = Url::parse(&format!("{site}{below}")).ok().filter(|_| below.starts_with('/'))?;
        (url.origin() == self.base.origin()).then_some(url)
    }

    /// A request with the source's credentials.
    pub(crate) fn get(&self, url: Url) -> Request {
        self.sign(Request::get(url))
    }

    /// `request` with the source's credentials.
    pub(crate) fn sign(&self, request: Request) -> Request {
        match (self.edition, &self.email) {
            (Edition::Cloud, Some(email)) => request.basic(email, &self.token),
            _ => request.bearer(&self.token),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_begin_at_the_site_or_the_host_and_never_lead_away() {
        let site = |url: &str| Site::new("x", Edition::DataCenter, url, None, Secret::from("t")).unwrap();
        let wiki = site("https://a.example/wiki/");
        for link in ["/wiki/api/x?c=1", "/api/x?c=1", "https://a.example/wiki/api/x?c=1"] {
            assert_eq!(wiki.link(link).unwrap().as_str(), "https://a.example/wiki/api/x?c=1", "{link}");
        }
        for link in ["https://b.example/api", "@b.example/api", ".b.example/", ""] {
            assert_eq!(wiki.link(link), None, "{link}");
        }
        assert_eq!(wiki.link("//b.example/x").unwrap().host_str(), Some("a.example"));
        assert_eq!(site("https://a.example").link("/rest/x").unwrap().as_str(), "https://a.example/rest/x");
    }

    #[test]
    fn a_cloud_site_needs_an_address_to_sign_in_with() {
        let open = |email: Option<&str>, url| {
            Site::new("Wiki", Edition::Cloud, url, email.map(Into::into), Secret::from("t")).map(|_| ())
        };
        assert!(open(Some("a@x.org"), "https://a.example").is_ok());
        assert!(open(None, "https://a.example").is_err_and(|error| error.message.contains("email")));
        assert!(open(Some("a@x.org"), "ftp://a.example").is_err());
        assert!(open(Some("a@x.org"), "a.example").is_err());
    }
}
