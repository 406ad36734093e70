//! HubSpot's API: posts <https://developers.hubspot.com/docs/reference/api/cms/blogs/blog-posts>, pages
//! <https://developers.hubspot.com/docs/reference/api/cms/pages>, tickets
//! <https://developers.hubspot.com/docs/reference/api/crm/objects/tickets>, notes
//! <https://developers.hubspot.com/docs/reference/api/crm/engagements/notes>. `paging.next.after` names the next page.

use domain::{EngineError, EngineResult};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::Content;
use crate::{Http, address, credentials::Credentials, html::escape, http::Request, pages::Pages};

/// Nodes of a page's layout nested deeper than this are left out.
const MOST_DEPTH: usize = 60;

pub(super) struct Client {
    pub(super) http: Http,
    pub(super) base: Url,
    pub(super) credentials: Credentials,
    pub(super) portal_id: u64,
}

/// A post, page, ticket or note; each kind has its own fields.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Thing(Map<String, Value>);

#[derive(Deserialize)]
struct Listed {
    results: Vec<Thing>,
    paging: Option<Paging>,
}

#[derive(Deserialize)]
struct Paging {
    next: Option<Next>,
}

#[derive(Deserialize)]
struct Next {
    after: String,
}

/// A listing that is under way.
pub(super) struct Listing {
    first: Url,
    next: Option<Url>,
    pages: Pages,
}

impl Client {
    pub(super) fn things(&self, content: Content) -> Listing {
        let mut first = self.at(content, None);
        first.query_pairs_mut().append_pair("limit", "100");
        Listing { next: Some(first.clone()), first, pages: Pages::default() }
    }

    /// A thing by its id; `None` where it is gone or archived.
    pub(super) async fn thing(&self, content: Content, id: &str) -> EngineResult<Option<Thing>> {
        let response = self.credentials.send(&self.http, Request::get(self.at(content, Some(id)))).await?;
        if matches!(response.status, StatusCode::NOT_FOUND | StatusCode::GONE) {
            return Ok(None);
        }
        response.ok()?.json().map(Some)
    }

    fn at(&self, content: Content, id: Option<&str>) -> Url {
        let (path, properties): (&[&str], Option<&str>) = match content {
            Content::BlogPosts => (&["cms", "v3", "blogs", "posts"], None),
            Content::SitePages => (&["cms", "v3", "pages", "site-pages"], None),
            Content::Tickets => (&["crm", "v3", "objects", "tickets"], Some("subject,content")),
            Content::Notes => (&["crm", "v3", "objects", "notes"], Some("hs_note_body")),
        };
        let mut url = address::at(&address::at(&self.base, path), id.as_slice());
        url.query_pairs_mut().append_pair("archived", "false");
        if let Some(properties) = properties {
            url.query_pairs_mut().append_pair("properties", properties);
        }
        url
    }
}

impl Listing {
    pub(super) async fn next_page(&mut self, client: &Client) -> EngineResult<Option<Vec<Thing>>> {
        let Some(url) = self.next.take() else { return Ok(None) };
        let listed: Result<Listed, String> = client.credentials.item(&client.http, Request::get(url)).await?;
        let listed = listed.map_err(EngineError::give_up)?;
        if let Some(next) = listed.paging.and_then(|paging| paging.next) {
            self.pages.next("HubSpot", &next.after)?;
            let mut url = self.first.clone();
            url.query_pairs_mut().append_pair("after", &next.after);
            self.next = Some(url);
        }
        Ok(Some(listed.results))
    }
}

impl Thing {
    fn text(&self, name: &str) -> Option<&str> {
        let property = self.0.get("properties").and_then(|properties| properties.get(name));
        property.or_else(|| self.0.get(name))?.as_str().filter(|text| !text.trim().is_empty())
    }

    /// Records are; posts and pages have a state.
    pub(super) fn is_published(&self) -> bool {
        self.text("currentState").or(self.text("state")).is_none_or(|state| state.starts_with("PUBLISHED"))
    }

    pub(super) fn external_id(&self, content: Content) -> String {
        format!("{} {}", content.name(), self.text("id").unwrap_or_default())
    }

    /// Its time of change in milliseconds, which serves as the revision.
    pub(super) fn updated_at(&self) -> Option<String> {
        self.text("updatedAt").or(self.text("updated")).map(ToOwned::to_owned)
    }

    pub(super) fn title(&self) -> Option<String> {
        let names = ["htmlTitle", "name", "subject"];
        names.iter().find_map(|name| self.text(name)).map(ToOwned::to_owned)
    }

    /// Where a person opens it.
    pub(super) fn uri(&self, content: Content, portal_id: u64) -> String {
        let told = self.text("url").and_then(|url| Url::parse(url).ok());
        let told = told.filter(|url| matches!(url.scheme(), "http" | "https"));
        let id = self.text("id").unwrap_or_default();
        let kind = if content == Content::Tickets { "0-5" } else { "0-46" };
        told.map_or_else(|| format!("https://app.hubspot.com/contacts/{portal_id}/record/{kind}/{id}"), Into::into)
    }

    /// The text: a post's or a note's body, a ticket's description, or the rich texts in a page's layout.
    pub(super) fn html(&self) -> String {
        if let Some(text) = self.text("content") {
            return escape(text).replace('\n', "<br>\n");
        }
        let body = ["postBody", "hs_note_body"].iter().find_map(|name| self.text(name));
        let mut html = body.unwrap_or_default().to_owned();
        for name in ["widgets", "widgetContainers", "layoutSections"] {
            rich_texts(self.0.get(name).unwrap_or(&Value::Null), MOST_DEPTH, &mut html);
        }
        html
    }
}

fn rich_texts(node: &Value, depth: usize, out: &mut String) {
    let Some(left) = depth.checked_sub(1) else { return };
    match node {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(html) if name == "html" => out.extend([html.as_str(), "\n"]),
                    value => rich_texts(value, left, out),
                }
            }
        }
        Value::Array(nodes) => nodes.iter().for_each(|node| rich_texts(node, left, out)),
        _ => {}
    }
}
