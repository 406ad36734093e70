//! SharePoint and OneDrive as a source: the files of sites' libraries and of people's drives.
//!
//! <https://learn.microsoft.com/en-us/graph/api/driveitem-delta>, `driveitem-get-content`, `driveitem-list-permissions`,
//! `site-getbypath`, `drive-list` and `drive-get` beside it.

mod access;
mod config;

use std::collections::{BTreeMap, BTreeSet};

use async_stream::try_stream;
use domain::{Batch, Change, Connector, Cursor, EngineError, EngineResult, Principal, RawDocument, Since};
use futures::{Stream, stream::BoxStream};
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};

use access::{Access, Permission};
pub use config::SharePointConfig;

use crate::{
    digest::digest,
    graph::{Graph, segment},
    http::Request,
    pages::Pages,
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

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    id: String,
    #[serde(default)]
    name: String,
    file: Option<serde_json::Value>,
    deleted: Option<serde_json::Value>,
    size: Option<u64>,
    c_tag: Option<String>,
    web_url: Option<String>,
    last_modified_date_time: Option<String>,
    #[serde(rename = "@microsoft.graph.sharedChanged")]
    shared_changed: Option<serde_json::Value>,
}

/// The cursor: where each drive's changes are asked for, the groups whose members count, and the items that a change
/// named but that could not be had then.
#[derive(Default, Serialize, Deserialize)]
struct Place {
    drives: BTreeMap<String, String>,
    groups: BTreeSet<String>,
    again: BTreeSet<String>,
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
            let drives = self.drives().await?;
            for external_id in since.ids().filter(|id| !drives.iter().any(|drive| is_in(id, drive))) {
                yield Step::Change(Change::Delete { external_id: external_id.clone() });
            }
            place.drives.retain(|drive, _| drives.contains(drive));
            let is_whole = place.drives.is_empty();
            let mut listing = BTreeSet::new();
            for drive in &drives {
                let from_start = format!("drives/{}/root/delta", segment(drive));
                let mut known = place.drives.get(drive).cloned();
                for external_id in place.again.iter().filter(|id| is_in(id, drive)).cloned().collect::<Vec<_>>() {
                    place.again.remove(&external_id);
                    let id = external_id.get(drive.len() + 1..).unwrap_or_default();
                    let change = match self.find(drive, id).await? {
                        Some(item) => self.item(drive, &item, &mut access, &mut place.again, &since).await?,
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
                        let Some(page) = self.graph.page::<Item>(&at, PREFER).await? else {
                            if is_full {
                                Err(EngineError::give_up(format!("list drive {drive} of SharePoint: there is no such drive")))?;
                            }
                            continue 'passes;
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
                            } else if let Some(change) = self.item(drive, &item, &mut access, &mut place.again, &since).await? {
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
                    place.drives.insert(drive.clone(), delta);
                    place.groups.clone_from(&access.groups);
                    yield Step::Reached(Cursor(serde_json::to_string(&place).unwrap_or_default()));
                    break;
                }
            }
            if is_whole && listing.is_empty() {
                Err(EngineError::give_up("list SharePoint: its drives hold no files; nothing is changed"))?;
            }
            if is_whole {
                yield Step::Listed(listing.into_iter().collect());
            }
            for group in &access.groups {
                let members = self.graph.members(group).await?;
                yield Step::Change(Change::Members { group: group.clone(), members });
            }
        }
    }

    async fn drives(&self) -> EngineResult<Vec<String>> {
        let mut drives = BTreeSet::new();
        for site in &self.sites {
            let found: Named = self.graph.get(&format!("sites/{site}")).await?;
            let libraries: Vec<Named> =
                self.graph.all(&format!("sites/{}/drives?$select=id", segment(&found.id))).await?;
            if libraries.is_empty() {
                return Err(EngineError::give_up(format!(
                    "list the libraries of {site}: there are none; nothing is changed"
                )));
            }
            drives.extend(libraries.into_iter().map(|library| library.id));
        }
        for user in &self.users {
            drives.insert(self.graph.get::<Named>(&format!("users/{}/drive?$select=id", segment(user))).await?.id);
        }
        Ok(drives.into_iter().collect())
    }

    async fn find(&self, drive: &str, id: &str) -> EngineResult<Option<Item>> {
        let url = self.graph.url(&format!("drives/{}/items/{}", segment(drive), segment(id)))?;
        let response = self.graph.send(Request::get(url)).await?;
        if response.status == StatusCode::NOT_FOUND { Ok(None) } else { response.ok()?.json().map(Some) }
    }

    /// What is to say about a file; nothing about folders and notebooks. `again`: those to ask for once more next time.
    async fn item(
        &self,
        drive: &str,
        item: &Item,
        access: &mut Access<'_>,
        again: &mut BTreeSet<String>,
        since: &Since,
    ) -> EngineResult<Option<Change>> {
        if item.file.is_none() {
            return Ok(None);
        }
        let external_id = format!("{drive}/{}", item.id);
        let path = format!("drives/{}/items/{}", segment(drive), segment(&item.id));
        let permissions: Vec<Permission> = self.graph.all(&format!("{path}/permissions")).await?;
        let readers = match access.readers(&permissions) {
            Ok(readers) => readers,
            // Those who could read it until now must not go on doing so.
            Err(_) if since.has(&external_id) => return Ok(Some(Change::Delete { external_id })),
            Err(reason) => return Ok(Some(Change::Failed { external_id, reason, readers: None })),
        };
        let state = [item.c_tag.as_deref().unwrap_or_default(), &item.name];
        let revision = digest(&state.map(str::as_bytes));
        if item.c_tag.is_some() && since.holds(&external_id, &revision) {
            return Ok(Some(Change::Unchanged { external_id, readers }));
        }
        let failed = |reason: String| {
            Ok(Some(Change::Failed { external_id: external_id.clone(), reason, readers: Some(readers.clone()) }))
        };
        let size = item.size.unwrap_or_default();
        if size > self.most_bytes {
            return failed(format!("it has {size} bytes, over the limit of {}", self.most_bytes));
        }
        let content = Request::get(self.graph.url(&format!("{path}/content"))?).limit(self.most_bytes);
        let response = match self.graph.send(content).await {
            Err(error) if !error.retryable && error.message.contains("over the limit") => {
                return failed(format!("it is over the limit of {} bytes", self.most_bytes));
            }
            response => response?,
        };
        let bytes = match response.status {
            status @ (StatusCode::NOT_FOUND | StatusCode::FORBIDDEN | StatusCode::LOCKED) => {
                again.insert(external_id.clone());
                return failed(format!("SharePoint does not hand it out: {status}"));
            }
            _ => response.ok()?.body,
        };
        if item.size.is_some_and(|size| size != bytes.len() as u64) {
            return Err(EngineError::retry(format!(
                "read {external_id} of SharePoint: {} of {size} bytes",
                bytes.len()
            )));
        }
        Ok(Some(Change::Upsert(RawDocument {
            uri: item.web_url.clone().unwrap_or_else(|| self.graph.url(&path).map(String::from).unwrap_or_default()),
            external_id,
            title: Some(item.name.clone()),
            file_name: item.name.clone(),
            bytes,
            readers,
            modified_at: item.last_modified_date_time.as_deref().and_then(|time| time.parse().ok()),
            revision: Some(revision),
        })))
    }
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
