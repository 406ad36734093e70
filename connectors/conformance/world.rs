//! The system a connector reads, as the suite handles it.

use async_trait::async_trait;
use domain::Connector;

/// What a system can do, as far as its connector can see it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Abilities {
    /// Items can be deleted, and the connector must notice.
    pub(crate) deletes: bool,
    /// Items can be renamed or moved.
    pub(crate) renames: bool,
    /// Each item has its own readers: [`World::restrict`].
    pub(crate) readers: bool,
    /// Readers are groups of the system: [`World::set_members`].
    pub(crate) groups: bool,
    /// Who may read an item can be kept from the connector: [`World::close_readers`].
    pub(crate) closes: bool,
    /// The system can claim to hold nothing at all: [`World::hide_everything`].
    pub(crate) hides: bool,
    /// The connector goes through a [`Proxy`](super::Proxy): its traffic is HTTP.
    pub(crate) http: bool,
    /// A body cut short shows, because the system answers in JSON or tells each item's size.
    pub(crate) sizes: bool,
    /// Listings are handed out in pages whose positions can repeat: [`World::repeat_pages`].
    pub(crate) pages: bool,
}

/// A system with items in it. Items are known to the suite by names such as `alpha`; how a system calls and nests
/// them is its world's business. What is `put` must come out in exactly one document's bytes or title.
#[async_trait]
pub(crate) trait World: Send + Sync {
    fn abilities(&self) -> Abilities;
    /// Creates the item, or replaces its text. A changed item must get a new revision, even within one second.
    async fn put(&self, name: &str, text: &str);
    async fn delete(&self, _name: &str) {}
    /// Gives the item another name or place; its text stays.
    async fn rename(&self, _from: &str, _to: &str) {}
    /// From now on only these e-mail addresses may read the item.
    async fn restrict(&self, _name: &str, _emails: &[&str]) {}
    /// Makes the item readable by the members of a group of the system and sets these.
    async fn set_members(&self, _name: &str, _group: &str, _emails: &[&str]) {}
    /// Whether it is kept from the connector who may read the item, whose readers were set before.
    async fn close_readers(&self, _name: &str, _closed: bool) {}
    /// Whether every listing now answers, successfully, that nothing exists.
    async fn hide_everything(&self, _hidden: bool) {}
    /// Whether every listing now names its first page as the next one, for ever.
    async fn repeat_pages(&self, _repeating: bool) {}
    /// Where the system is, for the proxy: `http://127.0.0.1:1234`.
    fn address(&self) -> String;
    /// A fresh connector that reaches the system at `address` (its own, or a proxy's).
    fn connector(&self, address: &str) -> Box<dyn Connector>;
}
