//! Files in other people's systems: object stores, WebDAV, SFTP and FTP, read by one connector.

mod azblob;
mod choose;
mod cloud;
mod dial;
mod ftp;
mod gcs;
mod lent;
mod s3;
mod sftp;
mod store;
mod transport;
mod walk;
mod webdav;

use std::{collections::HashSet, sync::Arc};

use domain::{Batch, Change, Clock, Connector, EngineError, EngineResult, Principal, RawDocument, Since};
use futures::{StreamExt, stream, stream::BoxStream};

pub use azblob::AzblobConfig;
pub use ftp::{FtpConfig, FtpTls};
pub use gcs::GcsConfig;
pub use s3::S3Config;
pub use sftp::SftpConfig;
pub use webdav::WebdavConfig;

use choose::{Choice, Found};
use lent::Lent;
use store::{Store, Trouble};

use crate::{Parts, gather::Gather};

/// Files that are read at the same time, unless an admin says otherwise.
const AT_ONCE: usize = 4;

/// Reports a store's files. Every sync is a full listing; only what has changed is read.
struct Objects {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn Store>,
    choice: Choice,
    readers: Vec<Principal>,
    clock: Clock,
    at_once: usize,
}

impl Objects {
    fn connector(
        store: impl Store + 'static,
        choice: Choice,
        parts: &Parts,
        title: &str,
    ) -> EngineResult<Box<dyn Connector>> {
        let at_once = parts.at_once.and_then(|most| usize::try_from(most.get()).ok()).unwrap_or(AT_ONCE);
        let inner = Inner { store: Arc::new(store), choice, readers: parts.rule(title)?, clock: parts.clock, at_once };
        Ok(Box::new(Self { inner: Arc::new(inner) }))
    }
}

impl Connector for Objects {
    fn changes(&self, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
        let inner = Arc::clone(&self.inner);
        let batches = async_stream::try_stream! {
            let lent = Arc::new(Lent::new(Arc::clone(&inner.store)));
            let listing = lent.attempt(|session| async move { session.list().await }).await?;
            let unlisted: Vec<String> = listing.unlisted.iter().map(|(folder, _)| format!("{folder}/")).collect();
            let plan = inner.choice.plan(listing, (inner.clock.now)());
            if plan.is_empty() {
                Err(EngineError::give_up(format!(
                    "list {}: it holds no files to read; nothing is changed", inner.store.name()
                )))?;
            }
            let mut ids: Vec<String> = plan.iter().map(|found| found.id.clone()).collect();
            // What lies where nothing could be listed may still exist.
            let listed: HashSet<&String> = ids.iter().collect();
            let is_unlisted = |id: &&String| unlisted.iter().any(|folder| id.starts_with(folder)) && !listed.contains(*id);
            let kept: Vec<String> = since.ids().filter(is_unlisted).cloned().collect();
            ids.extend(kept.iter().cloned());
            let total = Some(ids.len() as u64);
            let changes = stream::iter(plan).map(|found| change(Arc::clone(&inner), Arc::clone(&lent), since.clone(), found));
            let mut changes = changes.buffered(inner.at_once);
            let mut gather = Gather::default();
            while let Some(change) = changes.next().await {
                gather.push(change?);
                if gather.is_full() {
                    yield gather.take(None, total);
                }
            }
            for external_id in kept {
                gather.push(Change::Access { external_id, readers: inner.readers.clone() });
                if gather.is_full() {
                    yield gather.take(None, total);
                }
            }
            yield gather.last(None, Some(ids));
        };
        batches.boxed()
    }
}

/// What became of a file. An error ends the sync.
async fn change(inner: Arc<Inner>, lent: Arc<Lent>, since: Since, found: Found) -> EngineResult<Change> {
    let readers = inner.readers.clone();
    let failed =
        |reason: String| Change::Failed { external_id: found.id.clone(), reason, readers: Some(inner.readers.clone()) };
    if let Some(reason) = &found.refusal {
        return Ok(failed(reason.clone()));
    }
    if found.revision.as_ref().is_some_and(|revision| since.holds(&found.id, revision)) {
        return Ok(Change::Unchanged { external_id: found.id, readers });
    }
    let (id, listed) = (found.id.as_str(), found.bytes);
    let read = lent.attempt(|session| async move {
        let bytes = session.read(id, listed + 1).await?;
        if bytes.len() as u64 == listed {
            return Ok(bytes);
        }
        let got = bytes.len();
        Err(Trouble::Short(format!("{got} bytes came where {listed} were listed; the next sync tries again")))
    });
    let bytes = match read.await {
        Ok(bytes) => bytes,
        Err(Trouble::Item(reason) | Trouble::Short(reason)) => return Ok(failed(reason)),
        Err(Trouble::System(error)) => return Err(error),
    };
    Ok(Change::Upsert(RawDocument {
        uri: inner.store.uri(&found.id),
        file_name: found.id.rsplit('/').next().unwrap_or(&found.id).to_owned(),
        external_id: found.id,
        title: None,
        bytes,
        readers,
        modified_at: found.modified_at,
        revision: found.revision,
    }))
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod servers;
#[cfg(test)]
mod tests;
