//! Google Drive as a source: a user's own files, those shared with them, and shared drives.

mod access;
mod client;
mod config;
mod formats;

use std::collections::BTreeSet;

use async_stream::try_stream;
use domain::{Batch, Change, Connector, Cursor, EngineError, EngineResult, RawDocument, Since};
use futures::{Stream, stream::BoxStream};
use serde::{Deserialize, Serialize};

use access::Access;
use client::{Client, Content, File};
pub use config::DriveConfig;
use formats::Format;

use crate::{
    digest::digest,
    pages::Pages,
    readers::nobody,
    steps::{Step, batches},
};

struct DriveConnector {
    client: Client,
    domain: Option<String>,
    counts_links: bool,
    reads_shared_drives: bool,
    most_bytes: u64,
}

/// The cursor: where the log of changes is read on, the groups whose members count, and the files that the log named
/// but that could not be had then.
#[derive(Serialize, Deserialize)]
struct Place {
    token: String,
    groups: BTreeSet<String>,
    again: BTreeSet<String>,
}

impl Connector for DriveConnector {
    fn changes(&self, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
        batches(since.cursor.clone(), self.steps(since))
    }
}

impl DriveConnector {
    fn steps(&self, since: Since) -> impl Stream<Item = EngineResult<Step>> + Send + '_ {
        try_stream! {
            let place = since.cursor.as_ref().and_then(|cursor| serde_json::from_str::<Place>(&cursor.0).ok());
            let mut access = Access {
                domain: self.domain.clone(),
                counts_links: self.counts_links,
                sees_groups: self.client.directory.is_some(),
                groups: place.as_ref().map(|place| place.groups.clone()).unwrap_or_default(),
                told: BTreeSet::new(),
                failed: Vec::new(),
            };
            let mut again = BTreeSet::new();
            for id in place.iter().flat_map(|place| &place.again) {
                let file = self.client.file(id).await?.filter(|file| !file.trashed);
                let gone = || Some(Change::Delete { external_id: id.clone() });
                let change = match file {
                    Some(file) => self.file(&file, &mut access, &mut again, &since).await?,
                    None => gone(),
                };
                if let Some(change) = change {
                    yield Step::Change(change);
                }
            }
            let mut is_known = place.is_some();
            let mut pages = Pages::default();
            let mut token = place.map(|place| place.token);
            while let Some(at) = token.take() {
                pages.next("Google Drive", &at)?;
                let Some(page) = self.client.changes(&at).await? else {
                    is_known = false;
                    break;
                };
                for change in page.changes {
                    let file = change.file.filter(|file| !change.removed && !file.trashed);
                    match (change.file_id, file) {
                        // The members of a shared drive may read all of it.
                        _ if change.change_type == "drive" => is_known = false,
                        (Some(_), Some(file)) => {
                            if let Some(step) = self.file(&file, &mut access, &mut again, &since).await? {
                                yield Step::Change(step);
                            }
                        }
                        (Some(id), None) => {
                            // What is not held may be a folder, and everything below it went with it.
                            is_known &= since.has(&id);
                            yield Step::Change(Change::Delete { external_id: id });
                        }
                        (None, _) => {}
                    }
                }
                token = page.next_page_token;
                if is_known && let Some(reached) = token.as_ref().or(page.new_start_page_token.as_ref()) {
                    for change in access.members(&self.client, &since).await? {
                        yield Step::Change(change);
                    }
                    yield Step::Reached(cursor(reached, &access, &again));
                }
            }
            if !is_known {
                let token = self.client.start().await?;
                again.clear();
                let (mut listing, mut is_complete) = (Vec::new(), true);
                let mut drives = vec![None];
                if self.reads_shared_drives {
                    drives.extend(self.client.drives().await?.into_iter().map(|drive| Some(drive.id)));
                }
                for drive in drives {
                    let (mut pages, mut next) = (Pages::default(), None::<String>);
                    loop {
                        let page = self.client.files(drive.as_deref(), next.as_deref()).await?;
                        is_complete &= page.is_complete;
                        for file in page.files.into_iter().filter(|file| !file.trashed) {
                            if let Some(change) = self.file(&file, &mut access, &mut again, &since).await? {
                                listing.push(file.id);
                                yield Step::Change(change);
                            }
                        }
                        let Some(at) = page.next else { break };
                        pages.next("Google Drive", &at)?;
                        next = Some(at);
                    }
                }
                if listing.is_empty() {
                    Err(EngineError::give_up("list Google Drive: it shows the user no files; nothing is changed"))?;
                }
                for change in access.members(&self.client, &since).await? {
                    yield Step::Change(change);
                }
                // Where Google could not search everything, the next sync lists it all again.
                if is_complete {
                    listing.append(&mut access.failed);
                    yield Step::Listed(listing);
                    yield Step::Reached(cursor(&token, &access, &again));
                }
            }
            for change in access.members(&self.client, &since).await? {
                yield Step::Change(change);
            }
        }
    }

    /// What is to say about a file; nothing about folders and shortcuts. `again`: those to ask for once more next time.
    async fn file(
        &self,
        file: &File,
        access: &mut Access,
        again: &mut BTreeSet<String>,
        since: &Since,
    ) -> EngineResult<Option<Change>> {
        let external_id = file.id.clone();
        let format = match Format::of(file) {
            Format::None => return Ok(None),
            format => format,
        };
        let permissions = match &file.permissions {
            Some(permissions) => permissions.clone(),
            None => match self.client.permissions(&file.id).await? {
                Ok(permissions) => permissions,
                Err(reason) => {
                    again.insert(external_id.clone());
                    return Ok(Some(Change::Failed { external_id, reason, readers: Some(nobody()) }));
                }
            },
        };
        let readers = match access.readers(&permissions) {
            Ok(readers) => readers,
            // Those who could read it until now must not go on doing so.
            Err(reason) => return Ok(Some(Change::Failed { external_id, reason, readers: Some(nobody()) })),
        };
        let state = [file.modified_time.as_deref(), file.md5_checksum.as_deref(), Some(file.name.as_str())];
        let revision = digest(&state.map(|part| part.unwrap_or_default().as_bytes()));
        if since.holds(&external_id, &revision) {
            return Ok(Some(Change::Unchanged { external_id, readers }));
        }
        let failed =
            |reason: String| Change::Failed { external_id: file.id.clone(), reason, readers: Some(readers.clone()) };
        let (kind, file_name) = match format {
            Format::None => return Ok(None),
            Format::Unreadable => return Ok(Some(failed(format!("Google exports no {} as text", file.mime_type)))),
            Format::AsItIs => (None, file.name.clone()),
            Format::Export { kind, extension } => (Some(kind), format!("{}.{extension}", file.name)),
        };
        let bytes: u64 = file.size.as_deref().and_then(|size| size.parse().ok()).unwrap_or_default();
        if bytes > self.most_bytes {
            return Ok(Some(failed(format!("it has {bytes} bytes, over the limit of {}", self.most_bytes))));
        }
        let is_whole = |content: &[u8]| kind.is_some() || file.size.is_none() || bytes == content.len() as u64;
        let mut content = self.client.content(&file.id, kind, self.most_bytes).await?;
        if matches!(&content, Content::Bytes(content) if !is_whole(content)) {
            content = self.client.content(&file.id, kind, self.most_bytes).await?;
        }
        let read = match content {
            Content::Bytes(content) if is_whole(&content) => Ok(content),
            Content::Bytes(content) => {
                Err(format!("{} of {bytes} bytes came; the next sync tries again", content.len()))
            }
            Content::Refused(reason) => return Ok(Some(failed(reason))),
            Content::Unclear(reason) => Err(reason),
        };
        let content = match read {
            Ok(content) => content,
            Err(reason) => {
                again.insert(external_id);
                return Ok(Some(failed(reason)));
            }
        };
        Ok(Some(Change::Upsert(RawDocument {
            uri: file
                .web_view_link
                .clone()
                .unwrap_or_else(|| format!("https://drive.google.com/open?id={external_id}")),
            external_id,
            title: Some(file.name.clone()).filter(|name| !name.is_empty()),
            file_name,
            bytes: content,
            readers,
            modified_at: file.modified_time.as_deref().and_then(|time| time.parse().ok()),
            revision: Some(revision),
        })))
    }
}

fn cursor(token: &str, access: &Access, again: &BTreeSet<String>) -> Cursor {
    let place = Place { token: token.to_owned(), groups: access.groups.clone(), again: again.clone() };
    Cursor(serde_json::to_string(&place).unwrap_or_default())
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
