//! The suite on a help center.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use domain::Connector;
use serde_json::json;

use super::{
    ZendeskConfig,
    fake::{Fake, SECRET},
};
use crate::{
    SourceConfig,
    conformance::{Abilities, World, conforms, parts},
};

pub(super) fn config(address: &str) -> ZendeskConfig {
    let (email, token) = (Some("bot@example.com".into()), Some(SECRET.into()));
    ZendeskConfig { url: address.to_owned(), email, token, client_id: None, client_secret: None }
}

struct Center {
    fake: Fake,
    ids: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl Center {
    fn id(&self, name: &str) -> u64 {
        let mut ids = self.ids.lock().unwrap();
        let next = 100 + ids.len() as u64;
        *ids.entry(name.into()).or_insert(next)
    }

    /// Lets the agents of group 1 alone read an article.
    fn set_readers(&self, name: &str, emails: &[&str]) {
        let names: Vec<&str> = emails.iter().map(|email| email.split('@').next().unwrap()).collect();
        self.fake.set_users("groups/1/users", &names);
        self.fake.set_users("users", &["ann", "bob", "eve", "zoe"]);
        let mut center = self.fake.lock();
        center.segments.insert(7, json!({ "id": 7, "user_type": "staff", "group_ids": [1] }));
        center.articles.get_mut(&self.id(name)).unwrap()["user_segment_id"] = 7.into();
    }
}

#[async_trait]
impl World for Center {
    fn abilities(&self) -> Abilities {
        Abilities {
            deletes: true,
            renames: true,
            readers: true,
            groups: true,
            closes: true,
            hides: true,
            http: true,
            sizes: true,
            pages: true,
        }
    }

    async fn put(&self, name: &str, text: &str) {
        self.fake.put(self.id(name), text);
    }

    async fn delete(&self, name: &str) {
        self.fake.lock().articles.remove(&self.id(name));
    }

    async fn rename(&self, from: &str, to: &str) {
        let id = self.id(from);
        let mut ids = self.ids.lock().unwrap();
        ids.remove(from);
        ids.insert(to.into(), id);
        let mut center = self.fake.lock();
        center.articles.get_mut(&id).unwrap()["title"] = to.into();
        center.touch(id);
    }

    async fn restrict(&self, name: &str, emails: &[&str]) {
        self.set_readers(name, emails);
    }

    async fn set_members(&self, name: &str, _: &str, emails: &[&str]) {
        self.set_readers(name, emails);
    }

    async fn close_readers(&self, _: &str, closed: bool) {
        let mut center = self.fake.lock();
        center.segments.remove(&7);
        if !closed {
            center.segments.insert(7, json!({ "id": 7, "user_type": "staff", "group_ids": [1] }));
        }
    }

    async fn hide_everything(&self, hidden: bool) {
        self.fake.lock().is_hidden = hidden;
    }

    async fn repeat_pages(&self, repeating: bool) {
        self.fake.lock().is_repeating = repeating;
    }

    fn address(&self) -> String {
        self.fake.address.clone()
    }

    fn connector(&self, address: &str) -> Box<dyn Connector> {
        config(address).open(parts()).unwrap()
    }
}

#[tokio::test]
async fn zendesk_conforms() {
    conforms(&Center { fake: Fake::start().await, ids: Arc::default() }).await;
}
