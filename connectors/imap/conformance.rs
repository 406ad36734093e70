//! The suite on Dovecot: items are messages in two mailboxes; a change is a message that replaces another.

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use domain::Connector;
use serde_json::json;

use super::server::Dovecot;
use crate::{
    SourceConfig,
    conformance::{Abilities, World, conforms, parts},
};

struct Mail {
    dovecot: Dovecot,
    count: AtomicU32,
    /// Where each item lies: its file's name.
    files: std::sync::Mutex<std::collections::HashMap<String, String>>,
}

#[async_trait]
impl World for Mail {
    fn abilities(&self) -> Abilities {
        Abilities { deletes: true, renames: true, hides: true, ..Abilities::default() }
    }

    async fn put(&self, name: &str, text: &str) {
        if self.files.lock().unwrap().contains_key(name) {
            self.delete(name).await;
        }
        let file = format!("{}.M1.{name}", self.count.fetch_add(1, Ordering::Relaxed) + 1_700_000_000);
        let mailbox = if name.contains('l') { "INBOX" } else { "Projects" };
        let message =
            format!("From: Bob <bob@example.com>\nSubject: About {name}\nMessage-ID: <{file}@example.com>\n\n{text}\n");
        self.dovecot.deliver(mailbox, &file, &message);
        self.files.lock().unwrap().insert(name.into(), file);
    }

    async fn delete(&self, name: &str) {
        let file = self.files.lock().unwrap().remove(name).unwrap();
        std::fs::remove_file(self.dovecot.find(&file).unwrap()).unwrap();
    }

    async fn rename(&self, from: &str, to: &str) {
        let file = self.files.lock().unwrap().remove(from).unwrap();
        let path = self.dovecot.find(&file).unwrap();
        let target = self.dovecot.mailbox("Moved").join("cur").join(path.file_name().unwrap());
        std::fs::rename(path, target).unwrap();
        self.dovecot.open_up();
        self.files.lock().unwrap().insert(to.into(), file);
    }

    async fn hide_everything(&self, hidden: bool) {
        for name in ["INBOX", "Projects", "Moved"] {
            let folder = self.dovecot.mailbox(name);
            let (from, to) = if hidden { ("cur", "away") } else { ("away", "cur") };
            if !hidden {
                std::fs::remove_dir(folder.join(to)).unwrap();
            }
            std::fs::rename(folder.join(from), folder.join(to)).unwrap();
        }
        for name in ["INBOX", "Projects", "Moved"] {
            self.dovecot.mailbox(name);
        }
        self.dovecot.open_up();
    }

    fn address(&self) -> String {
        String::new()
    }

    fn connector(&self, _: &str) -> Box<dyn Connector> {
        self.dovecot.config(json!({"owner": "ann@example.com"})).open(parts()).unwrap()
    }
}

#[tokio::test]
async fn mailboxes_conform() {
    let Some(dovecot) = Dovecot::start(None) else { return };
    conforms(&Mail { dovecot, count: AtomicU32::new(0), files: std::sync::Mutex::default() }).await;
}
