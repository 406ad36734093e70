//! What the suite cannot know of Slack: days and threads, windows, visibility, refusals.

use serde_json::json;

use super::{
    SlackConfig,
    conformance::config,
    fake::{self, Channel, Shared, Slack},
};
use crate::{
    SourceConfig,
    conformance::{Replica, parts},
};

/// Noon of the 20th, 19th and 2nd of November 2023 (UTC).
const LATE: i64 = 1_700_481_600;
const DAY: i64 = 86_400;

fn ts(days_before: i64, micros: u32) -> String {
    format!("{}.{micros:06}", LATE - days_before * DAY)
}

async fn workspace() -> (SlackConfig, Shared) {
    let guest = json!({"id": "U3", "name": "gus", "is_restricted": true, "profile": {"email": "gus@example.com"}});
    let bot = json!({"id": "U4", "name": "bot", "is_bot": true, "profile": {}});
    let users = vec![fake::user("U1", "ann@example.com"), fake::user("U2", "bob@example.com"), guest, bot];
    let mut general = Channel { name: "general".into(), ..Channel::default() };
    for (days, micros, text) in
        [(0, 1, "newest"), (1, 3, "third"), (1, 2, "second"), (1, 1, "first"), (18, 1, "ancient")]
    {
        general.say(&ts(days, micros), text);
    }
    let mut slack = Slack { users, ..Slack::default() };
    slack.channels.insert("C1".into(), general);
    slack.strangers.push(fake::user("U9", "zoe@partner.example"));
    let (address, shared) = fake::start(slack).await;
    (config(&address), shared)
}

async fn sync(replica: &mut Replica, config: &SlackConfig) -> Result<(), domain::EngineError> {
    // The sync runs on the evening of the 20th.
    let now = || jiff::Timestamp::from_second(LATE + DAY / 4).unwrap();
    let clock = domain::Clock { now, ..parts().clock };
    let connector = config.clone().open(crate::Parts { clock, ..parts() })?;
    replica.sync(&*connector).await
}

fn texts(replica: &Replica) -> Vec<(&str, &str)> {
    replica.documents.iter().map(|(id, held)| (id.as_str(), held.text.as_str())).collect()
}

#[tokio::test]
async fn messages_of_a_day_are_one_document_in_order() {
    let (config, _) = workspace().await;
    let mut replica = Replica::default();
    sync(&mut replica, &config).await.unwrap();
    let ids: Vec<_> = texts(&replica).into_iter().map(|(id, _)| id.to_owned()).collect();
    assert_eq!(ids, ["C1/2023-11-02", "C1/2023-11-19", "C1/2023-11-20"]);
    let day = &replica.documents["C1/2023-11-19"];
    assert_eq!(
        day.text,
        "ann (2023-11-19 12:00):\nfirst\n\nann (2023-11-19 12:00):\nsecond\n\nann (2023-11-19 12:00):\nthird\n\n"
    );
    assert_eq!(day.title.as_deref(), Some("#general, 2023-11-19"));
    assert_eq!(day.uri, "https://example.slack.com/archives/C1/p1700395200000001");
}

#[tokio::test]
async fn a_message_that_is_replied_to_leaves_its_day_for_a_thread() {
    let (config, slack) = workspace().await;
    let mut replica = Replica::default();
    sync(&mut replica, &config).await.unwrap();
    {
        let mut slack = slack.lock().unwrap();
        let general = slack.channels.get_mut("C1").unwrap();
        general.reply(&ts(0, 1), &ts(0, 5), "an answer to <@U1>");
        general.say(&ts(0, 5), "an answer shown in the channel as well");
        general.messages.get_mut(&ts(0, 5)).unwrap()["thread_ts"] = json!(ts(0, 1));
    }
    sync(&mut replica, &config).await.unwrap();
    assert!(!replica.documents.contains_key("C1/2023-11-20"), "nothing is left of that day");
    let thread = &replica.documents[&format!("C1/{}", ts(0, 1))];
    assert!(thread.text.contains("newest") && thread.text.contains("bob (2023-11-20 12:00):\nan answer to @ann"));
    assert_eq!(thread.title.as_deref(), Some("#general: newest"));
}

#[tokio::test]
async fn only_the_window_is_read_again() {
    let (config, slack) = workspace().await;
    let mut replica = Replica::default();
    sync(&mut replica, &config).await.unwrap();
    {
        let mut slack = slack.lock().unwrap();
        let general = slack.channels.get_mut("C1").unwrap();
        general.messages.remove(&ts(18, 1));
        general.messages.remove(&ts(1, 2));
        general.say(&ts(0, 1), "edited");
    }
    sync(&mut replica, &config).await.unwrap();
    assert!(replica.documents["C1/2023-11-02"].text.contains("ancient"), "18 days are beyond the window of 14");
    assert!(!replica.documents["C1/2023-11-19"].text.contains("second"));
    assert!(replica.documents["C1/2023-11-20"].text.contains("edited"));
    replica.cursor = None;
    sync(&mut replica, &config).await.unwrap();
    assert!(!replica.documents.contains_key("C1/2023-11-02"), "a sync from the start sees it");
}

#[tokio::test]
async fn public_channels_are_for_members_and_private_ones_for_those_inside() {
    let (config, slack) = workspace().await;
    let mut replica = Replica::default();
    sync(&mut replica, &config).await.unwrap();
    assert_eq!(replica.readers("ancient").into_iter().collect::<Vec<_>>(), ["ann@example.com", "bob@example.com"]);
    {
        let mut slack = slack.lock().unwrap();
        let general = slack.channels.get_mut("C1").unwrap();
        general.is_private = true;
        general.members = ["U1", "U3", "U4", "U9"].map(String::from).to_vec();
    }
    sync(&mut replica, &config).await.unwrap();
    let readers: Vec<_> = replica.readers("ancient").into_iter().collect();
    assert_eq!(readers, ["ann@example.com", "gus@example.com", "zoe@partner.example"], "also beyond the window");
    for error in ["user_not_visible", "user_not_found"] {
        slack.lock().unwrap().refusals.insert("users.info", json!({"ok": false, "error": error}));
        sync(&mut replica, &config).await.unwrap();
        assert_eq!(replica.readers("ancient").into_iter().collect::<Vec<_>>(), ["ann@example.com", "gus@example.com"]);
    }
}

#[tokio::test]
async fn a_channel_that_the_app_leaves_is_forgotten_and_a_new_one_read_from_its_start() {
    let (config, slack) = workspace().await;
    let mut replica = Replica::default();
    sync(&mut replica, &config).await.unwrap();
    {
        let mut slack = slack.lock().unwrap();
        slack.channels.get_mut("C1").unwrap().name = "elsewhere".into();
        let mut late = Channel { name: "late".into(), ..Channel::default() };
        late.say(&ts(300, 1), "long ago");
        slack.channels.insert("C2".into(), late);
    }
    sync(&mut replica, &config).await.unwrap();
    assert_eq!(replica.documents.keys().collect::<Vec<_>>(), ["C2/2023-01-24"]);
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let (config, slack) = workspace().await;
    for (error, retryable, remedy) in [
        ("ratelimited", true, "ratelimited"),
        ("internal_error", true, "internal_error"),
        ("token_revoked", false, "renew it"),
        ("missing_scope", false, "add the scope `channels:history`"),
        ("not_in_channel", false, "not_in_channel"),
    ] {
        let refusal = json!({"ok": false, "error": error, "needed": "channels:history"});
        slack.lock().unwrap().refusals.insert("conversations.history", refusal);
        let failed = sync(&mut Replica::default(), &config).await.unwrap_err();
        assert_eq!(failed.retryable, retryable, "{failed}");
        assert!(failed.message.contains(remedy) && !failed.message.contains(fake::TOKEN), "{failed}");
    }
    let wrong = SlackConfig { token: "xoxb-other".into(), ..config };
    assert!(sync(&mut Replica::default(), &wrong).await.is_err_and(|error| error.message.contains("invalid_auth")));
}

#[tokio::test]
async fn channels_can_be_chosen_and_settings_are_checked() {
    let (config, slack) = workspace().await;
    let mut other = Channel { name: "team-x".into(), ..Channel::default() };
    other.say(&ts(0, 9), "of the team");
    slack.lock().unwrap().channels.insert("C2".into(), other);
    let mut replica = Replica::default();
    sync(&mut replica, &SlackConfig { channels: vec!["#team-*".into()], ..config.clone() }).await.unwrap();
    assert_eq!(replica.documents.keys().collect::<Vec<_>>(), ["C2/2023-11-20"]);

    let nobody = crate::Parts { readers: None, ..parts() };
    let by_rule = SlackConfig { public_readers: super::PublicReaders::Rule, ..config.clone() };
    assert!(by_rule.open(nobody).is_err());
    assert!(SlackConfig { channels: vec!["a[".into()], ..config.clone() }.open(parts()).is_err());
    assert!(SlackConfig { token: " ".into(), ..config }.open(parts()).is_err());
}
