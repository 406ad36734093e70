//! The suite on a workspace of pages and rows.

use async_trait::async_trait;
use domain::Connector;

use super::{
    NotionConfig,
    fake::{Fake, TOKEN},
};
use crate::{
    SourceConfig,
    conformance::{Abilities, World, conforms, parts},
};

pub(super) fn connector(address: &str) -> Box<dyn Connector> {
    let requests_per_second = 10_000.try_into().unwrap();
    NotionConfig { token: TOKEN.into(), requests_per_second, url: address.to_owned() }.open(parts()).unwrap()
}

struct Workspace(Fake);

#[async_trait]
impl World for Workspace {
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
        self.0.put(name, text, ["beta", "delta", "zeta"].contains(&name));
    }

    async fn delete(&self, name: &str) {
        self.0.lock().items.get_mut(name).unwrap().in_trash = true;
    }

    async fn rename(&self, from: &str, to: &str) {
        let mut workspace = self.0.lock();
        let mut item = workspace.items[from].clone();
        item.title = to.into();
        item.edited += jiff::SignedDuration::from_mins(1);
        workspace.items.insert(from.into(), item);
    }

    async fn hide_everything(&self, hidden: bool) {
        self.0.lock().is_hidden = hidden;
    }

    async fn repeat_pages(&self, repeating: bool) {
        self.0.lock().is_repeating = repeating;
    }

    fn address(&self) -> String {
        self.0.address.clone()
    }

    fn connector(&self, address: &str) -> Box<dyn Connector> {
        connector(address)
    }
}

#[tokio::test]
async fn notion_conforms() {
    conforms(&Workspace(Fake::start().await)).await;
}
