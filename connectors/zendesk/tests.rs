//! What a help center can hold beyond the suite: drafts, segments of every kind, changes within a second.

use serde_json::{Value, json};

use super::{
    conformance::config,
    fake::{Fake, SECRET},
    *,
};
use crate::conformance::{Replica, clock, parts};

async fn synced(fake: &Fake) -> Replica {
    let mut replica = Replica::default();
    replica.sync(&*config(&fake.address).open(parts()).unwrap()).await.unwrap();
    replica
}

#[tokio::test]
async fn segments_of_every_kind_find_people() {
    let cases: [(Value, &[&str]); 7] = [
        (json!({ "user_type": "signed_in_users" }), &["everyone"]),
        (json!({ "user_type": "staff" }), &["ann@example.com", "bob@example.com", "eve@example.com"]),
        (json!({ "user_type": "staff", "group_ids": [1, 2] }), &["ann@example.com", "bob@example.com"]),
        (
            json!({ "user_type": "staff", "group_ids": [1], "added_user_ids": [5] }),
            &["ann@example.com", "user5@example.com"],
        ),
        (json!({ "user_type": "signed_in_users", "organization_ids": [3] }), &["kim@example.com"]),
        (json!({ "user_type": "staff", "organization_ids": [3] }), &[]),
        (json!({ "user_type": "something_new" , "group_ids": [2]}), &["bob@example.com"]),
    ];
    for (segment, expected) in cases {
        let fake = Fake::start().await;
        fake.put(1, "words");
        fake.set_users("users", &["ann", "bob", "eve", "gus"]);
        fake.set_users("groups/1/users", &["ann", "gus"]);
        fake.set_users("groups/2/users", &["bob"]);
        fake.set_users("organizations/3/users", &["kim"]);
        fake.lock().segments.insert(7, segment.clone());
        fake.lock().articles.get_mut(&1).unwrap()["user_segment_id"] = 7.into();
        let readers: Vec<String> = synced(&fake).await.readers("words").into_iter().collect();
        assert_eq!(readers, expected, "{segment}");
    }
}

#[tokio::test]
async fn segments_that_cannot_be_told_fail() {
    for (segment, reason) in [
        (Some(json!({ "user_type": "staff", "tags": ["vip"] })), "tags"),
        (Some(json!({ "user_type": "staff", "group_ids": [9] })), "nothing is there"),
        (None, "nothing is there"),
    ] {
        let fake = Fake::start().await;
        fake.put(1, "words");
        fake.lock().segments.extend(segment.map(|segment| (7, segment)));
        fake.lock().articles.get_mut(&1).unwrap()["user_segment_ids"] = json!([7]);
        let replica = synced(&fake).await;
        assert!(replica.documents.is_empty() && replica.failures["1"].contains(reason), "{:?}", replica.failures);
    }
}

#[tokio::test]
async fn a_draft_is_not_there_yet_and_not_any_more() {
    let fake = Fake::start().await;
    fake.put(1, "one");
    fake.put(2, "two");
    let mut replica = synced(&fake).await;
    fake.lock().articles.get_mut(&2).unwrap()["draft"] = true.into();
    replica.sync(&*config(&fake.address).open(parts()).unwrap()).await.unwrap();
    assert_eq!(replica.documents.keys().collect::<Vec<_>>(), ["1"]);
    assert_eq!(replica.documents["1"].uri, "https://x.zendesk.com/hc/en-us/articles/1");
}

#[tokio::test]
async fn a_change_within_the_second_is_not_missed() {
    let fake = Fake::start().await;
    fake.put(1, "first");
    let now = (clock().now)().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    fake.lock().articles.get_mut(&1).unwrap()["updated_at"] = now.as_str().into();
    let mut replica = synced(&fake).await;
    fake.put(1, "second");
    fake.lock().articles.get_mut(&1).unwrap()["updated_at"] = now.into();
    replica.sync(&*config(&fake.address).open(parts()).unwrap()).await.unwrap();
    assert!(replica.documents["1"].text.contains("second"));
}

#[tokio::test]
async fn an_oauth_client_signs_in_too() {
    let fake = Fake::start().await;
    fake.put(1, "words");
    let (client_id, client_secret) = (Some("client".to_owned()), Some(SECRET.into()));
    let oauth = ZendeskConfig { email: None, token: None, client_id, client_secret, ..config(&fake.address) };
    let mut replica = Replica::default();
    replica.sync(&*oauth.open(parts()).unwrap()).await.unwrap();
    assert!(replica.documents.contains_key("1"));
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let open = |settings: Value| crate::kind("zendesk").unwrap().open(settings, parts()).map(|_| ());
    let url = "https://a.zendesk.com";
    assert!(open(json!({ "url": url, "email": "a@x.org", "token": SECRET })).is_ok());
    for settings in [json!({ "url": url }), json!({ "url": url, "email": "a@x.org", "client_secret": SECRET })] {
        assert!(open(settings).is_err_and(|error| error.message.contains("`client_id`")));
    }
    let mut secrets = crate::kind("zendesk").unwrap().secrets().to_vec();
    secrets.sort();
    assert_eq!(secrets, ["client_secret", "token"]);
}
