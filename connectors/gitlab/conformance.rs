//! The suite on a GitLab in miniature: issues, notes, merge requests, wiki pages and files, public and private.

use async_trait::async_trait;
use domain::Connector;
use serde_json::json;
use tempfile::TempDir;

use super::{GitlabConfig, fake::Fake};
use crate::{
    Kind, Parts,
    conformance::{Abilities, World, conforms, parts, serve},
};

struct Gitlab {
    fake: Fake,
    address: String,
    work: TempDir,
}

/// Where an item of the suite lives.
enum Place {
    Issue(&'static str),
    /// In a note on a merge request.
    Note,
    Wiki,
    File,
}

const OPEN: &str = "acme/open";

fn place(name: &str) -> Place {
    match name {
        "alpha" => Place::Issue("acme/inner/secret"),
        "beta" | "epsilon" => Place::Note,
        "gamma" | "moved" => Place::Wiki,
        "delta" => Place::File,
        _ => Place::Issue(OPEN),
    }
}

#[async_trait]
impl World for Gitlab {
    fn abilities(&self) -> Abilities {
        Abilities {
            deletes: true,
            renames: true,
            readers: true,
            groups: true,
            closes: true,
            hides: true,
            http: true,
            sizes: true,
            pages: true,
        }
    }

    async fn put(&self, name: &str, text: &str) {
        match place(name) {
            Place::Wiki => self.fake.host.write("acme/open.wiki", &format!("pages/{name}.md"), text),
            Place::File => self.fake.host.write(OPEN, &format!("docs/{name}.md"), text),
            Place::Issue(project) => self.fake.with(|lab| match lab.find(project, "issues", name) {
                Some(iid) => lab.edit(project, "issues", iid, |ticket| ticket.text = text.into()),
                None => drop(lab.open(project, "issues", name, text)),
            }),
            Place::Note => self.fake.with(|lab| {
                let found = lab.find(OPEN, "merge_requests", name);
                let iid = found.unwrap_or_else(|| lab.open(OPEN, "merge_requests", name, "see below"));
                lab.edit(OPEN, "merge_requests", iid, |ticket| ticket.notes = vec![("", text.into())]);
            }),
        }
    }

    async fn delete(&self, name: &str) {
        match place(name) {
            Place::File => self.fake.host.remove(OPEN, &format!("docs/{name}.md")),
            _ => self.fake.with(|lab| {
                let iid = lab.find(OPEN, "merge_requests", name).unwrap();
                lab.remove(OPEN, "merge_requests", iid);
            }),
        }
    }

    async fn rename(&self, from: &str, to: &str) {
        let files = self.fake.host.files("acme/open.wiki").join("pages");
        std::fs::rename(files.join(format!("{from}.md")), files.join(format!("{to}.md"))).unwrap();
        self.fake.host.commit("acme/open.wiki");
    }

    async fn restrict(&self, _: &str, emails: &[&str]) {
        self.readers(emails);
    }

    async fn set_members(&self, _: &str, _: &str, emails: &[&str]) {
        self.readers(emails);
    }

    async fn close_readers(&self, _: &str, closed: bool) {
        self.fake.with(|lab| lab.hides_members = closed);
    }

    async fn hide_everything(&self, hidden: bool) {
        self.fake.with(|lab| lab.is_hidden = hidden);
    }

    async fn repeat_pages(&self, repeating: bool) {
        self.fake.with(|lab| lab.is_repeating = repeating);
    }

    fn address(&self) -> String {
        self.address.clone()
    }

    fn connector(&self, address: &str) -> Box<dyn Connector> {
        let settings = json!({ "group": "acme", "url": address, "token": "secret" });
        let parts = Parts { work_dir: self.work.path().to_owned(), ..parts() };
        Kind::of::<GitlabConfig>().open(settings, parts).unwrap()
    }
}

impl Gitlab {
    /// Ann's address is shown among the members, the others' in their profiles.
    fn readers(&self, emails: &[&str]) {
        self.fake.with(|lab| {
            let mut members = Vec::new();
            for (id, email) in (1..).zip(emails) {
                let shown = email.starts_with("ann").then(|| (*email).to_owned());
                let id = if shown.is_some() { 1 } else { 10 + id };
                lab.public.insert(id, (*email).to_owned());
                members.push((id, 10, "active", shown));
            }
            lab.project("acme/inner/secret").members = members;
        });
    }
}

#[tokio::test]
async fn gitlab_conforms() {
    let fake = Fake::new();
    fake.with(|lab| {
        lab.add("acme/open", "public");
        lab.add("acme/inner/secret", "private");
        lab.project("acme/inner/secret").levels = ["enabled", "enabled", "disabled", "disabled"];
    });
    let address = serve(fake.router()).await;
    conforms(&Gitlab { fake, address, work: tempfile::tempdir().unwrap() }).await;
}
