//! Object stores by opendal: one flat listing in pages, one request a file.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{EngineError, EngineResult};
use futures::TryStreamExt;
use opendal::{HttpTransporter, OperationContext, Operator, options::ListOptions};
use url::Url;

use super::{
    store::{Entry, Listing, Session, Store, Tag, Trouble, What},
    transport::{Transport, trouble},
    walk::MOST_ENTRIES,
};
use crate::Http;

/// A bucket or container.
pub(super) struct Cloud {
    pub(super) name: String,
    /// Signs and knows the API; its requests go out by each session's own transport.
    pub(super) operator: Operator,
    pub(super) http: Http,
    /// `""`, or a folder that ends with `/`.
    pub(super) prefix: String,
    pub(super) most_bytes: u64,
    /// What every page of its listings holds.
    pub(super) page_mark: &'static str,
    /// Objects in a page of a listing; `None` leaves it to the system.
    pub(super) page: Option<usize>,
    /// Where people open a file: the address of the bucket, to which a file's path is added.
    pub(super) opens_at: Url,
}

struct Bucket {
    name: String,
    operator: Operator,
    prefix: String,
    page: Option<usize>,
}

#[async_trait]
impl Store for Cloud {
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn open(&self) -> EngineResult<Arc<dyn Session>> {
        let transport = Transport::new(self.http.clone(), self.name.clone(), self.page_mark, self.most_bytes);
        let context = OperationContext::new().with_http_transport(HttpTransporter::new(transport));
        Ok(Arc::new(Bucket {
            name: self.name.clone(),
            operator: self.operator.clone().with_context(context),
            prefix: self.prefix.clone(),
            page: self.page,
        }))
    }

    fn uri(&self, id: &str) -> String {
        joined(&self.opens_at, id)
    }
}

#[async_trait]
impl Session for Bucket {
    async fn list(&self) -> Result<Listing, Trouble> {
        let failed = |error: opendal::Error| trouble(&self.name, &error);
        let options = ListOptions { recursive: true, limit: self.page, ..ListOptions::default() };
        let mut entries = self.operator.lister_options(&self.prefix, options).await.map_err(failed)?;
        let mut files = Vec::new();
        while let Some(entry) = entries.try_next().await.map_err(failed)? {
            if files.len() >= MOST_ENTRIES {
                let message = format!("list {}: more than {MOST_ENTRIES} objects; set a prefix", self.name);
                return Err(EngineError::give_up(message).into());
            }
            let metadata = entry.metadata();
            if !metadata.mode().is_file() {
                continue;
            }
            let tag = metadata.etag().filter(|tag| !tag.is_empty()).or(metadata.version());
            files.push(Entry {
                id: entry.path().to_owned(),
                what: What::File,
                bytes: metadata.content_length(),
                modified_at: metadata.last_modified().map(Into::into),
                tag: tag.map_or(Tag::None, |tag| Tag::Exact(tag.to_owned())),
            });
        }
        Ok(Listing { files, unlisted: Vec::new() })
    }

    async fn read(&self, id: &str, _: u64) -> Result<Vec<u8>, Trouble> {
        self.operator.read(id).await.map(|bytes| bytes.to_vec()).map_err(|error| trouble(&self.name, &error))
    }
}

/// A prefix as people write it, as a folder.
pub(super) fn folder_prefix(prefix: &str) -> String {
    let trimmed = prefix.trim_matches('/');
    if trimmed.is_empty() { String::new() } else { format!("{trimmed}/") }
}

/// The address of `path` below `base`, every part of it escaped.
pub(super) fn joined(base: &Url, path: &str) -> String {
    let mut url = base.clone();
    if let Ok(mut parts) = url.path_segments_mut() {
        parts.pop_if_empty().extend(path.split('/'));
    }
    url.into()
}

/// An address from the settings, checked as far as it can be without asking a name server.
pub(super) fn address(http: &Http, field: &str, text: &str) -> EngineResult<Url> {
    let refused = |reason: String| EngineError::give_up(format!("{field} `{text}`: {reason}"));
    let url: Url = text.trim().parse().map_err(|error| refused(format!("it is no URL: {error}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(EngineError::give_up(format!("{field}: put the user and password in their own fields")));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(EngineError::give_up(format!("{field}: it may not have a `?` or `#` part")));
    }
    http.guard().check(&url)?;
    Ok(url)
}

/// For settings that opendal refuses.
pub(super) fn refused(kind: &str, error: &opendal::Error) -> EngineError {
    EngineError::give_up(format!("settings of a {kind} source: {}", error.message()))
}
