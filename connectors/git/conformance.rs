//! The suite on real repositories behind `git http-backend`.

use async_trait::async_trait;
use domain::Connector;
use serde_json::json;
use tempfile::TempDir;

use super::{GitConfig, host, host::Host};
use crate::{
    Kind,
    conformance::{Abilities, World, conforms, parts, serve},
};

struct Remote {
    host: Host,
    address: String,
    /// Kept between syncs, as a source's is.
    work: TempDir,
}

#[async_trait]
impl World for Remote {
    fn abilities(&self) -> Abilities {
        Abilities { deletes: true, renames: true, hides: true, http: true, sizes: true, ..Abilities::default() }
    }

    async fn put(&self, name: &str, text: &str) {
        self.host.write("docs", &format!("notes/{name}.md"), text);
    }

    async fn delete(&self, name: &str) {
        self.host.remove("docs", &format!("notes/{name}.md"));
    }

    async fn rename(&self, from: &str, to: &str) {
        let files = self.host.files("docs").join("notes");
        std::fs::rename(files.join(format!("{from}.md")), files.join(format!("{to}.md"))).unwrap();
        self.host.commit("docs");
    }

    async fn hide_everything(&self, hidden: bool) {
        if hidden {
            self.host.git("docs", &["rm", "--quiet", "--cached", "-r", "."]);
            self.host.git("docs", &["commit", "--quiet", "--message", "empty"]);
        } else {
            self.host.commit("docs");
        }
    }

    fn address(&self) -> String {
        self.address.clone()
    }

    fn connector(&self, address: &str) -> Box<dyn Connector> {
        let settings = json!({ "url": format!("{address}/docs.git"), "user": "ann", "token": "secret" });
        let parts = crate::Parts { work_dir: self.work.path().to_owned(), ..parts() };
        Kind::of::<GitConfig>().open(settings, parts).unwrap()
    }
}

#[tokio::test]
async fn git_conforms() {
    let host = Host::new();
    let address = serve(host::router(host.root(), Some("ann:secret"))).await;
    conforms(&Remote { host, address, work: tempfile::tempdir().unwrap() }).await;
}
