//! What the suite cannot know of SharePoint: folders, forgotten places, drives that go, refusals.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{
    conformance::config,
    fake::{self, Drives, Item},
};
use crate::{
    SourceConfig,
    conformance::{Replica, parts},
    graph::fake::{Shared, start},
};

const LIBRARY: &str = "b!library";

struct Site {
    address: String,
    tenant: Shared<Drives>,
}

impl Site {
    async fn new() -> Self {
        let (address, tenant) = start(Drives::default()).await;
        let site = Self { address, tenant };
        site.put("ann-drive", "own", |_| ());
        site
    }

    fn put(&self, drive: &str, id: &str, more: impl FnOnce(&mut Item)) {
        let mut item = Item {
            name: format!("{id}.txt"),
            text: format!("text of {id}"),
            permissions: vec![fake::user("ann@example.com")],
            ..Item::default()
        };
        more(&mut item);
        self.tenant.lock().unwrap().service.put(drive, id, item);
    }

    async fn sync(&self, replica: &mut Replica, more: Value) -> Result<(), domain::EngineError> {
        let connector = config(&self.address, more).open(parts())?;
        replica.sync(&*connector).await
    }
}

fn ids(replica: &Replica) -> Vec<&str> {
    replica.documents.keys().map(String::as_str).collect()
}

#[tokio::test]
async fn folders_are_left_out_and_refusals_named() {
    let site = Site::new().await;
    site.put(LIBRARY, "folder", |item| item.is_folder = true);
    site.put(LIBRARY, "kept", |item| item.refusal = Some(StatusCode::FORBIDDEN));
    site.put(LIBRARY, "long", |item| item.text = "x".repeat(2_000));
    site.put(LIBRARY, "owners", |item| {
        item.permissions =
            vec![json!({"roles": ["write"], "grantedToV2": {"siteGroup": {"displayName": "Team Owners"}}})];
    });
    let mut replica = Replica::default();
    site.sync(&mut replica, json!({"max_file_bytes": 1_000})).await.unwrap();
    assert_eq!(ids(&replica), ["ann-drive/own"]);
    let reasons: Vec<_> = replica.failures.iter().map(|(id, reason)| format!("{id}: {reason}")).collect();
    assert_eq!(
        reasons,
        [
            "b!library/kept: SharePoint does not hand it out: 403 Forbidden",
            "b!library/long: it has 2000 bytes, over the limit of 1000",
            "b!library/owners: only groups of the site may read it: say under `site_groups` who is in Team Owners",
        ]
    );
    let mut replica = Replica::default();
    site.sync(&mut replica, json!({"site_groups": {"Team Owners": ["user:bob@example.com"]}})).await.unwrap();
    assert_eq!(replica.readers("text of owners").into_iter().collect::<Vec<_>>(), ["bob@example.com"]);
}

#[tokio::test]
async fn a_folder_that_goes_or_is_shared_anew_counts_for_all_below_it() {
    let site = Site::new().await;
    site.put(LIBRARY, "folder", |item| item.is_folder = true);
    site.put(LIBRARY, "a", |_| ());
    site.put(LIBRARY, "b", |_| ());
    let mut replica = Replica::default();
    site.sync(&mut replica, json!({})).await.unwrap();
    {
        // Only the folder is named; what is in it has other readers now.
        let drives = &mut site.tenant.lock().unwrap().service;
        let items = drives.drives.get_mut(LIBRARY).unwrap();
        items.get_mut("folder").unwrap().is_shared_anew = true;
        items.get_mut("a").unwrap().permissions = vec![fake::user("bob@example.com")];
        drives.note(LIBRARY, "folder");
    }
    site.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!(replica.readers("text of a").into_iter().collect::<Vec<_>>(), ["bob@example.com"]);
    assert_eq!(replica.fetched, 0);
    {
        let drives = &mut site.tenant.lock().unwrap().service;
        let items = drives.drives.get_mut(LIBRARY).unwrap();
        items.remove("folder");
        items.remove("a");
        drives.log.retain(|(.., id)| id != "a");
        drives.note(LIBRARY, "folder");
    }
    site.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!(ids(&replica), ["ann-drive/own", "b!library/b"]);
}

#[tokio::test]
async fn a_place_that_graph_forgot_starts_over() {
    let site = Site::new().await;
    site.put(LIBRARY, "a", |_| ());
    site.put(LIBRARY, "b", |_| ());
    let mut replica = Replica::default();
    site.sync(&mut replica, json!({})).await.unwrap();
    {
        let drives = &mut site.tenant.lock().unwrap().service;
        drives.drives.get_mut(LIBRARY).unwrap().remove("a");
        drives.log.retain(|(.., id)| id != "a");
        drives.forgotten = 1_000;
    }
    site.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!((ids(&replica), replica.fetched), (vec!["ann-drive/own", "b!library/b"], 0));
}

#[tokio::test]
async fn what_is_no_longer_read_is_forgotten_and_what_is_for_nobody_is_read_by_nobody() {
    let site = Site::new().await;
    site.put(LIBRARY, "a", |_| ());
    site.put(LIBRARY, "b", |_| ());
    let mut replica = Replica::default();
    site.sync(&mut replica, json!({})).await.unwrap();
    site.put(LIBRARY, "a", |item| {
        item.permissions = vec![json!({"roles": ["read"], "link": {"scope": "organization"}})]
    });
    site.sync(&mut replica, json!({"users": []})).await.unwrap();
    assert_eq!(ids(&replica), ["b!library/a", "b!library/b"]);
    assert!(replica.readers("text of a").is_empty() && replica.failures["b!library/a"].contains("by link"));
    let mut by_link = Replica::default();
    site.sync(&mut by_link, json!({"links_count": true})).await.unwrap();
    assert_eq!(by_link.readers("text of a").into_iter().collect::<Vec<_>>(), ["everyone"]);
}

#[tokio::test]
async fn what_is_closed_is_for_nobody_and_ends_no_sync() {
    let site = Site::new().await;
    site.put(LIBRARY, "a", |_| ());
    let mut replica = Replica::default();
    site.sync(&mut replica, json!({})).await.unwrap();
    let close = |has_left: bool, closed: &[&str]| {
        let drives = &mut site.tenant.lock().unwrap().service;
        (drives.has_left, drives.closed) = (has_left, closed.iter().map(ToString::to_string).collect());
    };
    for (has_left, closed, failure) in
        [(true, &[][..], "drives of ann@example.com"), (false, &["ann-drive"][..], "drive ann-drive")]
    {
        for cursor in [replica.cursor.clone(), None] {
            // Without a cursor nobody knows whose the drive was.
            let is_known = cursor.is_some() || !has_left;
            let mut replica = Replica { cursor, ..replica.clone() };
            close(has_left, closed);
            site.put(LIBRARY, "a", |item| item.text = format!("other text {failure} {is_known}"));
            site.sync(&mut replica, json!({})).await.unwrap();
            assert_eq!(ids(&replica).contains(&"ann-drive/own"), is_known);
            assert!(replica.readers("text of own").is_empty() && replica.failures.contains_key(failure));
            assert!(replica.documents["b!library/a"].text.contains(failure), "the others are read");
            close(false, &[]);
            site.sync(&mut replica, json!({})).await.unwrap();
            assert_eq!(replica.readers("text of own").into_iter().collect::<Vec<_>>(), ["ann@example.com"]);
            assert_eq!((replica.failures.len(), replica.fetched), (0, usize::from(!is_known)));
        }
    }
}

#[tokio::test]
async fn a_size_that_is_wrong_for_good_is_no_reason_to_stop() {
    let site = Site::new().await;
    site.put(LIBRARY, "a", |item| item.missing = 100);
    let mut replica = Replica::default();
    site.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!((ids(&replica), replica.failures.len()), (vec!["ann-drive/own", "b!library/a"], 0));
}

#[tokio::test]
async fn a_group_that_is_closed_is_for_nobody_and_ends_no_sync() {
    let site = Site::new().await;
    site.put(LIBRARY, "a", |item| {
        item.permissions = vec![json!({"roles": ["read"], "grantedToV2": {"group": {"id": "g1"}}})];
    });
    site.tenant.lock().unwrap().groups.insert("g1".into(), vec![crate::graph::fake::person("bob@example.com")]);
    let mut replica = Replica::default();
    site.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!(replica.readers("text of a").len(), 1);
    site.tenant.lock().unwrap().closed.insert("g1".into());
    site.sync(&mut replica, json!({})).await.unwrap();
    assert!(replica.readers("text of a").is_empty() && replica.failures.contains_key("group g1"));
    site.tenant.lock().unwrap().closed.clear();
    site.sync(&mut replica, json!({})).await.unwrap();
    assert!(replica.readers("text of a").len() == 1 && replica.failures.is_empty(), "{:?}", replica.failures);
}

#[tokio::test]
async fn settings_are_checked() {
    let site = Site::new().await;
    let open = |more: Value| config(&site.address, more).open(parts()).map(drop);
    assert!(open(json!({})).is_ok());
    for (more, said) in [
        (json!({"sites": [], "users": []}), "name `sites` or `users`"),
        (json!({"sites": ["contoso/team"]}), "write https://HOST/sites/NAME"),
        (json!({"sites": ["http://contoso.sharepoint.com/sites/team"]}), "write https://HOST/sites/NAME"),
        (json!({"tenant": "a/../b"}), "neither an id nor a domain"),
        (json!({"graph_url": "nowhere"}), "graph_url"),
    ] {
        let error = open(more).unwrap_err();
        assert!(error.message.contains(said), "{error}");
    }
    let error = site.sync(&mut Replica::default(), json!({"client_secret": "hunter2"})).await.unwrap_err();
    assert!(error.message.contains("credentials") && !error.message.contains("hunter2"), "{error}");
}
