//! What the suite cannot know of wikis.

use domain::{Connector, EngineResult};
use serde_json::{Value, json};

use super::fake::Wiki;
use crate::conformance::{Replica, parts};

/// A source at `address` with `more` settings.
pub(super) fn open(address: &str, more: Value) -> EngineResult<Box<dyn Connector>> {
    let mut settings = json!({ "url": format!("{address}/w/api.php"), "requests_per_second": 10_000 });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    crate::kind("mediawiki").unwrap().open(settings, parts())
}

async fn wiki(pages: &[(&str, i32)]) -> (Wiki, String) {
    let wiki = Wiki::default();
    for (title, namespace) in pages {
        wiki.edit(title, *namespace, &format!("text of {title}"));
    }
    wiki.0.lock().unwrap().is_public = true;
    let address = wiki.serve().await;
    (wiki, address)
}

fn titles(replica: &Replica) -> Vec<&str> {
    let mut titles: Vec<_> = replica.documents.values().filter_map(|held| held.title.as_deref()).collect();
    titles.sort_unstable();
    titles
}

#[tokio::test]
async fn namespaces_are_chosen_and_a_moved_page_stays_the_same_document() {
    let (wiki, address) = wiki(&[("A", 0), ("B", 0), ("C", 0), ("Help:H", 12), ("Talk:A", 1)]).await;
    let connector = open(&address, json!({ "namespaces": [0, 12] })).unwrap();
    let mut replica = Replica::default();
    replica.sync(&*connector).await.unwrap();
    assert_eq!(titles(&replica), ["A", "B", "C", "Help:H"]);
    let id = |replica: &Replica, text: &str| {
        replica.documents.iter().find(|(_, held)| held.text.contains(text)).unwrap().0.clone()
    };
    let before = id(&replica, "text of B");
    wiki.rename("B", "New B");
    replica.sync(&*connector).await.unwrap();
    assert_eq!((titles(&replica), id(&replica, "text of B")), (vec!["A", "C", "Help:H", "New B"], before));
    assert_eq!(replica.documents[&id(&replica, "text of A")].uri, "https://wiki.example.com/wiki/A");
    wiki.rename("A", "Talk:Old A");
    wiki.0.lock().unwrap().pages.values_mut().find(|page| page.title == "Talk:Old A").unwrap().ns = 1;
    replica.sync(&*connector).await.unwrap();
    assert_eq!(titles(&replica), ["C", "Help:H", "New B"]);
}

#[tokio::test]
async fn a_page_changes_with_its_templates_and_a_broken_one_fails_alone() {
    let (wiki, address) = wiki(&[("A", 0), ("B", 0)]).await;
    let connector = open(&address, json!({})).unwrap();
    let mut replica = Replica::default();
    replica.sync(&*connector).await.unwrap();
    {
        let state = &mut *wiki.0.lock().unwrap();
        let page = state.pages.values_mut().next().unwrap();
        (page.text, page.touched) = ("from a new template".into(), 99);
        state.broken.push("B".into());
    }
    wiki.edit("B", 0, "cannot be rendered");
    replica.sync(&*connector).await.unwrap();
    assert_eq!(replica.found(["from a new template".to_owned(), "text of B".to_owned()]).len(), 2);
    assert!(replica.failures.values().next().unwrap().contains("render B"), "{:?}", replica.failures);
}

#[tokio::test]
async fn a_page_that_was_renamed_while_the_list_was_read_is_not_lost() {
    let (wiki, address) = wiki(&[("A", 0), ("B", 0), ("C", 0)]).await;
    let connector = open(&address, json!({})).unwrap();
    let mut replica = Replica::default();
    replica.sync(&*connector).await.unwrap();
    let first = *wiki.0.lock().unwrap().pages.keys().next().unwrap();
    wiki.0.lock().unwrap().slipped = Some(first);
    replica.sync(&*connector).await.unwrap();
    assert_eq!(titles(&replica), ["A", "B", "C"]);
}

#[tokio::test]
async fn busy_wikis_are_asked_again_and_closed_ones_named() {
    let (wiki, address) = wiki(&[("A", 0)]).await;
    let mut replica = Replica::default();
    wiki.0.lock().unwrap().faults = vec!["maxlag", "ratelimited"];
    replica.sync(&*open(&address, json!({})).unwrap()).await.unwrap();
    assert_eq!(replica.documents.len(), 1);
    wiki.0.lock().unwrap().is_public = false;
    let error = replica.sync(&*open(&address, json!({})).unwrap()).await.unwrap_err();
    assert!(!error.retryable && error.message.contains("bot password"), "{error}");
    let wrong = json!({ "user": "Ann@footnote", "password": "wrong-one" });
    let error = replica.sync(&*open(&address, wrong).unwrap()).await.unwrap_err();
    assert!(
        !error.retryable && error.message.contains("Special:BotPasswords") && !error.message.contains("wrong-one"),
        "{error}"
    );
    replica.sync(&*open(&address, json!({ "token": "oauth-token" })).unwrap()).await.unwrap();
    wiki.0.lock().unwrap().faults = vec!["assertuserfailed"; 5];
    assert!(replica.sync(&*open(&address, json!({ "token": "oauth-token" })).unwrap()).await.unwrap_err().retryable);
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused() {
    for settings in [
        json!({ "url": "https://wiki.example.com/" }),
        json!({ "namespaces": [] }),
        json!({ "user": "Ann" }),
        json!({ "user": "Ann", "password": "x", "token": "y" }),
    ] {
        assert!(open("http://x.org", settings.clone()).is_err(), "{settings}");
    }
    assert_eq!(crate::kind("mediawiki").unwrap().secrets(), ["password", "token"]);
}
