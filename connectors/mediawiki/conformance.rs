//! The suite on a private wiki.

use async_trait::async_trait;
use domain::Connector;

use super::{fake::Wiki, tests::open};
use crate::conformance::{Abilities, World, conforms};

struct Private {
    wiki: Wiki,
    address: String,
}

#[async_trait]
impl World for Private {
    fn abilities(&self) -> Abilities {
        Abilities {
            deletes: true,
            renames: true,
            hides: true,
            http: true,
            sizes: true,
            pages: true,
            ..Abilities::default()
        }
    }

    async fn put(&self, name: &str, text: &str) {
        self.wiki.edit(name, 0, text);
    }

    async fn delete(&self, name: &str) {
        self.wiki.delete(name);
    }

    async fn rename(&self, from: &str, to: &str) {
        self.wiki.rename(from, to);
    }

    async fn hide_everything(&self, hidden: bool) {
        self.wiki.0.lock().unwrap().is_hidden = hidden;
    }

    async fn repeat_pages(&self, repeating: bool) {
        self.wiki.0.lock().unwrap().is_repeating = repeating;
    }

    fn address(&self) -> String {
        self.address.clone()
    }

    fn connector(&self, address: &str) -> Box<dyn Connector> {
        open(address, serde_json::json!({ "user": "Ann@footnote", "password": "bot-password" })).unwrap()
    }
}

#[tokio::test]
async fn a_wiki_conforms() {
    let wiki = Wiki::default();
    let address = wiki.serve().await;
    conforms(&Private { wiki, address }).await;
}
