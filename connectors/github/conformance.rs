//! The suite on a GitHub in miniature: issues, comments, pull requests, wiki pages and files, public and private.

use async_trait::async_trait;
use domain::Connector;
use serde_json::json;
use tempfile::TempDir;

use super::{GithubConfig, fake::Fake};
use crate::{
    Kind, Parts,
    conformance::{Abilities, World, conforms, parts, serve},
};

struct Github {
    fake: Fake,
    address: String,
    work: TempDir,
}

/// Where an item of the suite lives.
enum Place {
    Issue(&'static str),
    /// In a comment of that kind on a pull request.
    Comment(&'static str),
    Wiki,
    File,
}

fn place(name: &str) -> Place {
    match name {
        "alpha" => Place::Issue("secret"),
        "beta" => Place::Comment("issues"),
        "gamma" | "moved" => Place::Wiki,
        "delta" => Place::File,
        "epsilon" => Place::Comment("reviews"),
        _ => Place::Issue("open"),
    }
}

#[async_trait]
impl World for Github {
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
            Place::Wiki => self.fake.host.write("acme/open.wiki", &format!("{name}.md"), text),
            Place::File => self.fake.host.write("acme/open", &format!("docs/{name}.md"), text),
            Place::Issue(repo) => self.fake.with(|hub| match hub.find(repo, name) {
                Some(number) => hub.edit(repo, number, |issue| issue.body = text.into()),
                None => drop(hub.open(repo, name, text, false)),
            }),
            Place::Comment(kind) => self.fake.with(|hub| {
                let number = hub.find("open", name).unwrap_or_else(|| hub.open("open", name, "see below", true));
                hub.edit("open", number, |issue| issue.comments.clear());
                hub.comment("open", number, kind, text);
            }),
        }
    }

    async fn delete(&self, name: &str) {
        match place(name) {
            Place::File => self.fake.host.remove("acme/open", &format!("docs/{name}.md")),
            _ => self.fake.with(|hub| {
                let number = hub.find("open", name).unwrap();
                hub.repo("open").issues.remove(&number);
            }),
        }
    }

    async fn rename(&self, from: &str, to: &str) {
        let files = self.fake.host.files("acme/open.wiki");
        std::fs::rename(files.join(format!("{from}.md")), files.join(format!("{to}.md"))).unwrap();
        self.fake.host.commit("acme/open.wiki");
    }

    async fn restrict(&self, _: &str, emails: &[&str]) {
        self.readers(&[], emails);
    }

    async fn set_members(&self, _: &str, _: &str, emails: &[&str]) {
        self.readers(emails, &[]);
    }

    async fn close_readers(&self, _: &str, closed: bool) {
        self.fake.with(|hub| hub.hides_collaborators = closed);
    }

    async fn hide_everything(&self, hidden: bool) {
        self.fake.with(|hub| hub.is_hidden = hidden);
    }

    async fn repeat_pages(&self, repeating: bool) {
        self.fake.with(|hub| hub.is_repeating = repeating);
    }

    fn address(&self) -> String {
        self.address.clone()
    }

    fn connector(&self, address: &str) -> Box<dyn Connector> {
        let settings = json!({ "organization": "acme", "api_url": format!("{address}/api/v3"), "token": "secret" });
        let parts = Parts { work_dir: self.work.path().to_owned(), ..parts() };
        Kind::of::<GithubConfig>().open(settings, parts).unwrap()
    }
}

impl Github {
    /// Ann's address is known to the organisation, the others show theirs on their profiles.
    fn readers(&self, team: &[&str], direct: &[&str]) {
        let login = |email: &&str| email.split('@').next().unwrap().to_owned();
        self.fake.with(|hub| {
            for email in team.iter().chain(direct) {
                let known = if login(email) == "ann" { &mut hub.verified } else { &mut hub.public };
                known.insert(login(email), (*email).to_owned());
            }
            let secret = hub.repo("secret");
            secret.team = team.iter().map(login).collect();
            secret.direct = direct.iter().map(login).collect();
        });
    }
}

#[tokio::test]
async fn github_conforms() {
    let fake = Fake::new();
    fake.with(|hub| {
        hub.add("open", false);
        hub.add("secret", true);
        hub.verified.insert("zoe".into(), "zoe@example.com".into());
    });
    let address = serve(fake.router()).await;
    conforms(&Github { fake, address, work: tempfile::tempdir().unwrap() }).await;
}
