//! SharePoint and OneDrive as a source: the files of sites' libraries and of people's drives.
//!
//! <https://learn.microsoft.com/en-us/graph/api/driveitem-delta>, `driveitem-get-content`, `driveitem-list-permissions`,
//! `site-getbypath`, `drive-list` and `drive-get` beside it.

mod access;
mod config;
mod item;

use std::collections::{BTreeMap, BTreeSet};

use async_stream::try_stream;
use domain::{Batch, Change, Connector, Cursor, EngineError, EngineResult, Principal, Since};
use futures::{Stream, StreamExt, stream::BoxStream};
use serde::{Deserialize, Serialize};

use access::Access;
pub use config::SharePointConfig;
use item::Item;

use crate::{
    graph::{Asked, Graph, broken_off, segment},
    pages::Pages,
    readers::nobody,
    steps::{Step, batches},
};

/// Names what was shared otherwise as changed.
const PREFER: &str = "deltashowremovedasdeleted, deltatraversepermissiongaps, deltashowsharingchanges";

struct SharePointConnector {
    graph: Graph,
    /// `contoso.sharepoint.com:/sites/team`
    sites: Vec<String>,
    /// Whose drives are read, by principal name.
    users: Vec<String>,
    site_groups: BTreeMap<String, Vec<Principal>>,
    counts_links: bool,
    most_bytes: u64,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

/// Drives to read, drives that are closed to us, and failures with their reasons.
type Drives = (BTreeSet<String>, BTreeSet<String>, Vec<(String, String)>);

/// The cursor: where each drive's changes are asked for, the groups whose members count, and the items that a change
/// named but that could not be had then.
#[derive(Default, Serialize, Deserialize)]
struct Place {
    drives: BTreeMap<String, String>,
    groups: BTreeSet<String>,
    again: BTreeSet<String>,
    /// The drives of each site and person, so that those are known whose owner is closed to us.
    #[serde(default)]
    owners: BTreeMap<String, BTreeSet<String>>,
}

impl Connector for SharePointConnector {
    fn changes(&self, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
        batches(since.cursor.clone(), self.steps(since))
    }
}

impl SharePointConnector {
    fn steps(&self, since: Since) -> impl Stream<Item = EngineResult<Step>> + Send + '_ {
        try_stream! {
            let cursor = since.cursor.as_ref();
            let mut place: Place = cursor.and_then(|cursor| serde_json::from_str(&cursor.0).ok()).unwrap_or_default();
            let groups = std::mem::take(&mut place.groups);
            let mut access = Access { site_groups: &self.site_groups, counts_links: self.counts_links, groups };
            let mut told = BTreeSet::new();
            let (drives, closed, refusals) = self.drives(&mut place).await?;
            let is_read = |id: &String| drives.iter().chain(&closed).any(|drive| is_in(id, drive));
            for external_id in since.ids().filter(|id| !is_read(id)).cloned().collect::<Vec<_>>() {
                yield Step::Change(Change::Delete { external_id });
            }
            place.drives.retain(|drive, _| drives.contains(drive));
            let is_whole = place.drives.is_empty();
            let mut listing = BTreeSet::new();
            for (external_id, reason) in refusals {
                listing.insert(external_id.clone());
                yield Step::Change(Change::Failed { external_id, reason, readers: None });
            }
            for drive in &closed {
                for change in lost(drive, &since, &mut listing) {
                    yield Step::Change(change);
                }
            }
            for drive in &drives {
                let mut refusal = None;
                let mut steps = self.drive(drive, &since, &mut place, &mut access, &mut listing, &mut refusal).boxed();
                while let Some(step) = steps.next().await {
                    yield step?;
                }
                drop(steps);
                if let Some(reason) = refusal {
                    let external_id = format!("drive {drive}");
                    listing.insert(external_id.clone());
                    yield Step::Change(Change::Failed { external_id, reason, readers: None });
                    for change in lost(drive, &since, &mut listing) {
                        yield Step::Change(change);
                    }
                    // Once it is open again, all of it is listed.
                    place.drives.remove(drive);
                }
                for change in self.members(&access, &mut told, &mut listing).await? {
                    yield Step::Change(change);
                }
                place.groups.clone_from(&access.groups);
                yield Step::Reached(Cursor(serde_json::to_string(&place).unwrap_or_default()));
            }
            if is_whole && listing.is_empty() {
                Err(EngineError::give_up("list SharePoint: its drives hold no files; nothing is changed"))?;
            }
            if is_whole {
                yield Step::Listed(listing.into_iter().collect());
            }
        }
    }

    /// What is new in a drive, or all that is in it. Where it is closed to us, `refusal` says why.
    fn drive<'a>(
        &'a self,
        drive: &'a str,
        since: &'a Since,
        place: &'a mut Place,
        access: &'a mut Access<'_>,
        listing: &'a mut BTreeSet<String>,
        refusal: &'a mut Option<String>,
    ) -> impl Stream<Item = EngineResult<Step>> + Send + 'a {
        try_stream! {
            let from_start = format!("drives/{}/root/delta", segment(drive));
            let mut known = place.drives.get(drive).cloned();
            for external_id in place.again.iter().filter(|id| is_in(id, drive)).cloned().collect::<Vec<_>>() {
                place.again.remove(&external_id);
                let id = external_id.get(drive.len() + 1..).unwrap_or_default();
                let change = match self.find(drive, id).await? {
                    Some(item) => self.item(drive, &item, access, &mut place.again, since).await?,
                    None => Some(Change::Delete { external_id }),
                };
                if let Some(change) = change {
                    yield Step::Change(change);
                }
            }
            'passes: loop {
                let (mut pages, mut seen, mut count) = (Pages::default(), BTreeSet::new(), 0);
                let is_full = known.is_none();
                let mut at = known.take().unwrap_or_else(|| from_start.clone());
                let delta = loop {
                    pages.next("Microsoft Graph", &at)?;
                    let page = match self.graph.page::<Item>(&at, PREFER).await? {
                        Asked::Page(page) => page,
                        Asked::Gone if !is_full => continue 'passes,
                        Asked::Gone if at != from_start => Err(broken_off())?,
                        Asked::Gone => {
                            *refusal = Some("there is no such drive".into());
                            return;
                        }
                        Asked::Refused(reason) => {
                            *refusal = Some(reason);
                            return;
                        }
                    };
                    count += page.items.len();
                    for item in page.items {
                        let external_id = format!("{drive}/{}", item.id);
                        let is_held = since.has(&external_id);
                        let is_folder = item.file.is_none() && item.deleted.is_none();
                        // What goes with a folder, and who may read what is in it, no change says one by one.
                        let is_deep = (item.deleted.is_some() && !is_held) || (is_folder && item.shared_changed.is_some());
                        if is_deep && !is_full {
                            continue 'passes;
                        }
                        if item.deleted.is_some() {
                            seen.remove(&external_id);
                            yield Step::Change(Change::Delete { external_id });
                        } else if let Some(change) = self.item(drive, &item, access, &mut place.again, since).await? {
                            seen.insert(external_id);
                            yield Step::Change(change);
                        }
                    }
                    match (page.next, page.delta) {
                        (Some(next), _) => at = next,
                        (None, Some(delta)) => break delta,
                        (None, None) => Err(EngineError::retry("read Microsoft Graph: a last page without a delta link"))?,
                    }
                };
                if is_full {
                    if count == 0 {
                        Err(EngineError::give_up(format!("list drive {drive} of SharePoint: not even its root is there; nothing is changed")))?;
                    }
                    let gone = since.ids().filter(|id| is_in(id, drive) && !seen.contains(*id));
                    for external_id in gone.cloned().collect::<Vec<_>>() {
                        yield Step::Change(Change::Delete { external_id });
                    }
                }
                listing.append(&mut seen);
                place.drives.insert(drive.to_owned(), delta);
                break;
            }
        }
    }

    /// The members of the groups that were named since the last call. One that is closed to us has none.
    async fn members(
        &self,
        access: &Access<'_>,
        told: &mut BTreeSet<String>,
        listing: &mut BTreeSet<String>,
    ) -> EngineResult<Vec<Change>> {
        let mut changes = Vec::new();
        for group in access.groups.difference(told).cloned().collect::<Vec<_>>() {
            let members = self.graph.members(&group).await?.unwrap_or_else(|reason| {
                let external_id = format!("group {group}");
                listing.insert(external_id.clone());
                let reason = format!("its members cannot be read, so that nobody reads by it: {reason}");
                changes.push(Change::Failed { external_id, reason, readers: None });
                Vec::new()
            });
            changes.push(Change::Members { group: group.clone(), members });
            told.insert(group);
        }
        Ok(changes)
    }

    /// The drives to read, those known of sites and people whose drives are closed to us, and why they are.
    async fn drives(&self, place: &mut Place) -> EngineResult<Drives> {
        let (mut owners, mut closed, mut refusals) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
        for owner in self.sites.iter().chain(&self.users) {
            match self.drives_of(owner).await? {
                Ok(drives) => drop(owners.insert(owner.clone(), drives)),
                Err(reason) => {
                    closed.extend(place.owners.get(owner).into_iter().flatten().cloned());
                    refusals.push((format!("drives of {owner}"), reason));
                }
            }
        }
        if let (true, Some((id, reason))) = (owners.is_empty(), refusals.first()) {
            return Err(EngineError::give_up(format!("list the {id}: {reason}")));
        }
        let drives: BTreeSet<String> = owners.values().flatten().cloned().collect();
        let is_read = |owner: &String| self.sites.contains(owner) || self.users.contains(owner);
        place.owners.retain(|owner, _| is_read(owner));
        place.owners.extend(owners);
        closed.retain(|drive| !drives.contains(drive));
        Ok((drives, closed, refusals))
    }

    /// The drives of a site or a person, or why they are closed to us or gone.
    async fn drives_of(&self, owner: &String) -> EngineResult<Result<BTreeSet<String>, String>> {
        if self.users.contains(owner) {
            let drive = self.graph.item::<Named>(&format!("users/{}/drive?$select=id", segment(owner))).await?;
            return Ok(drive.map(|drive| BTreeSet::from([drive.id])));
        }
        let site: Named = match self.graph.item(&format!("sites/{owner}")).await? {
            Ok(site) => site,
            Err(reason) => return Ok(Err(reason)),
        };
        let libraries = self.graph.all::<Named>(&format!("sites/{}/drives?$select=id", segment(&site.id))).await?;
        if libraries.as_ref().is_ok_and(Vec::is_empty) {
            return Err(EngineError::give_up(format!(
                "list the libraries of {owner}: there are none; nothing is changed"
            )));
        }
        Ok(libraries.map(|libraries| libraries.into_iter().map(|library| library.id).collect()))
    }
}

/// What is held of a drive that is closed to us stays, and nobody reads it.
fn lost(drive: &str, since: &Since, listing: &mut BTreeSet<String>) -> Vec<Change> {
    let held = since.ids().filter(|id| is_in(id, drive)).cloned();
    let taken = held.map(|external_id| {
        listing.insert(external_id.clone());
        Change::Access { external_id, readers: nobody() }
    });
    taken.collect()
}

fn is_in(external_id: &str, drive: &str) -> bool {
    external_id.strip_prefix(drive).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
