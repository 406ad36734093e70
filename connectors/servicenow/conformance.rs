//! The suite on an instance.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use domain::Connector;

use super::{
    ServiceNowConfig,
    fake::{Fake, SECRET, touch},
};
use crate::{
    SourceConfig,
    conformance::{Abilities, World, conforms, parts},
};

pub(super) fn config(address: &str) -> ServiceNowConfig {
    ServiceNowConfig {
        url: address.to_owned(),
        user: None,
        password: None,
        client_id: Some("client".into()),
        client_secret: Some(SECRET.into()),
        filter: None,
        user_criteria: true,
        page_size: 2.try_into().unwrap(),
    }
}

struct Instance {
    fake: Fake,
    numbers: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Instance {
    fn number(&self, name: &str) -> String {
        let mut numbers = self.numbers.lock().unwrap();
        let next = format!("KB{:07}", 10 + numbers.len());
        numbers.entry(name.into()).or_insert(next).clone()
    }

    fn criterion(&self, name: &str, fields: &[(&str, &str)]) {
        let fields = [&[("sys_id", "uc1"), ("active", "true"), ("advanced", "false"), ("match_all", "false")], fields];
        self.fake.add("user_criteria", &fields.concat());
        self.fake
            .article(&self.number(name), |article| drop(article.insert("can_read_user_criteria".into(), "uc1".into())));
    }
}

fn names(emails: &[&str]) -> Vec<String> {
    emails.iter().map(|email| email.split('@').next().unwrap().to_owned()).collect()
}

#[async_trait]
impl World for Instance {
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
            // Pages are numbered.
            pages: false,
        }
    }

    async fn put(&self, name: &str, text: &str) {
        self.fake.put(&self.number(name), text);
    }

    async fn delete(&self, name: &str) {
        self.fake
            .article(&self.number(name), |article| drop(article.insert("workflow_state".into(), "retired".into())));
    }

    async fn rename(&self, from: &str, to: &str) {
        let number = self.number(from);
        let mut numbers = self.numbers.lock().unwrap();
        numbers.remove(from);
        numbers.insert(to.into(), number.clone());
        self.fake.article(&number, |article| {
            article.insert("short_description".into(), to.into());
            touch(article);
        });
    }

    async fn restrict(&self, name: &str, emails: &[&str]) {
        self.criterion(name, &[("user", &names(emails).join(","))]);
    }

    async fn set_members(&self, name: &str, group: &str, emails: &[&str]) {
        self.criterion(name, &[("group", group)]);
        self.fake.lock().tables.remove("sys_user_grmember");
        for user in names(emails) {
            self.fake.add("sys_user_grmember", &[("group", group), ("user", &user)]);
        }
    }

    async fn close_readers(&self, _: &str, closed: bool) {
        let mut instance = self.fake.lock();
        for criterion in instance.tables.get_mut("user_criteria").unwrap() {
            criterion.insert("advanced".into(), closed.to_string());
        }
    }

    async fn hide_everything(&self, hidden: bool) {
        self.fake.lock().is_hidden = hidden;
    }

    fn address(&self) -> String {
        self.fake.address.clone()
    }

    fn connector(&self, address: &str) -> Box<dyn Connector> {
        config(address).open(parts()).unwrap()
    }
}

#[tokio::test]
async fn servicenow_conforms() {
    conforms(&Instance { fake: Fake::start().await, numbers: Arc::default() }).await;
}
