//! The suite on an organization, and what it cannot know.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use domain::Connector;
use serde_json::{Value, json};

use super::{
    SalesforceConfig,
    fake::{Fake, SECRET},
};
use crate::{
    Parts, SourceConfig,
    conformance::{Abilities, Replica, World, conforms, parts},
};

fn connector(address: &str) -> Box<dyn Connector> {
    let config = SalesforceConfig {
        url: address.to_owned(),
        client_id: "client".into(),
        client_secret: SECRET.into(),
        object: super::default_object(),
        fields: vec!["Answer__c".into()],
        language: Some("en_US".into()),
    };
    config.open(parts()).unwrap()
}

struct Organization {
    fake: Fake,
    ids: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Organization {
    fn id(&self, name: &str) -> String {
        let mut ids = self.ids.lock().unwrap();
        let next = format!("kA{}", ids.len());
        ids.entry(name.into()).or_insert(next).clone()
    }
}

#[async_trait]
impl World for Organization {
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
        self.fake.put(&self.id(name), text);
    }

    async fn delete(&self, name: &str) {
        self.fake.lock().items.get_mut(&self.id(name)).unwrap().is_online = false;
    }

    async fn rename(&self, from: &str, to: &str) {
        let id = self.id(from);
        let mut ids = self.ids.lock().unwrap();
        ids.remove(from);
        ids.insert(to.into(), id.clone());
        let mut organization = self.fake.lock();
        let item = organization.items.get_mut(&id).unwrap();
        (item.title, item.version) = (to.into(), item.version + 1);
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
        connector(address)
    }
}

#[tokio::test]
async fn salesforce_conforms() {
    conforms(&Organization { fake: Fake::start().await, ids: Arc::default() }).await;
}

#[tokio::test]
async fn a_summary_is_text_and_fields_are_html() {
    let fake = Fake::start().await;
    fake.put("kA1", "the <b>answer</b>");
    fake.lock().items.get_mut("kA1").unwrap().summary = Some("5 < 6 & more".into());
    let mut replica = Replica::default();
    replica.sync(&*connector(&fake.address)).await.unwrap();
    let held = &replica.documents["kA1 en_US"];
    assert_eq!(held.text, "<p>5 &lt; 6 &amp; more</p>\n<div><p>the <b>answer</b></p></div>\n");
    assert_eq!(held.uri, format!("{}/lightning/r/Knowledge__kav/kA1v1/view", fake.address));
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let config = |more: Value| {
        let mut config = json!({
            "url": "https://a.my.salesforce.com", "client_id": "c", "client_secret": SECRET, "fields": ["Answer__c"],
        });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        config
    };
    let open = |settings: Value, parts: Parts| crate::kind("salesforce").unwrap().open(settings, parts).map(|_| ());
    assert!(open(config(json!({})), parts()).is_ok());
    assert!(open(config(json!({})), Parts { readers: None, ..parts() }).is_err());
    assert!(open(config(json!({ "fields": [] })), parts()).is_err_and(|error| error.message.contains("`fields`")));
    for injected in ["Answer__c FROM User", "a'b", ""] {
        assert!(open(config(json!({ "fields": [injected] })), parts()).is_err(), "{injected}");
        assert!(open(config(json!({ "language": injected })), parts()).is_err(), "{injected}");
    }
}
