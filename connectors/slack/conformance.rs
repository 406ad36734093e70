//! The suite on Slack in miniature: half of the items are threads, the others a day's messages.

use std::collections::HashMap;

use async_trait::async_trait;
use domain::Connector;
use serde_json::json;

use super::{
    SlackConfig,
    fake::{self, Channel, Shared, Slack, TOKEN},
};
use crate::{
    SourceConfig,
    conformance::{Abilities, World, clock, conforms, parts},
};

pub(super) fn config(address: &str) -> SlackConfig {
    serde_json::from_value(json!({"token": TOKEN, "api_url": format!("{address}/api")})).unwrap()
}

struct Workspace {
    slack: Shared,
    address: String,
}

impl Workspace {
    async fn start() -> Self {
        let users = [("U1", "ann@example.com"), ("U2", "bob@example.com"), ("U3", "eve@example.com")];
        let users = users.iter().map(|(id, email)| fake::user(id, email)).collect();
        let (address, slack) = fake::start(Slack { users, ..Slack::default() }).await;
        Self { slack, address }
    }
}

/// Alpha has a channel of its own; the others share one, a day each.
fn place(name: &str) -> (String, String) {
    if name == "alpha" {
        let now = (clock().now)().as_second();
        return ("CALPHA".into(), format!("{}.000100", now - 3_600));
    }
    let order = ["beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"];
    let days = order.iter().position(|known| *known == name).unwrap() as i64;
    let midnight = (clock().now)().as_second() / 86_400 * 86_400;
    ("CSHARED".into(), format!("{}.000200", midnight - days * 86_400))
}

#[async_trait]
impl World for Workspace {
    fn abilities(&self) -> Abilities {
        Abilities {
            deletes: true,
            renames: false,
            readers: true,
            groups: true,
            hides: true,
            http: true,
            sizes: true,
            pages: true,
            ..Abilities::default()
        }
    }

    async fn put(&self, name: &str, text: &str) {
        let (id, ts) = place(name);
        let mut slack = self.slack.lock().unwrap();
        let channel = slack.channels.entry(id.clone()).or_default();
        channel.name = id.to_lowercase();
        let known: HashMap<_, _> =
            channel.messages.iter().map(|(ts, m)| (m["name"].as_str().unwrap_or(""), ts)).collect();
        let ts = known.get(name).map_or(ts, |ts| (*ts).clone());
        let is_thread = name.contains("ta") && name != "delta";
        channel.say(&ts, if is_thread { "What is it?" } else { text });
        channel.messages.get_mut(&ts).unwrap()["name"] = json!(name);
        if is_thread {
            let second = |number: u32| ts.replace(".000", &format!(".{number:03}"));
            channel.replies.remove(&ts);
            channel.reply(&ts, &second(1), "Let me see.");
            channel.reply(&ts, &second(2), "Wait.");
            channel.reply(&ts, &second(3), text);
        }
    }

    async fn delete(&self, name: &str) {
        let (id, _) = place(name);
        let mut slack = self.slack.lock().unwrap();
        let channel = slack.channels.get_mut(&id).unwrap();
        let gone: Vec<_> =
            channel.messages.iter().filter(|(_, m)| m["name"] == name).map(|(ts, _)| ts.clone()).collect();
        for ts in gone {
            channel.messages.remove(&ts);
            channel.replies.remove(&ts);
        }
    }

    async fn restrict(&self, name: &str, emails: &[&str]) {
        let mut slack = self.slack.lock().unwrap();
        let id =
            |email: &&str| slack.users.iter().find(|user| user["profile"]["email"] == *email).unwrap()["id"].clone();
        let members = emails.iter().map(|email| id(email).as_str().unwrap().to_owned()).collect();
        let channel: &mut Channel = slack.channels.get_mut(&place(name).0).unwrap();
        channel.is_private = true;
        channel.members = members;
    }

    async fn set_members(&self, name: &str, _: &str, emails: &[&str]) {
        self.restrict(name, emails).await;
    }

    async fn hide_everything(&self, hidden: bool) {
        self.slack.lock().unwrap().is_hidden = hidden;
    }

    async fn repeat_pages(&self, repeating: bool) {
        self.slack.lock().unwrap().is_circling = repeating;
    }

    fn address(&self) -> String {
        self.address.clone()
    }

    fn connector(&self, address: &str) -> Box<dyn Connector> {
        config(address).open(parts()).unwrap()
    }
}

#[tokio::test]
async fn slack_conforms() {
    conforms(&Workspace::start().await).await;
}
