//! The suite on Microsoft Graph in miniature: half of the items are replies, the others first messages.

use async_trait::async_trait;
use domain::Connector;
use serde_json::{Value, json};

use super::{
    TeamsConfig,
    fake::{self, Teams, member, message},
};
use crate::{
    SourceConfig,
    conformance::{Abilities, World, clock, conforms, parts},
    graph::fake::{Shared, settings, start},
};

struct Tenant {
    tenant: Shared<Teams>,
    address: String,
}

pub(super) fn config(address: &str, more: Value) -> TeamsConfig {
    serde_json::from_value(settings(address, more)).unwrap()
}

/// Alpha has a private channel of its own; the others share two.
fn place(name: &str) -> (&'static str, String) {
    let channel = match name {
        "alpha" => "19:private@thread.tacv2",
        name if name.contains('t') => "19:general@thread.tacv2",
        _ => "19:other@thread.tacv2",
    };
    let order = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"];
    let number = order.iter().position(|known| *known == name).unwrap() as i64;
    (channel, (day() - number).to_string())
}

/// Midnight, in milliseconds.
fn day() -> i64 {
    (clock().now)().as_second() / 86_400 * 86_400_000
}

#[async_trait]
impl World for Tenant {
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
        let (channel, id) = place(name);
        let teams = &mut self.tenant.lock().unwrap().service;
        let is_reply = name.contains("ta");
        let is_known = teams.channel("T1", channel).messages.contains_key(&id);
        if !is_reply || !is_known {
            teams.say("T1", channel, message(&id, if is_reply { "What is it?" } else { text }));
        }
        if is_reply {
            teams.channel("T1", channel).replies.remove(&id);
            for (number, said) in ["Let me see.", "Wait.", text].into_iter().enumerate() {
                teams.reply("T1", channel, &id, message(&format!("{id}{number}"), said));
            }
        }
        if name == "alpha" && teams.channel("T1", channel).kind != "private" {
            teams.channel("T1", channel).kind = "private".into();
            teams.channel("T1", channel).members = vec![member("ann@example.com")];
        }
    }

    async fn delete(&self, name: &str) {
        let (channel, id) = place(name);
        let teams = &mut self.tenant.lock().unwrap().service;
        let mut gone = message(&id, "");
        gone["deletedDateTime"] = json!("2026-11-24T13:00:00Z");
        teams.channel("T1", channel).replies.remove(&id);
        teams.say("T1", channel, gone);
    }

    async fn restrict(&self, name: &str, emails: &[&str]) {
        let teams = &mut self.tenant.lock().unwrap().service;
        teams.channel("T1", place(name).0).members = emails.iter().map(|email| fake::member(email)).collect();
    }

    async fn set_members(&self, name: &str, _: &str, emails: &[&str]) {
        self.restrict(name, emails).await;
    }

    async fn hide_everything(&self, hidden: bool) {
        self.tenant.lock().unwrap().service.is_hidden = hidden;
    }

    async fn repeat_pages(&self, repeating: bool) {
        self.tenant.lock().unwrap().is_circling = repeating;
    }

    fn address(&self) -> String {
        self.address.clone()
    }

    fn connector(&self, address: &str) -> Box<dyn Connector> {
        config(address, json!({})).open(parts()).unwrap()
    }
}

#[tokio::test]
async fn teams_conform() {
    let (address, tenant) = start(Teams::default()).await;
    tenant.lock().unwrap().service.members.insert("T1".into(), vec![member("ann@example.com")]);
    conforms(&Tenant { tenant, address }).await;
}
