//! The suite on both editions.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use domain::Connector;

use super::{
    Body, ConfluenceConfig, Edition,
    fake::{EMAIL, Fake, TOKEN},
};
use crate::{
    SourceConfig,
    conformance::{Abilities, World, conforms, parts},
};

pub(super) fn connector(edition: Edition, address: &str) -> Box<dyn Connector> {
    let email = (edition == Edition::Cloud).then(|| EMAIL.to_owned());
    let url = address.to_owned();
    let (spaces, body) = (vec!["DOC".into()], Body::default());
    let config = ConfluenceConfig { url, edition, email, token: TOKEN.into(), spaces, body, anonymous_counts: true };
    config.open(parts()).unwrap()
}

struct Wiki {
    fake: Fake,
    edition: Edition,
    /// Ids by the suite's names.
    ids: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Wiki {
    async fn start(edition: Edition) -> Self {
        let fake = Fake::start(edition).await;
        fake.put("1", "page", "Home", None);
        fake.put("2", "page", "Shelf", Some("1"));
        Self { fake, edition, ids: Arc::default() }
    }

    fn id(&self, name: &str) -> String {
        let mut ids = self.ids.lock().unwrap();
        let next = (100 + ids.len()).to_string();
        ids.entry(name.into()).or_insert(next).clone()
    }
}

fn names(emails: &[&str]) -> Vec<String> {
    emails.iter().map(|email| email.split('@').next().unwrap().to_owned()).collect()
}

#[async_trait]
impl World for Wiki {
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
        let kind = if name == "gamma" { "blogpost" } else { "page" };
        let parent = (name == "alpha").then_some("1");
        self.fake.put(&self.id(name), kind, text, parent);
    }

    async fn delete(&self, name: &str) {
        self.fake.lock().items.get_mut(&self.id(name)).unwrap().is_trashed = true;
    }

    async fn rename(&self, from: &str, to: &str) {
        let id = self.id(from);
        let mut ids = self.ids.lock().unwrap();
        ids.remove(from);
        ids.insert(to.into(), id.clone());
        let mut wiki = self.fake.lock();
        let item = wiki.items.get_mut(&id).unwrap();
        item.title = to.into();
        item.version += 1;
    }

    async fn restrict(&self, name: &str, emails: &[&str]) {
        let names = names(emails);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.fake.restrict(&self.id(name), &names, &[]);
    }

    async fn set_members(&self, name: &str, group: &str, emails: &[&str]) {
        self.fake.restrict(&self.id(name), &[], &[group]);
        self.fake.lock().groups.insert(group.into(), names(emails));
    }

    async fn close_readers(&self, name: &str, closed: bool) {
        self.fake.lock().items.get_mut(&self.id(name)).unwrap().is_secretive = closed;
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
        connector(self.edition, address)
    }
}

#[tokio::test]
async fn confluence_cloud_conforms() {
    conforms(&Wiki::start(Edition::Cloud).await).await;
}

#[tokio::test]
async fn confluence_data_center_conforms() {
    conforms(&Wiki::start(Edition::DataCenter).await).await;
}
