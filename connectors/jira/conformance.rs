//! The suite on both editions.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use domain::Connector;
use serde_json::json;

use super::{
    Edition, JiraConfig,
    fake::{EMAIL, Fake, TOKEN},
};
use crate::{
    SourceConfig,
    conformance::{Abilities, World, conforms, parts},
};

pub(super) fn connector(edition: Edition, address: &str, listing_hours: u32) -> Box<dyn Connector> {
    let config = JiraConfig {
        url: address.to_owned(),
        edition,
        email: (edition == Edition::Cloud).then(|| EMAIL.to_owned()),
        token: TOKEN.into(),
        projects: vec!["DOC".into()],
        filter: None,
        listing_hours,
        requests_per_second: 10_000.try_into().unwrap(),
    };
    config.open(parts()).unwrap()
}

struct Jira {
    fake: Fake,
    edition: Edition,
    /// Ids by the suite's names.
    ids: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Jira {
    async fn start(edition: Edition) -> Self {
        Self { fake: Fake::start(edition).await, edition, ids: Arc::default() }
    }

    fn id(&self, name: &str) -> String {
        let mut ids = self.ids.lock().unwrap();
        let next = (100 + ids.len()).to_string();
        ids.entry(name.into()).or_insert(next).clone()
    }
}

#[async_trait]
impl World for Jira {
    fn abilities(&self) -> Abilities {
        let is_cloud = self.edition == Edition::Cloud;
        Abilities {
            deletes: true,
            renames: true,
            // Data Center does not tell the members of a security level.
            readers: is_cloud,
            groups: is_cloud,
            closes: is_cloud,
            hides: true,
            http: true,
            sizes: true,
            // Data Center numbers its pages.
            pages: is_cloud,
        }
    }

    async fn put(&self, name: &str, text: &str) {
        self.fake.put(&self.id(name), text);
    }

    async fn delete(&self, name: &str) {
        self.fake.lock().issues.remove(&self.id(name));
    }

    async fn rename(&self, from: &str, to: &str) {
        let id = self.id(from);
        let mut ids = self.ids.lock().unwrap();
        ids.remove(from);
        ids.insert(to.into(), id.clone());
        let mut site = self.fake.lock();
        let now = site.tick();
        let item = site.issues.get_mut(&id).unwrap();
        (item.summary, item.updated) = (to.into(), now);
    }

    async fn restrict(&self, name: &str, emails: &[&str]) {
        let users = emails.iter().map(|email| {
            let id = format!("acc-{}", email.split('@').next().unwrap());
            json!({ "type": "user", "parameter": id, "value": id })
        });
        let mut site = self.fake.lock();
        site.levels.insert("20".into(), users.collect());
        let now = site.tick();
        let item = site.issues.get_mut(&self.id(name)).unwrap();
        if item.level.replace("20".into()).is_none() {
            item.updated = now;
        }
    }

    async fn set_members(&self, name: &str, group: &str, emails: &[&str]) {
        let mut site = self.fake.lock();
        let names = emails.iter().map(|email| email.split('@').next().unwrap().to_owned());
        site.groups.insert(group.into(), names.collect());
        let holder = json!({ "type": "group", "parameter": group, "value": format!("gid-{group}") });
        site.levels.insert("20".into(), vec![holder]);
        assert!(site.issues[&self.id(name)].level.is_some(), "the suite restricts it first");
    }

    async fn close_readers(&self, _: &str, closed: bool) {
        self.fake.lock().is_admin = !closed;
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
        connector(self.edition, address, 0)
    }
}

#[tokio::test]
async fn jira_cloud_conforms() {
    conforms(&Jira::start(Edition::Cloud).await).await;
}

#[tokio::test]
async fn jira_data_center_conforms() {
    conforms(&Jira::start(Edition::DataCenter).await).await;
}
