//! What an instance can hold beyond the suite: criteria of every kind, rows that are kept back, new versions.

use serde_json::{Value, json};

use super::{
    conformance::config,
    fake::{Fake, SECRET},
    *,
};
use crate::conformance::{Replica, parts};

/// Fields of a criterion with their values.
type Fields<'a> = &'a [(&'a str, &'a str)];
type Close = fn(&Fake);

async fn synced(fake: &Fake) -> Replica {
    let mut replica = Replica::default();
    replica.sync(&*config(&fake.address).open(parts()).unwrap()).await.unwrap();
    replica
}

fn criterion(fake: &Fake, id: &str, fields: Fields) {
    let base = [("sys_id", id), ("active", "true"), ("advanced", "false"), ("match_all", "false")];
    let mut all: Vec<(&str, &str)> =
        base.into_iter().filter(|(name, _)| fields.iter().all(|(other, _)| other != name)).collect();
    all.extend(fields);
    fake.add("user_criteria", &all);
}

fn of_base(fake: &Fake, table: &str, id: &str) {
    fake.add(table, &[("kb_knowledge_base", "kb"), ("user_criteria", id)]);
}

async fn readers(fake: &Fake) -> Vec<String> {
    let replica = synced(fake).await;
    assert!(replica.failures.is_empty(), "{:?}", replica.failures);
    replica.readers("words").into_iter().map(|email| email.trim_end_matches("@example.com").to_owned()).collect()
}

#[tokio::test]
async fn criteria_of_every_kind_find_people() {
    let cases: [(Fields, &[&str]); 7] = [
        (&[("user", "ann,gus")], &["ann"]),
        (&[("role", "knowledge")], &["eve"]),
        (&[("department", "it")], &["ann", "bob", "eve"]),
        (&[("user", "bob"), ("role", "knowledge")], &["bob", "eve"]),
        (&[("user", "ann,eve"), ("role", "knowledge"), ("match_all", "true")], &["eve"]),
        (&[("user", "ann"), ("active", "false")], &[]),
        (&[("company", "none")], &[]),
    ];
    for (fields, expected) in cases {
        let fake = Fake::start().await;
        fake.put("KB1", "words");
        fake.add("sys_user_has_role", &[("role", "knowledge"), ("user", "eve")]);
        criterion(&fake, "uc", fields);
        of_base(&fake, "kb_uc_can_read_mtom", "uc");
        assert_eq!(readers(&fake).await, expected, "{fields:?}");
    }
}

#[tokio::test]
async fn the_criteria_of_base_and_article_hold_and_refusals_always_count() {
    let fake = Fake::start().await;
    fake.put("KB1", "words");
    assert_eq!(readers(&fake).await, ["everyone"], "without criteria the source's rule holds");
    criterion(&fake, "nobob", &[("user", "bob")]);
    of_base(&fake, "kb_uc_cannot_read_mtom", "nobob");
    assert_eq!(readers(&fake).await, ["ann", "eve"], "every account but the refused");
    criterion(&fake, "few", &[("user", "bob,eve")]);
    fake.article("KB1", |article| drop(article.insert("can_read_user_criteria".into(), "few".into())));
    assert_eq!(readers(&fake).await, ["eve"]);
    criterion(&fake, "some", &[("user", "ann,bob")]);
    of_base(&fake, "kb_uc_can_read_mtom", "some");
    assert!(readers(&fake).await.is_empty(), "the article's criteria open nothing that the base's do not");
    criterion(&fake, "some", &[("user", "ann,bob,eve")]);
    assert_eq!(readers(&fake).await, ["eve"]);
    criterion(&fake, "noeve", &[("user", "eve")]);
    fake.article("KB1", |article| drop(article.insert("cannot_read_user_criteria".into(), "noeve".into())));
    assert!(readers(&fake).await.is_empty());
}

#[tokio::test]
async fn a_base_without_criteria_is_for_nobody_unless_the_instance_says_otherwise() {
    let closes: [Close; 4] = [
        |fake| fake.blocks("true"),
        |fake| drop(fake.lock().tables.remove("sys_properties")),
        |fake| fake.lock().closed.extend(["sys_properties".to_owned()]),
        |fake| fake.lock().unseen.extend(["p".to_owned()]),
    ];
    for close in closes {
        let fake = Fake::start().await;
        fake.put("KB1", "words");
        let mut replica = synced(&fake).await;
        assert_eq!(replica.readers("words").into_iter().collect::<Vec<_>>(), ["everyone"]);
        close(&fake);
        replica.sync(&*config(&fake.address).open(parts()).unwrap()).await.unwrap();
        assert!(replica.readers("words").is_empty() && replica.failures["KB1"].contains("names no readers"));
        criterion(&fake, "few", &[("user", "bob")]);
        of_base(&fake, "kb_uc_can_read_mtom", "few");
        assert_eq!(readers(&fake).await, ["bob"]);
    }
}

#[tokio::test]
async fn groups_of_many_criteria_have_short_names() {
    let fake = Fake::start().await;
    fake.put("KB1", "words");
    for number in 0..40 {
        let id = format!("{number:032}");
        criterion(&fake, &id, &[("user", "ann")]);
        of_base(&fake, "kb_uc_can_read_mtom", &id);
    }
    let connector = config(&fake.address).open(parts()).unwrap();
    let batches: Vec<Batch> = connector.changes(domain::Since::default()).map(Result::unwrap).collect().await;
    let groups = batches.iter().flat_map(|batch| &batch.changes).filter_map(|change| match change {
        Change::Members { group, members } => Some((group.len(), members.len())),
        _ => None,
    });
    let [(length, 1)] = groups.collect::<Vec<_>>()[..] else { panic!("one group is told") };
    assert!(length < 100, "{length}");
}

#[tokio::test]
async fn criteria_that_cannot_be_told_fail() {
    let closed: [(&str, Close); 4] = [
        ("script", |fake| criterion(fake, "uc", &[("advanced", "true")])),
        ("not there", |fake| drop(fake.lock().tables.remove("user_criteria"))),
        ("sys_user", |fake| fake.lock().unseen.extend(["ann".to_owned()])),
        ("kb_uc_cannot_read_mtom", |fake| fake.lock().closed.extend(["kb_uc_cannot_read_mtom".to_owned()])),
    ];
    for (reason, close) in closed {
        let fake = Fake::start().await;
        fake.put("KB1", "words");
        criterion(&fake, "uc", &[("user", "ann,bob")]);
        of_base(&fake, "kb_uc_can_read_mtom", "uc");
        close(&fake);
        let replica = synced(&fake).await;
        assert!(replica.documents.is_empty() && replica.failures["KB1"].contains(reason), "{:?}", replica.failures);
        let asks_none = ServiceNowConfig { user_criteria: false, ..config(&fake.address) };
        let mut replica = Replica::default();
        replica.sync(&*asks_none.open(parts()).unwrap()).await.unwrap();
        assert_eq!(replica.readers("words").into_iter().collect::<Vec<_>>(), ["everyone"]);
    }
}

#[tokio::test]
async fn pages_go_on_where_rows_are_kept_back() {
    let fake = Fake::start().await;
    for number in ["KB1", "KB2", "KB3", "KB4", "KB5"] {
        fake.put(number, &format!("words of {number}"));
    }
    fake.lock().unseen.extend(["idKB1".to_owned(), "idKB3".to_owned(), "idKB4".to_owned()]);
    assert_eq!(synced(&fake).await.documents.keys().collect::<Vec<_>>(), ["KB2", "KB5"]);
}

#[tokio::test]
async fn a_new_version_of_an_article_is_the_same_document() {
    let fake = Fake::start().await;
    fake.put("KB1", "old words");
    let mut replica = synced(&fake).await;
    fake.article("KB1", |article| {
        article.insert("sys_id".into(), "another".into());
        article.insert("text".into(), "new words".into());
    });
    replica.sync(&*config(&fake.address).open(parts()).unwrap()).await.unwrap();
    assert_eq!(replica.documents.keys().collect::<Vec<_>>(), ["KB1"]);
    assert_eq!(replica.documents["KB1"].text, "new words");
    assert_eq!(replica.documents["KB1"].uri, format!("{}/kb_view.do?sysparm_article=KB1", fake.address));
}

#[tokio::test]
async fn both_ways_to_sign_in_work_and_a_token_that_was_revoked_is_renewed() {
    let fake = Fake::start().await;
    fake.put("KB1", "words");
    let (user, password) = (Some("bot".to_owned()), Some(SECRET.into()));
    let basic = ServiceNowConfig { user, password, client_id: None, client_secret: None, ..config(&fake.address) };
    Replica::default().sync(&*basic.open(parts()).unwrap()).await.unwrap();
    assert_eq!(fake.lock().tokens, 0);
    let oauth = config(&fake.address).open(parts()).unwrap();
    Replica::default().sync(&*oauth).await.unwrap();
    fake.lock().tokens += 5;
    Replica::default().sync(&*oauth).await.unwrap();
    assert_eq!(fake.lock().tokens, 7);
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let open = |settings: Value| crate::kind("servicenow").unwrap().open(settings, parts()).map(|_| ());
    let url = "https://a.service-now.com";
    assert!(open(json!({ "url": url, "user": "bot", "password": SECRET })).is_ok());
    for settings in [
        json!({ "url": url }),
        json!({ "url": url, "user": "bot" }),
        json!({ "url": url, "user": "bot", "password": SECRET, "client_id": "c" }),
        json!({ "url": url, "client_id": "c", "client_secret": SECRET, "password": SECRET }),
    ] {
        assert!(open(settings).is_err_and(|error| error.message.contains("client_secret")));
    }
    let mut secrets = crate::kind("servicenow").unwrap().secrets().to_vec();
    secrets.sort();
    assert_eq!(secrets, ["client_secret", "password"]);
}
