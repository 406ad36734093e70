//! The suite on a real folder.

use async_trait::async_trait;
use domain::{Clock, Connector, Principal};
use tempfile::TempDir;

use super::{FolderConfig, FolderConnector};
use crate::conformance::{Abilities, World, clock, conforms};

struct Folder(TempDir);

impl Folder {
    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(format!("{name}.md"))
    }
}

#[async_trait]
impl World for Folder {
    fn abilities(&self) -> Abilities {
        Abilities { deletes: true, renames: true, readers: true, hides: true, ..Abilities::default() }
    }

    async fn put(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    async fn delete(&self, name: &str) {
        std::fs::remove_file(self.path(name)).unwrap();
    }

    async fn rename(&self, from: &str, to: &str) {
        std::fs::rename(self.path(from), self.path(to)).unwrap();
    }

    async fn restrict(&self, name: &str, emails: &[&str]) {
        let readers: Vec<String> = emails.iter().map(|email| format!("\"user:{email}\"")).collect();
        let rule = format!("[[rule]]\npath = \"{name}.md\"\nreaders = [{}]\n", readers.join(", "));
        std::fs::write(self.0.path().join("access.toml"), rule).unwrap();
    }

    async fn hide_everything(&self, hidden: bool) {
        let (here, away) = (self.0.path().to_owned(), self.0.path().with_extension("away"));
        let (from, to) = if hidden { (&here, &away) } else { (&away, &here) };
        if !hidden {
            std::fs::remove_dir(to).unwrap();
        }
        std::fs::rename(from, to).unwrap();
        if hidden {
            std::fs::create_dir(from).unwrap();
        }
    }

    fn address(&self) -> String {
        String::new()
    }

    fn connector(&self, _: &str) -> Box<dyn Connector> {
        // An hour on, every file has settled.
        let later = Clock { now: || (clock().now)() + jiff::SignedDuration::from_hours(1), ..clock() };
        let config = FolderConfig::new(self.0.path());
        Box::new(FolderConnector::new(config, vec![Principal::everyone()], later).unwrap())
    }
}

#[tokio::test]
async fn a_folder_conforms() {
    conforms(&Folder(tempfile::tempdir().unwrap())).await;
}
