//! What the suite cannot know of Microsoft Teams: threads, windows, memberships.

use serde_json::{Value, json};

use super::{
    conformance::config,
    fake::{Teams, member, message},
};
use crate::{
    SourceConfig,
    conformance::{Replica, clock, parts},
    graph::fake::{Shared, start},
};

const GENERAL: &str = "19:general@thread.tacv2";

struct Tenant {
    address: String,
    tenant: Shared<Teams>,
}

impl Tenant {
    async fn new() -> Self {
        let mut teams = Teams::default();
        teams
            .members
            .insert("T1".into(), vec![member("ann@example.com"), member("bob@example.com"), member("eve@example.com")]);
        teams.say("T1", GENERAL, message("1000", "from long ago"));
        teams.say("T1", GENERAL, message(&recent(), "from today"));
        let (address, tenant) = start(teams).await;
        Self { address, tenant }
    }

    fn change(&self, change: impl FnOnce(&mut Teams)) {
        change(&mut self.tenant.lock().unwrap().service);
    }

    async fn sync(&self, replica: &mut Replica, more: Value) -> Result<(), domain::EngineError> {
        let connector = config(&self.address, more).open(parts())?;
        replica.sync(&*connector).await
    }
}

/// The id of a message of the last hour.
fn recent() -> String {
    ((clock().now)().as_second() / 3_600 * 3_600_000).to_string()
}

#[tokio::test]
async fn a_thread_is_a_document_with_its_replies() {
    let tenant = Tenant::new().await;
    let id = recent();
    tenant.change(|teams| {
        let mut root = message(&id, "");
        root["subject"] = json!("Lunch");
        root["body"] = json!({"contentType": "html", "content": "<p>Where?</p>"});
        root["attachments"] = json!([{"id": "1", "name": "menu <new>.pdf"}]);
        teams.say("T1", GENERAL, root);
        let mut gone = message("2", "never mind");
        gone["deletedDateTime"] = json!("2026-11-24T13:00:00Z");
        let mut notice = message("3", "joined");
        notice["messageType"] = json!("systemEventMessage");
        for reply in [message("4", "1 < 2"), gone, notice] {
            teams.reply("T1", GENERAL, &id, reply);
        }
    });
    let mut replica = Replica::default();
    tenant.sync(&mut replica, json!({})).await.unwrap();
    let held = &replica.documents[&format!("T1/{GENERAL}/{id}")];
    assert_eq!(held.title.as_deref(), Some("Team T1, 19:general@thread.tacv2: Lunch"));
    assert_eq!(
        held.text,
        "<p><b>Ann (2026-11-24 12:00)</b></p>\n<div><p>Where?</p></div>\n<p>[File: menu &lt;new&gt;.pdf]</p>\n\
         <p><b>Ann (2026-11-24 12:00)</b></p>\n<div>1 &lt; 2</div>\n"
    );
    assert_eq!(held.uri, format!("https://teams.microsoft.com/l/message/{id}"));
}

#[tokio::test]
async fn new_replies_are_seen_within_the_window() {
    let tenant = Tenant::new().await;
    let mut replica = Replica::default();
    tenant.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!(replica.documents.len(), 2);
    tenant.change(|teams| {
        teams.reply("T1", GENERAL, "1000", message("5", "an old answer"));
        teams.reply("T1", GENERAL, &recent(), message("6", "a new answer"));
    });
    tenant.sync(&mut replica, json!({})).await.unwrap();
    assert!(replica.documents[&format!("T1/{GENERAL}/{}", recent())].text.contains("a new answer"));
    assert!(!replica.documents[&format!("T1/{GENERAL}/1000")].text.contains("an old answer"));
    replica.cursor = None;
    tenant.sync(&mut replica, json!({})).await.unwrap();
    assert!(replica.documents[&format!("T1/{GENERAL}/1000")].text.contains("an old answer"), "a sync from the start");
}

#[tokio::test]
async fn a_place_that_graph_forgot_starts_over() {
    let tenant = Tenant::new().await;
    let mut replica = Replica::default();
    tenant.sync(&mut replica, json!({})).await.unwrap();
    tenant.change(|teams| {
        teams.channel("T1", GENERAL).messages.remove("1000");
        teams.forgotten = 1_000;
    });
    tenant.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!((replica.documents.len(), replica.fetched), (1, 0));
}

#[tokio::test]
async fn a_listing_that_breaks_off_deletes_nothing() {
    let tenant = Tenant::new().await;
    tenant.change(|teams| (0..5).for_each(|id| teams.say("T1", GENERAL, message(&format!("10{id}"), "more"))));
    let mut replica = Replica::default();
    tenant.sync(&mut replica, json!({})).await.unwrap();
    let all = replica.documents.len();
    let messages = format!("teams/T1/channels/{GENERAL}/messages");
    tenant.tenant.lock().unwrap().broken.insert(messages.clone());
    tenant.change(|teams| teams.forgotten = 1_000);
    let error = tenant.sync(&mut replica, json!({})).await.unwrap_err();
    assert!(error.retryable && replica.documents.len() == all, "{error}");
    tenant.tenant.lock().unwrap().broken = [format!("{messages}/1000/replies")].into();
    tenant.change(|teams| (0..5).for_each(|id| teams.reply("T1", GENERAL, "1000", message(&id.to_string(), "answer"))));
    assert!(tenant.sync(&mut replica, json!({})).await.unwrap_err().retryable, "nor do replies");
    tenant.tenant.lock().unwrap().broken.clear();
    tenant.change(|teams| teams.channel("T1", GENERAL).messages.clear());
    let error = tenant.sync(&mut replica, json!({})).await.unwrap_err();
    assert!(error.retryable && replica.documents.len() == all, "nothing at all is no deletion: {error}");
}

#[tokio::test]
async fn a_channel_that_is_closed_ends_no_sync() {
    let tenant = Tenant::new().await;
    tenant.change(|teams| {
        teams.say("T1", "19:private", message("7", "in the private one"));
        teams.channel("T1", "19:private").kind = "private".into();
        teams.channel("T1", "19:private").members = vec![member("ann@example.com")];
        teams.say("T2", "19:other", message("8", "in the other team"));
        teams.members.insert("T2".into(), vec![member("ann@example.com")]);
    });
    let mut replica = Replica::default();
    tenant.sync(&mut replica, json!({})).await.unwrap();
    let texts = ["in the private one", "in the other team"];
    for (path, text, is_read) in [
        ("teams/T1/channels/19:private/members", texts[0], false),
        ("teams/T1/channels/19:private/messages/delta", texts[0], true),
        ("teams/T1/channels/19:private/messages", texts[0], true),
        ("teams/T2/channels", texts[1], false),
        ("teams/T2/members", texts[1], false),
    ] {
        for cursor in [replica.cursor.clone(), None] {
            let mut replica = Replica { cursor: cursor.clone(), ..replica.clone() };
            tenant.tenant.lock().unwrap().closed.insert(path.into());
            tenant.change(|teams| teams.say("T1", GENERAL, message("9", &format!("news beside {path} {cursor:?}"))));
            tenant.sync(&mut replica, json!({})).await.unwrap();
            assert_eq!(replica.documents.len(), 5, "{path}");
            let is_met = cursor.is_none() || !path.ends_with("/messages");
            assert_eq!(replica.failures.len(), usize::from(is_met), "{path}: {:?}", replica.failures);
            assert_eq!(replica.readers(text).len(), usize::from(is_read), "{path}");
            tenant.tenant.lock().unwrap().closed.clear();
            tenant.sync(&mut replica, json!({})).await.unwrap();
            assert!(replica.failures.is_empty() && replica.readers(text).len() == 1, "{path}: {:?}", replica.failures);
        }
    }
}

#[tokio::test]
async fn every_kind_of_channel_has_its_members() {
    let tenant = Tenant::new().await;
    tenant.change(|teams| {
        for (name, kind, email) in
            [("19:private", "private", "ann@example.com"), ("19:shared", "shared", "zoe@partner.example")]
        {
            teams.say("T1", name, message("7", &format!("in the {kind} one")));
            teams.channel("T1", name).kind = kind.into();
            teams.channel("T1", name).members = vec![member(email)];
        }
    });
    let mut replica = Replica::default();
    tenant.sync(&mut replica, json!({})).await.unwrap();
    let readers = |marker: &str| replica.readers(marker).into_iter().collect::<Vec<_>>();
    assert_eq!(readers("from today"), ["ann@example.com", "bob@example.com", "eve@example.com"]);
    assert_eq!(readers("in the private one"), ["ann@example.com"]);
    assert_eq!(readers("in the shared one"), ["zoe@partner.example"]);
}

#[tokio::test]
async fn teams_are_chosen_and_forgotten_when_they_are_no_longer() {
    let tenant = Tenant::new().await;
    tenant.change(|teams| teams.say("T2", GENERAL, message("8", "of the other team")));
    let mut replica = Replica::default();
    tenant.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!(replica.documents.len(), 3);
    tenant.sync(&mut replica, json!({"teams": ["Team T2"]})).await.unwrap();
    assert_eq!(replica.documents.keys().collect::<Vec<_>>(), [&format!("T2/{GENERAL}/8")]);
    let error = tenant.sync(&mut replica, json!({"teams": ["Team T9"]})).await.unwrap_err();
    assert!(error.message.contains("no team to read") && replica.documents.len() == 1, "{error}");
    assert!(config(&tenant.address, json!({"teams": ["a["]})).open(parts()).is_err());
}
