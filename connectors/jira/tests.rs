//! What Jira can hold beyond the suite: comments for some, schemes of every kind, time that JQL cannot tell apart.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    conformance::connector,
    fake::{Fake, TOKEN},
    *,
};
use crate::conformance::{Replica, parts};

const EDITIONS: [Edition; 2] = [Edition::Cloud, Edition::DataCenter];

async fn sync(replica: &mut Replica, fake: &Fake, edition: Edition, listing_hours: u32) {
    replica.sync(&*connector(edition, &fake.address, listing_hours)).await.unwrap();
}

async fn synced(fake: &Fake, edition: Edition) -> Replica {
    let mut replica = Replica::default();
    sync(&mut replica, fake, edition, 24).await;
    replica
}

fn comment(text: &str, more: Value) -> Value {
    let mut comment = json!({
        "id": "1", "author": { "displayName": "Ann" }, "body": text, "created": "2026-03-01T10:00:00.000+0000",
    });
    comment.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    comment
}

#[tokio::test]
async fn comments_are_read_to_the_last_but_not_those_for_some_only() {
    for edition in EDITIONS {
        let fake = Fake::start(edition).await;
        fake.put("1", "the description");
        fake.lock().issues.get_mut("1").unwrap().comments = vec![
            comment("first", json!({})),
            comment("hidden", json!({ "visibility": { "type": "role", "value": "Administrators" } })),
            comment("internal", json!({ "jsdPublic": false })),
            comment("answer", json!({ "jsdPublic": true })),
            comment("last", json!({})),
        ];
        let replica = synced(&fake, edition).await;
        let expected = "# DOC-1: Summary 1\n\n- Type: Bug\n- Status: Open\n- Labels: odd\n\nthe description\n\
            \n## Comment by Ann, 2026-03-01\n\nfirst\n\n## Comment by Ann, 2026-03-01\n\nanswer\n\
            \n## Comment by Ann, 2026-03-01\n\nlast\n";
        assert_eq!(replica.documents["1"].text, expected);
        assert_eq!(replica.documents["1"].uri, format!("{}/browse/DOC-1", fake.address));
    }
}

#[tokio::test]
async fn holders_of_every_kind_resolve_to_people() {
    let all = ["ann@example.com", "bob@example.com", "eve@example.com"];
    for edition in EDITIONS {
        let user = if edition == Edition::Cloud { "acc-kim" } else { "key-kim" };
        let cases: [(Value, &[&str]); 6] = [
            (json!({ "type": "group", "parameter": "staff", "value": "gid-staff" }), &all),
            (json!({ "type": "applicationRole" }), &all),
            (json!({ "type": "user", "parameter": user }), &["kim@example.com"]),
            (json!({ "type": "projectLead" }), &["lea@example.com"]),
            (json!({ "type": "anyone" }), &["everyone"]),
            (json!({ "type": "reporter" }), &[]),
        ];
        for (holder, expected) in cases {
            let fake = Fake::start(edition).await;
            fake.put("1", "words");
            fake.lock().browsers = vec![holder.clone()];
            let readers = synced(&fake, edition).await.readers("words");
            assert_eq!(readers.into_iter().collect::<Vec<_>>(), expected, "{holder}");
        }
    }
}

#[tokio::test]
async fn a_security_level_narrows_the_project_and_a_closed_one_fails() {
    let fake = Fake::start(Edition::Cloud).await;
    fake.put("1", "words");
    let outsider = json!({ "type": "user", "parameter": "acc-out" });
    fake.lock().levels.insert("5".into(), vec![json!({ "type": "user", "parameter": "acc-ann" }), outsider]);
    fake.lock().issues.get_mut("1").unwrap().level = Some("5".into());
    let replica = synced(&fake, Edition::Cloud).await;
    assert_eq!(replica.readers("words").into_iter().collect::<Vec<_>>(), ["ann@example.com"]);

    for edition in EDITIONS {
        let fake = Fake::start(edition).await;
        fake.put("1", "words");
        fake.lock().issues.get_mut("1").unwrap().level = Some("9".into());
        let replica = synced(&fake, edition).await;
        assert!(replica.documents.is_empty() && replica.failures["1"].contains("Level 9"), "{:?}", replica.failures);
    }
}

#[tokio::test]
async fn nobody_reads_a_project_whose_scheme_is_closed() {
    for (edition, is_open) in EDITIONS.into_iter().flat_map(|edition| [(edition, false), (edition, true)]) {
        let fake = Fake::start(edition).await;
        for id in ["1", "2"] {
            fake.put(id, &format!("words {id}"));
            fake.lock().issues.get_mut(id).unwrap().updated -= SignedDuration::from_hours(100);
        }
        if is_open {
            fake.lock().browsers.push(json!({ "type": "anyone" }));
        }
        let mut replica = synced(&fake, edition).await;
        let before = replica.readers("words 1");
        assert!(!before.is_empty());
        fake.lock().is_admin = false;
        fake.lock().issues.remove("2");
        for hours in [24, 0] {
            sync(&mut replica, &fake, edition, hours).await;
            assert!(replica.readers("words 1").is_empty() && replica.documents.contains_key("1"));
            assert!(replica.failures["project DOC"].contains("permission scheme"), "{:?}", replica.failures);
        }
        assert!(!replica.documents.contains_key("2"), "what is gone is gone in a closed project too");
        fake.lock().is_admin = true;
        sync(&mut replica, &fake, edition, 24).await;
        assert_eq!((replica.readers("words 1"), replica.fetched), (before, 0));
        assert!(replica.failures.is_empty(), "{:?}", replica.failures);
    }
}

#[tokio::test]
async fn an_issue_that_gets_a_level_nobody_tells_the_members_of_is_for_nobody() {
    for edition in EDITIONS {
        let fake = Fake::start(edition).await;
        fake.put("1", "words");
        let mut replica = synced(&fake, edition).await;
        assert!(!replica.readers("words").is_empty());
        fake.lock().issues.get_mut("1").unwrap().level = Some("9".into());
        sync(&mut replica, &fake, edition, 24).await;
        assert!(replica.readers("words").is_empty() && replica.failures["1"].contains("Level 9"));
    }
}

#[tokio::test]
async fn a_project_that_closes_is_visited_again() {
    let fake = Fake::start(Edition::Cloud).await;
    fake.put("1", "words");
    fake.lock().issues.get_mut("1").unwrap().updated -= SignedDuration::from_hours(100);
    fake.put("2", "more");
    let browsers = fake.lock().browsers.clone();
    fake.lock().browsers.push(json!({ "type": "anyone" }));
    let mut replica = synced(&fake, Edition::Cloud).await;
    assert!(replica.readers("words").contains("everyone"));
    fake.lock().browsers = browsers;
    sync(&mut replica, &fake, Edition::Cloud, 24).await;
    assert!(!replica.readers("words").contains("everyone"), "the old issue too");
    assert_eq!(replica.fetched, 0);
}

#[tokio::test]
async fn later_syncs_ask_for_what_is_new_and_listings_find_the_rest() {
    for edition in EDITIONS {
        let fake = Fake::start(edition).await;
        for id in ["1", "2", "3", "4"] {
            fake.put(id, &format!("words {id}"));
            fake.lock().issues.get_mut(id).unwrap().updated -= SignedDuration::from_hours(3);
        }
        let mut replica = synced(&fake, edition).await;
        fake.lock().searches.clear();
        fake.put("5", "an index that lags");
        fake.put("6", "news");
        fake.lock().issues.get_mut("5").unwrap().is_lagging = true;
        fake.lock().issues.remove("1");
        sync(&mut replica, &fake, edition, 24).await;
        assert!(!replica.documents.contains_key("5") && replica.documents.contains_key("6"));
        assert!(replica.documents.contains_key("1"), "a listing is not due");
        let asked = fake.lock().searches.clone();
        let minutes = asked[0].split("\"-").nth(1).and_then(|rest| rest.split('m').next()).unwrap();
        assert!((235..=245).contains(&minutes.parse::<i64>().unwrap()), "{asked:?}");
        sync(&mut replica, &fake, edition, 0).await;
        assert_eq!(replica.documents.keys().collect::<Vec<_>>(), ["2", "3", "4", "5", "6"]);
    }
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    let open = |value: Value| crate::kind("jira").unwrap().open(value, parts()).map(|_| ());
    let config = |more: Value| {
        let mut config = json!({ "url": "https://a.example", "edition": "data_center", "token": TOKEN });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        config
    };
    assert!(open(config(json!({}))).is_ok());
    assert!(open(config(json!({ "edition": "cloud" }))).is_err_and(|error| error.message.contains("`email`")));
    assert!(open(config(json!({ "filter": "a = b order by x" }))).is_err_and(|error| error.message.contains("filter")));
    assert!(open(config(json!({ "requests_per_second": 0 }))).is_err());
}
