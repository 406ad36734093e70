//! The suite on a BookStack.

use async_trait::async_trait;
use domain::Connector;
use serde_json::json;

use super::{fake::Stack, tests::open};
use crate::conformance::{Abilities, World, conforms};

struct Books {
    stack: Stack,
    address: String,
}

#[async_trait]
impl World for Books {
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
        self.stack.put("pages", name, json!({ "html": format!("<p>{text}</p>") }));
    }

    async fn delete(&self, name: &str) {
        self.stack.delete(name);
    }

    async fn rename(&self, from: &str, to: &str) {
        self.stack.change(from, "name", json!(to));
    }

    async fn hide_everything(&self, hidden: bool) {
        self.stack.0.lock().unwrap().is_hidden = hidden;
    }

    async fn repeat_pages(&self, repeating: bool) {
        self.stack.0.lock().unwrap().is_repeating = repeating;
    }

    fn address(&self) -> String {
        self.address.clone()
    }

    fn connector(&self, address: &str) -> Box<dyn Connector> {
        open(address, json!({})).unwrap()
    }
}

#[tokio::test]
async fn a_bookstack_conforms() {
    let stack = Stack::default();
    stack.put("books", "Handbook", json!({}));
    let address = stack.serve().await;
    conforms(&Books { stack, address }).await;
}
