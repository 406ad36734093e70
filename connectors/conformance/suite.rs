//! The suite: a story told to the system, and what a replica must hold after each sentence of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use domain::Connector;

use super::{Fault, Proxy, Replica, World};

/// Longer than any sync of a handful of items; one that takes longer goes round in circles.
const LONGEST: Duration = Duration::from_secs(60);

/// What the system should hold, by name.
#[derive(Clone, Default)]
struct Truth {
    texts: BTreeMap<String, String>,
    /// Every marker ever put: none that is not current may be found.
    markers: BTreeSet<String>,
    count: u32,
}

impl Truth {
    async fn put(&mut self, world: &dyn World, name: &str) {
        self.count += 1;
        let marker = format!("marker{name}{}", self.count);
        world.put(name, &format!("This is the text of {name}: {marker} and no more.")).await;
        self.markers.insert(marker.clone());
        self.texts.insert(name.to_owned(), marker);
    }

    async fn delete(&mut self, world: &dyn World, name: &str) {
        world.delete(name).await;
        self.texts.remove(name);
    }

    fn current(&self) -> BTreeMap<String, usize> {
        self.texts.values().map(|marker| (marker.clone(), 1)).collect()
    }

    fn holds(&self, replica: &Replica, step: &str) {
        assert_eq!(
            replica.found(self.markers.iter().cloned()),
            self.current(),
            "{step}; failures: {:?}",
            replica.failures
        );
    }
}

/// Tells the whole story. Panics with the step that went wrong.
pub(crate) async fn conforms(world: &dyn World) {
    let can = world.abilities();
    let mut truth = Truth::default();
    for name in ["alpha", "beta", "gamma", "delta", "epsilon"] {
        truth.put(world, name).await;
    }
    let mut replica = Replica::default();
    let direct = || world.connector(&world.address());

    sync(&mut replica, &*direct(), "first sync").await;
    truth.holds(&replica, "first sync");

    sync(&mut replica, &*direct(), "sync without changes").await;
    truth.holds(&replica, "sync without changes");
    assert_eq!(replica.fetched, 0, "what has not changed is not fetched again");

    truth.put(world, "zeta").await;
    sync(&mut replica, &*direct(), "an item was added").await;
    truth.holds(&replica, "an item was added");
    assert_eq!(replica.fetched, 1, "only the new item is fetched");

    truth.put(world, "beta").await;
    sync(&mut replica, &*direct(), "an item was changed").await;
    truth.holds(&replica, "an item was changed");

    if can.renames {
        world.rename("gamma", "moved").await;
        let marker = truth.texts.remove("gamma").unwrap();
        truth.texts.insert("moved".into(), marker);
        sync(&mut replica, &*direct(), "an item was renamed").await;
        truth.holds(&replica, "an item was renamed");
    }
    if can.deletes {
        truth.delete(world, "delta").await;
        sync(&mut replica, &*direct(), "an item was deleted").await;
        truth.holds(&replica, "an item was deleted");
    }
    readers_change(world, &truth, &mut replica).await;
    if can.hides {
        world.hide_everything(true).await;
        let _ = within(replica.sync(&*direct()), "an empty listing").await;
        truth.holds(&replica, "an empty listing is never a deletion");
        world.hide_everything(false).await;
        sync(&mut replica, &*direct(), "the listing is back").await;
        truth.holds(&replica, "the listing is back");
    }
    killed_and_resumed(world, &mut truth, &replica).await;
    two_at_once(world, &truth).await;
    if can.http {
        faults(world, &mut truth, &replica).await;
    }
    if can.pages {
        sync(&mut replica, &*direct(), "before pages repeat").await;
        world.repeat_pages(true).await;
        let circled = within(replica.sync(&*direct()), "pages that repeat").await;
        truth.holds(&replica, "pages that repeat");
        assert!(circled.is_err(), "pages that repeat must end in an error");
        world.repeat_pages(false).await;
    }
    sync(&mut replica, &*direct(), "at the end").await;
    truth.holds(&replica, "at the end");
}

async fn readers_change(world: &dyn World, truth: &Truth, replica: &mut Replica) {
    let can = world.abilities();
    let marker = &truth.texts["alpha"];
    let emails = |emails: &[&str]| emails.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    if can.readers {
        for readers in [&["ann@example.com"][..], &["ann@example.com", "bob@example.com"], &["bob@example.com"]] {
            world.restrict("alpha", readers).await;
            sync(replica, &*world.connector(&world.address()), "other readers").await;
            assert_eq!(replica.readers(marker), emails(readers), "other readers");
        }
    }
    if can.groups {
        for members in [&["ann@example.com", "eve@example.com"][..], &["ann@example.com"]] {
            world.set_members("alpha", "crew", members).await;
            sync(replica, &*world.connector(&world.address()), "another member").await;
            assert_eq!(replica.readers(marker), emails(members), "another member");
        }
    }
    if can.closes {
        let before = replica.readers(marker);
        for (closed, expected) in [(true, &BTreeSet::new()), (false, &before)] {
            world.close_readers("alpha", closed).await;
            sync(replica, &*world.connector(&world.address()), "readers that cannot be told").await;
            assert_eq!(replica.readers(marker), *expected, "readers that cannot be told (closed: {closed})");
            truth.holds(replica, "readers that cannot be told change no text");
        }
    }
    truth.holds(replica, "other readers change no text");
}

/// Ends after every number of batches in turn; what comes after must make up for it.
async fn killed_and_resumed(world: &dyn World, truth: &mut Truth, before: &Replica) {
    truth.put(world, "alpha").await;
    truth.put(world, "eta").await;
    for start in [Replica::default(), before.clone()] {
        for batches in 0..20 {
            let mut replica = start.clone();
            let ended = replica.sync_batches(&*world.connector(&world.address()), batches).await;
            let ended = ended.unwrap_or_else(|error| panic!("killed after {batches} batches: {error}"));
            sync(&mut replica, &*world.connector(&world.address()), "resumed").await;
            truth.holds(&replica, &format!("killed after {batches} batches and resumed"));
            if ended {
                break;
            }
        }
    }
}

async fn two_at_once(world: &dyn World, truth: &Truth) {
    let connector = world.connector(&world.address());
    let (mut one, mut two) = (Replica::default(), Replica::default());
    let both = async { futures::try_join!(one.sync(&*connector), two.sync(&*connector)) };
    within(both, "two syncs at once").await.unwrap_or_else(|error| panic!("two syncs at once: {error}"));
    truth.holds(&one, "two syncs at once");
    truth.holds(&two, "two syncs at once");
}

/// Every fault at every request of a sync that has something to add, change and delete.
async fn faults(world: &dyn World, truth: &mut Truth, before: &Replica) {
    truth.put(world, "theta").await;
    if world.abilities().deletes {
        truth.delete(world, "epsilon").await;
    }
    let proxy = Proxy::start(&world.address()).await;
    let mut undisturbed = before.clone();
    sync(&mut undisturbed, &*world.connector(&proxy.address), "through the proxy").await;
    truth.holds(&undisturbed, "through the proxy");
    let requests = proxy.requests();
    for fault in Fault::ALL.into_iter().filter(|fault| *fault != Fault::WrongLength || world.abilities().sizes) {
        // Every request of a short sync, a spread of a long one; fewer where each costs a second.
        let most = if fault.takes_time() { 3 } else { 12 };
        for at in (0..requests).step_by(requests.div_ceil(most).max(1)) {
            let step = format!("{fault:?} at request {at} of {requests}");
            let mut replica = before.clone();
            let connector = world.connector(&proxy.address);
            proxy.plan(at, fault);
            let outcome = within(replica.sync(&*connector), &step).await;
            let kept: BTreeSet<_> = replica.found(truth.markers.iter().cloned()).into_keys().collect();
            for (name, marker) in &truth.texts {
                let was = before.found([marker.clone()]);
                assert!(was.is_empty() || kept.contains(marker), "{step} lost {name}");
            }
            if outcome.is_ok() && replica.failures.is_empty() {
                truth.holds(&replica, &format!("{step}, which it says it survived"));
            }
            if let (Err(error), true) = (&outcome, fault.is_passing()) {
                assert!(error.retryable, "{step} may pass, but it gives up: {error}");
            }
            proxy.heal();
            sync(&mut replica, &*world.connector(&proxy.address), &format!("after {step}")).await;
            truth.holds(&replica, &format!("after {step}"));
        }
    }
}

async fn sync(replica: &mut Replica, connector: &dyn Connector, step: &str) {
    within(replica.sync(connector), step).await.unwrap_or_else(|error| panic!("{step}: {error}"));
}

async fn within<T>(work: impl Future<Output = T>, step: &str) -> T {
    tokio::time::timeout(LONGEST, work).await.unwrap_or_else(|_| panic!("{step}: no end in sight"))
}
