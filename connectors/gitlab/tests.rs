//! What the suite cannot know: roles, confidential issues, internal notes, levels of parts, paging, renames, settings.

use domain::{Connector, EngineResult, Principal};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    GitlabConfig,
    fake::{Fake, set},
};
use crate::{
    Kind, Parts,
    conformance::{Replica, parts, serve},
};

struct Lab {
    fake: Fake,
    address: String,
    work: TempDir,
}

impl Lab {
    async fn new() -> Self {
        let fake = Fake::new();
        let address = serve(fake.router()).await;
        Self { fake, address, work: tempfile::tempdir().unwrap() }
    }

    fn open(&self, more: Value, rule: Option<Vec<Principal>>) -> EngineResult<Box<dyn Connector>> {
        let mut settings = json!({ "group": "acme", "url": self.address, "token": "secret" });
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        settings.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let parts = Parts { work_dir: self.work.path().to_owned(), readers: rule, ..parts() };
        Kind::of::<GitlabConfig>().open(settings, parts)
    }

    async fn sync(&self, replica: &mut Replica, more: Value) -> EngineResult<()> {
        replica.sync(&*self.open(more, Some(vec![Principal::everyone()])).unwrap()).await
    }
}

fn staff() -> Vec<(u64, u32, &'static str, Option<String>)> {
    let email = |name: &str| Some(format!("{name}@example.com"));
    vec![
        (1, 10, "active", email("guest")),
        (2, 20, "active", email("reporter")),
        (3, 50, "active", None),
        (4, 30, "blocked", email("blocked")),
        (5, 5, "active", email("minimal")),
        (6, 30, "active", None),
    ]
}

#[tokio::test]
async fn roles_decide_what_members_read() {
    let lab = Lab::new().await;
    lab.fake.with(|state| {
        state.public.insert(3, "owner@example.com".into());
        for (path, visibility) in [("acme/private", "private"), ("acme/public", "public")] {
            state.add(path, visibility);
            state.project(path).members = staff();
            state.open(path, "issues", "issue", &format!("issue of {path}"));
            let iid = state.open(path, "issues", "secret", &format!("secret of {path}"));
            state.edit(path, "issues", iid, |issue| issue.confidential = true);
            state.open(path, "merge_requests", "change", &format!("change of {path}"));
        }
        state.project("acme/public").levels = ["enabled", "private", "private", "disabled"];
    });
    for path in ["acme/private", "acme/public"] {
        lab.fake.host.write(path, "a.md", format!("file of {path}"));
        lab.fake.host.write(&format!("{path}.wiki"), "a.md", format!("wiki of {path}"));
    }
    let mut replica = Replica::default();
    lab.sync(&mut replica, json!({})).await.unwrap();
    let reporters = set(&["owner@example.com", "reporter@example.com"]);
    let members = set(&["guest@example.com", "owner@example.com", "reporter@example.com"]);
    for (marker, expected) in [
        ("issue of acme/private", &members),
        ("secret of acme/private", &reporters),
        ("change of acme/private", &reporters),
        ("wiki of acme/private", &members),
        ("file of acme/private", &reporters),
        ("issue of acme/public", &set(&["everyone"])),
        ("secret of acme/public", &reporters),
        ("change of acme/public", &reporters),
        ("wiki of acme/public", &members),
        ("file of acme/public", &set(&[])),
    ] {
        assert_eq!(&replica.readers(marker), expected, "{marker}");
    }

    lab.sync(&mut replica, json!({ "private_readers": "rule" })).await.unwrap();
    assert_eq!(replica.readers("change of acme/private"), set(&["everyone"]));
    assert_eq!(replica.readers("secret of acme/private"), reporters, "confidential issues stay with members");
}

#[tokio::test]
async fn an_issue_that_becomes_confidential_is_taken_from_the_others() {
    let lab = Lab::new().await;
    let iid = lab.fake.with(|state| {
        state.add("acme/public", "public");
        state.project("acme/public").members = staff();
        state.public.insert(3, "owner@example.com".into());
        state.open("acme/public", "issues", "leak", "text of leak")
    });
    let mut replica = Replica::default();
    lab.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!(replica.readers("text of leak"), set(&["everyone"]));
    lab.fake.with(|state| state.edit("acme/public", "issues", iid, |issue| issue.confidential = true));
    lab.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!(replica.readers("text of leak"), set(&["owner@example.com", "reporter@example.com"]));
}

#[tokio::test]
async fn an_issue_reads_as_one_conversation_without_system_and_internal_notes() {
    let lab = Lab::new().await;
    let iid = lab.fake.with(|state| {
        state.add("acme/public", "public");
        let iid = state.open("acme/public", "issues", "It breaks", "On Mondays.");
        for (kind, text) in
            [("", "Same here."), ("system", "changed the milestone"), ("internal", "a customer's name"), ("", "Fixed.")]
        {
            state.edit("acme/public", "issues", iid, |issue| issue.notes.push((kind, text.into())));
        }
        iid
    });
    let mut replica = Replica::default();
    lab.sync(&mut replica, json!({})).await.unwrap();
    let held = replica.documents.values().next().unwrap();
    assert_eq!(held.title.as_deref(), Some("It breaks"));
    assert!(held.uri.ends_with(&format!("/acme/public/-/issues/{iid}")));
    let expected = format!(
        "Issue: acme/public#{iid}  \nState: opened  \nLabels: bug  \nOpened by: root  \nOpened on: 2026-01-02  \n\nOn Mondays.\n\n\
         ## Comment by hubot on 2026-01-03\n\nSame here.\n\n## Comment by hubot on 2026-01-03\n\nFixed.\n"
    );
    assert_eq!(held.text, expected);
}

#[tokio::test]
async fn readers_that_nobody_can_say_are_reported_and_the_rule_is_not_taken_instead() {
    let lab = Lab::new().await;
    lab.fake.with(|state| {
        state.add("acme/private", "private");
        state.open("acme/private", "issues", "pay", "text of pay");
        state.hides_members = true;
    });
    let mut replica = Replica::default();
    lab.sync(&mut replica, json!({})).await.unwrap();
    assert!(replica.documents.is_empty());
    assert!(replica.failures.values().next().unwrap().contains("who may read acme/private"));

    lab.fake.with(|state| state.project("acme/private").visibility = "internal");
    let mut replica = Replica::default();
    replica.sync(&*lab.open(json!({}), None).unwrap()).await.unwrap();
    assert!(replica.documents.is_empty());
    assert!(replica.failures.values().next().unwrap().contains("--access"), "{:?}", replica.failures);
}

#[tokio::test]
async fn a_merge_request_deleted_during_the_listing_hides_no_other() {
    let lab = Lab::new().await;
    let first = lab.fake.with(|state| {
        state.add("acme/public", "public");
        let open = |t: &&str| state.open("acme/public", "merge_requests", t, &format!("text {t}"));
        ["a", "b", "c", "d"].iter().map(open).collect::<Vec<_>>()[0]
    });
    let mut replica = Replica::default();
    lab.sync(&mut replica, json!({})).await.unwrap();
    lab.fake.with(|state| state.vanishing = Some(("acme/public", first)));
    lab.sync(&mut replica, json!({})).await.unwrap();
    for text in ["text b", "text c", "text d"] {
        assert_eq!(replica.found([text.to_owned()]).len(), 1, "{text}");
    }
    lab.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!(replica.documents.len(), 3);
}

#[tokio::test]
async fn a_moved_project_keeps_its_documents_and_one_out_of_sight_is_not_deleted() {
    let lab = Lab::new().await;
    lab.fake.with(|state| {
        state.add("acme/old", "public");
        state.open("acme/old", "issues", "a", "text a");
    });
    lab.fake.host.write("acme/old", "docs/ä b.md", "a file");
    let mut replica = Replica::default();
    lab.sync(&mut replica, json!({})).await.unwrap();
    let uri = replica.documents.values().find(|held| held.text == "a file").unwrap().uri.clone();
    assert_eq!(uri, format!("{}/acme/old/-/blob/main/docs/%C3%A4%20b.md", lab.address));
    let before: Vec<_> = replica.documents.keys().cloned().collect();
    lab.fake.with(|state| state.project("acme/old").path = "acme/sub/new".into());
    std::fs::create_dir_all(lab.fake.host.root().join("acme/sub")).unwrap();
    std::fs::rename(lab.fake.host.bare("acme/old"), lab.fake.host.bare("acme/sub/new")).unwrap();
    lab.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!((replica.documents.keys().cloned().collect::<Vec<_>>(), replica.fetched), (before, 0));

    let named = json!({ "group": null, "projects": ["acme/old"] });
    let error = lab.sync(&mut replica, named).await.err().unwrap();
    assert!(!error.retryable && error.message.contains("acme%2Fold"), "{error}");
    std::fs::rename(lab.fake.host.bare("acme/sub/new"), lab.fake.host.root().join("away")).unwrap();
    lab.fake.with(|state| {
        state.add("acme/leaving", "public");
        state.open("acme/leaving", "issues", "c", "text c");
    });
    lab.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!(replica.documents.len(), 3);
    assert!(replica.failures.values().any(|reason| reason.contains("not to be seen")));
    lab.fake.with(|state| state.projects.retain(|project| project.path != "acme/leaving"));
    lab.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!(replica.documents.len(), 2, "what is out of sight is kept, a project that is gone is not");
    lab.fake.with(|state| (state.project("acme/sub/new").visibility, state.hides_members) = ("private", true));
    lab.sync(&mut replica, json!({})).await.unwrap();
    assert_eq!(
        (replica.documents.len(), replica.readers("text a"), replica.readers("a file")),
        (2, set(&[]), set(&[]))
    );
    lab.fake.with(|state| (state.project("acme/sub/new").visibility, state.hides_members) = ("public", false));

    let mirrors = lab.work.path().join("git");
    assert_eq!(std::fs::read_dir(&mirrors).unwrap().count(), 1);
    lab.fake.with(|state| {
        state.add("acme/other", "public");
        state.open("acme/other", "issues", "b", "text b");
        state.projects.retain(|project| project.path == "acme/other");
    });
    lab.sync(&mut replica, json!({ "files": false, "wiki": false })).await.unwrap();
    assert_eq!(replica.documents.values().map(|held| held.title.as_deref()).collect::<Vec<_>>(), [Some("b")]);
    assert_eq!(std::fs::read_dir(&mirrors).unwrap().count(), 0, "nothing of a deleted project stays");
}

#[tokio::test]
async fn settings_that_cannot_be_meant_are_refused() {
    let lab = Lab::new().await;
    for settings in [
        json!({ "group": null }),
        json!({ "projects": ["acme"] }),
        json!({ "token": null }),
        json!({ "url": "ssh://gitlab.example" }),
        json!({ "url": "http://10.0.0.1" }),
        json!({ "exclude": ["a["] }),
    ] {
        assert!(lab.open(settings.clone(), None).is_err(), "{settings}");
    }
}
