//! What a wiki can hold beyond the suite: restrictions along the tree, and what cannot be told.

use super::{
    conformance::connector,
    fake::{Fake, TOKEN},
    *,
};
use crate::conformance::{Replica, parts};

const EDITIONS: [Edition; 2] = [Edition::Cloud, Edition::DataCenter];

async fn synced(fake: &Fake, edition: Edition) -> Replica {
    let mut replica = Replica::default();
    replica.sync(&*connector(edition, &fake.address)).await.unwrap();
    replica
}

fn readers(replica: &Replica, marker: &str) -> Vec<String> {
    replica.readers(marker).into_iter().collect()
}

#[tokio::test]
async fn a_restriction_narrows_everything_below_it() {
    for edition in EDITIONS {
        let fake = Fake::start(edition).await;
        fake.put("1", "page", "home", None);
        fake.put("2", "page", "closed", Some("1"));
        fake.put("3", "page", "inner", Some("2"));
        fake.put("4", "page", "innermost", Some("3"));
        fake.lock().groups.insert("crew".into(), ["ann", "bob", "out"].map(Into::into).into());
        fake.restrict("2", &[], &["crew"]);
        fake.restrict("4", &["bob", "eve"], &[]);
        let replica = synced(&fake, edition).await;
        let all = ["ann@example.com", "bob@example.com", "eve@example.com", "zoe@example.com"];
        assert_eq!(readers(&replica, ">home<"), all, "the space's own readers");
        assert_eq!(
            readers(&replica, ">closed<"),
            ["ann@example.com", "bob@example.com"],
            "no reader from outside the space"
        );
        assert_eq!(readers(&replica, ">inner<"), ["ann@example.com", "bob@example.com"]);
        assert_eq!(readers(&replica, ">innermost<"), ["bob@example.com"], "both restrictions hold");
        fake.lock().grants = vec!["anonymous".into()];
        let replica = synced(&fake, edition).await;
        assert_eq!(readers(&replica, ">home<"), ["everyone"]);
        assert_eq!(readers(&replica, ">closed<"), ["ann@example.com", "bob@example.com", "out@example.com"]);
    }
}

#[tokio::test]
async fn a_restricted_folder_narrows_too() {
    let fake = Fake::start(Edition::Cloud).await;
    fake.put("9", "folder", "", None);
    fake.put("2", "page", "filed", Some("9"));
    fake.restrict("9", &["ann"], &[]);
    assert_eq!(readers(&synced(&fake, Edition::Cloud).await, ">filed<"), ["ann@example.com"]);
}

#[tokio::test]
async fn long_restrictions_are_read_to_their_end() {
    for edition in EDITIONS {
        let fake = Fake::start(edition).await;
        fake.put("1", "page", "first", None);
        fake.put("1", "page", "long", None);
        fake.lock().grants = vec!["anonymous".into()];
        fake.restrict("1", &["a", "b", "c", "d", "e"], &[]);
        assert_eq!(readers(&synced(&fake, edition).await, ">long<").len(), 5);
    }
}

#[tokio::test]
async fn a_page_whose_readers_cannot_be_told_fails_with_all_below_it() {
    for edition in EDITIONS {
        let fake = Fake::start(edition).await;
        fake.put("1", "page", "open", None);
        fake.put("2", "page", "secretive", None);
        fake.put("3", "page", "below", Some("2"));
        fake.put("4", "page", "lost group", None);
        fake.lock().items.get_mut("2").unwrap().is_secretive = true;
        fake.restrict("4", &[], &["gone"]);
        let replica = synced(&fake, edition).await;
        assert_eq!(replica.documents.keys().collect::<Vec<_>>(), ["1"]);
        assert_eq!(replica.failures.keys().collect::<Vec<_>>(), ["2", "3", "4"]);
        assert!(replica.failures["2"].contains("right or scope"), "{}", replica.failures["2"]);
        assert!(replica.failures["4"].contains("group"), "{}", replica.failures["4"]);
    }
}

#[tokio::test]
async fn a_space_for_anonymous_visitors_is_for_everyone_only_where_the_settings_say_so() {
    let fake = Fake::start(Edition::DataCenter).await;
    fake.put("1", "page", "home", None);
    fake.lock().grants = vec!["anonymous".into(), "user:zoe".into()];
    for (settings, expected) in [("{}", "zoe@example.com"), ("{\"anonymous_counts\": true}", "everyone")] {
        let mut config: serde_json::Value = serde_json::from_str(settings).unwrap();
        (config["url"], config["edition"], config["token"]) =
            (fake.address.clone().into(), "data_center".into(), TOKEN.into());
        let mut replica = Replica::default();
        replica.sync(&*crate::kind("confluence").unwrap().open(config, parts()).unwrap()).await.unwrap();
        assert_eq!(readers(&replica, ">home<"), [expected]);
    }
}

#[tokio::test]
async fn a_page_deleted_during_the_listing_hides_no_other() {
    let fake = Fake::start(Edition::DataCenter).await;
    for id in ["1", "2", "3", "4"] {
        fake.put(id, "page", &format!("text {id}"), None);
    }
    let mut replica = synced(&fake, Edition::DataCenter).await;
    fake.lock().vanishing = Some("1".into());
    replica.sync(&*connector(Edition::DataCenter, &fake.address)).await.unwrap();
    assert_eq!(
        replica.documents.keys().collect::<Vec<_>>(),
        ["1", "2", "3", "4"],
        "the first was listed before it went"
    );
    replica.sync(&*connector(Edition::DataCenter, &fake.address)).await.unwrap();
    assert_eq!(replica.documents.keys().collect::<Vec<_>>(), ["2", "3", "4"]);
    assert!(!readers(&replica, ">text 3<").is_empty());
}

#[tokio::test]
async fn nobody_reads_a_space_that_cannot_be_listed_and_what_is_gone_goes() {
    for edition in EDITIONS {
        let fake = Fake::start(edition).await;
        for id in ["1", "2"] {
            fake.put(id, "page", &format!("text {id}"), None);
        }
        let mut replica = synced(&fake, edition).await;
        fake.lock().is_closed = true;
        fake.lock().items.get_mut("2").unwrap().is_trashed = true;
        replica.sync(&*connector(edition, &fake.address)).await.unwrap();
        assert_eq!(replica.documents.keys().collect::<Vec<_>>(), ["1"]);
        assert!(readers(&replica, ">text 1<").is_empty() && replica.failures.contains_key("space DOC"));
        fake.lock().is_closed = false;
        replica.sync(&*connector(edition, &fake.address)).await.unwrap();
        assert!(!readers(&replica, ">text 1<").is_empty() && replica.failures.is_empty(), "{:?}", replica.failures);
    }
}

#[tokio::test]
async fn an_account_without_an_address_reads_nothing() {
    let fake = Fake::start(Edition::Cloud).await;
    fake.lock().grants = vec!["user:shy".into()];
    fake.put("1", "page", "quiet", None);
    let replica = synced(&fake, Edition::Cloud).await;
    assert!(replica.documents.contains_key("1") && readers(&replica, ">quiet<").is_empty());
}

#[tokio::test]
async fn a_moved_page_keeps_its_id_and_links_lead_to_the_site() {
    for (edition, link) in [(Edition::Cloud, "/wiki/spaces/DOC/pages/2"), (Edition::DataCenter, "/display/DOC/2")] {
        let fake = Fake::start(edition).await;
        fake.put("1", "page", "home", None);
        fake.put("2", "page", "mover", None);
        let before = synced(&fake, edition).await;
        fake.lock().items.get_mut("2").unwrap().parent = Some("1".into());
        let after = synced(&fake, edition).await;
        assert_eq!(before.documents, after.documents);
        assert_eq!(after.documents["2"].uri, format!("{}{link}", fake.address));
        assert_eq!(after.documents["2"].title.as_deref(), Some("Title 2"));
    }
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let config = |text: &str| crate::kind("confluence").unwrap().open(serde_json::from_str(text).unwrap(), parts());
    let token = format!("\"token\": \"{TOKEN}\"");
    let cloud = format!("{{\"url\": \"https://a.atlassian.net\", \"edition\": \"cloud\", {token}}}");
    assert!(config(&cloud).is_err_and(|error| error.message.contains("`email`")));
    let odd = format!("{{\"url\": \"file:///etc\", \"edition\": \"data_center\", {token}}}");
    assert!(config(&odd).is_err_and(|error| error.message.contains("https://HOST")));
    let more = format!("{{\"url\": \"https://a.example\", \"edition\": \"data_center\", {token}, \"space\": []}}");
    assert!(config(&more).is_err_and(|error| error.message.contains("space")));
    assert_eq!(crate::kind("confluence").unwrap().secrets(), ["token"]);

    let fake = Fake::start(Edition::DataCenter).await;
    let url = fake.address.clone();
    let spaces = ["NONE"];
    let config: serde_json::Value =
        serde_json::json!({ "url": url, "edition": "data_center", "token": TOKEN, "spaces": spaces });
    let connector = crate::kind("confluence").unwrap().open(config, parts());
    let error = Replica::default().sync(&*connector.unwrap()).await.err().unwrap();
    assert!(!error.retryable && error.message.contains("NONE"), "{error}");
}
