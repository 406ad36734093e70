//! The suite on a forum.

use async_trait::async_trait;
use domain::Connector;
use serde_json::json;

use super::{fake::Forum, tests::open};
use crate::conformance::{Abilities, World, conforms};

struct Board {
    forum: Forum,
    address: String,
}

#[async_trait]
impl World for Board {
    fn abilities(&self) -> Abilities {
        Abilities {
            deletes: true,
            renames: true,
            readers: true,
            groups: true,
            hides: true,
            http: true,
            sizes: true,
            pages: true,
            ..Abilities::default()
        }
    }

    async fn put(&self, name: &str, text: &str) {
        self.forum.put(name, text);
    }

    async fn delete(&self, name: &str) {
        self.forum.delete(name);
    }

    async fn rename(&self, from: &str, to: &str) {
        self.forum.with(from, |topic| topic.title = to.into());
    }

    async fn restrict(&self, name: &str, emails: &[&str]) {
        self.forum.restrict(name, &format!("only_{name}"), emails);
    }

    async fn set_members(&self, name: &str, group: &str, emails: &[&str]) {
        self.forum.restrict(name, group, emails);
    }

    async fn hide_everything(&self, hidden: bool) {
        self.forum.0.lock().unwrap().is_hidden = hidden;
    }

    async fn repeat_pages(&self, repeating: bool) {
        self.forum.0.lock().unwrap().is_repeating = repeating;
    }

    fn address(&self) -> String {
        self.address.clone()
    }

    fn connector(&self, address: &str) -> Box<dyn Connector> {
        open(address, json!({})).unwrap()
    }
}

#[tokio::test]
async fn a_forum_conforms() {
    let forum = Forum::default();
    let address = forum.serve().await;
    conforms(&Board { forum, address }).await;
}
