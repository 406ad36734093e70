//! The suite on an account with posts and tickets, and what it cannot know.

use async_trait::async_trait;
use domain::Connector;
use serde_json::{Value, json};

use super::{
    Content, HubSpotConfig,
    fake::{Fake, TOKEN},
};
use crate::{
    SourceConfig,
    conformance::{Abilities, Replica, World, conforms, parts},
};

const POSTS: &str = "cms/v3/blogs/posts";
const PAGES: &str = "cms/v3/pages/site-pages";
const TICKETS: &str = "crm/v3/objects/tickets";
const NOTES: &str = "crm/v3/objects/notes";

fn connector(address: &str) -> Box<dyn Connector> {
    let config = HubSpotConfig {
        token: TOKEN.into(),
        portal_id: 12,
        content: vec![Content::BlogPosts, Content::SitePages, Content::Tickets, Content::Notes],
        requests_per_second: 10_000.try_into().unwrap(),
        url: address.to_owned(),
    };
    config.open(parts()).unwrap()
}

struct Account(Fake);

fn path(name: &str) -> &'static str {
    if ["beta", "delta", "zeta"].contains(&name) { TICKETS } else { POSTS }
}

#[async_trait]
impl World for Account {
    fn abilities(&self) -> Abilities {
        Abilities {
            deletes: true,
            renames: true,
            hides: true,
            http: true,
            sizes: true,
            pages: true,
            ..Abilities::default()
        }
    }

    async fn put(&self, name: &str, text: &str) {
        let fields = if path(name) == TICKETS {
            json!({ "properties": { "subject": name, "content": text }, "archived": false })
        } else {
            json!({ "name": name, "postBody": format!("<p>{text}</p>"), "currentState": "PUBLISHED" })
        };
        self.0.put(path(name), name, fields);
    }

    async fn delete(&self, name: &str) {
        self.0.lock().things.get_mut(path(name)).unwrap().remove(name);
    }

    async fn rename(&self, from: &str, to: &str) {
        self.0.put(path(from), from, json!({ "name": to }));
    }

    async fn hide_everything(&self, hidden: bool) {
        self.0.lock().is_hidden = hidden;
    }

    async fn repeat_pages(&self, repeating: bool) {
        self.0.lock().is_repeating = repeating;
    }

    fn address(&self) -> String {
        self.0.address.clone()
    }

    fn connector(&self, address: &str) -> Box<dyn Connector> {
        connector(address)
    }
}

#[tokio::test]
async fn hubspot_conforms() {
    conforms(&Account(Fake::start().await)).await;
}

#[tokio::test]
async fn each_kind_shows_its_text() {
    let fake = Fake::start().await;
    let module = |html: &str| json!({ "type": "module", "body": { "html": html, "css_class": "wide" } });
    let layout = json!({ "main": { "rows": [{ "0": module("<p>in the layout</p>") }] } });
    fake.put(PAGES, "1", json!({ "htmlTitle": "Page", "url": "https://a.example/x", "state": "PUBLISHED_OR_SCHEDULED", "layoutSections": layout, "widgets": { "side": module("<p>aside</p>") } }));
    fake.put(
        POSTS,
        "2",
        json!({ "name": "Draft", "postBody": "unready", "currentState": "DRAFT", "url": "https://a.example/y" }),
    );
    fake.put(TICKETS, "3", json!({ "properties": { "subject": "Broken", "content": "1 < 2\nhelp" } }));
    fake.put(NOTES, "4", json!({ "properties": { "hs_note_body": "<b>called</b>" } }));
    let mut replica = Replica::default();
    replica.sync(&*connector(&fake.address)).await.unwrap();
    let shown = |id: &str| (replica.documents[id].text.as_str(), replica.documents[id].uri.as_str());
    assert_eq!(replica.documents.len(), 3);
    assert_eq!(shown("page 1"), ("<p>aside</p>\n<p>in the layout</p>\n", "https://a.example/x"));
    assert_eq!(shown("ticket 3"), ("1 &lt; 2<br>\nhelp", "https://app.hubspot.com/contacts/12/record/0-5/3"));
    assert_eq!(shown("note 4"), ("<b>called</b>", "https://app.hubspot.com/contacts/12/record/0-46/4"));
    assert_eq!(replica.documents["ticket 3"].title.as_deref(), Some("Broken"));
}

#[tokio::test]
async fn a_thing_deleted_during_the_listing_hides_no_other() {
    let fake = Fake::start().await;
    for id in ["1", "2", "3", "4"] {
        fake.put(TICKETS, id, json!({ "properties": { "subject": id, "content": format!("text {id}") } }));
    }
    let mut replica = Replica::default();
    replica.sync(&*connector(&fake.address)).await.unwrap();
    fake.lock().vanishing = Some((TICKETS, "1"));
    for left in [&["ticket 1", "ticket 2", "ticket 3", "ticket 4"][..], &["ticket 2", "ticket 3", "ticket 4"]] {
        replica.sync(&*connector(&fake.address)).await.unwrap();
        assert_eq!(replica.documents.keys().collect::<Vec<_>>(), left);
    }
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let open = |settings: Value| crate::kind("hubspot").unwrap().open(settings, parts()).map(|_| ());
    assert!(open(json!({ "token": TOKEN, "portal_id": 1 })).is_ok());
    assert!(open(json!({ "token": TOKEN, "portal_id": 1, "content": [] })).is_err());
    assert!(open(json!({ "token": TOKEN, "portal_id": 1, "content": ["deals"] })).is_err());
}
