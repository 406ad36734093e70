//! What is read of a file: who may read it, and its bytes.

use std::collections::BTreeSet;

use domain::{Change, EngineResult, RawDocument, Since};
use reqwest::StatusCode;
use serde::Deserialize;

use super::{
    SharePointConnector,
    access::{Access, Permission},
};
use crate::{digest::digest, graph::segment, http::Request, readers::nobody};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: String,
    pub(super) file: Option<serde_json::Value>,
    pub(super) deleted: Option<serde_json::Value>,
    pub(super) size: Option<u64>,
    pub(super) c_tag: Option<String>,
    pub(super) web_url: Option<String>,
    pub(super) last_modified_date_time: Option<String>,
    #[serde(rename = "@microsoft.graph.sharedChanged")]
    pub(super) shared_changed: Option<serde_json::Value>,
}

/// Why a file's content was not read.
enum Unread {
    ForGood(String),
    ForNow(String),
}

impl SharePointConnector {
    pub(super) async fn find(&self, drive: &str, id: &str) -> EngineResult<Option<Item>> {
        let url = self.graph.url(&format!("drives/{}/items/{}", segment(drive), segment(id)))?;
        let response = self.graph.send(Request::get(url)).await?;
        if response.status == StatusCode::NOT_FOUND { Ok(None) } else { response.ok()?.json().map(Some) }
    }

    async fn content(&self, path: &str) -> EngineResult<Result<Vec<u8>, Unread>> {
        let request = Request::get(self.graph.url(&format!("{path}/content"))?).limit(self.most_bytes);
        let response = match self.graph.send(request).await {
            Err(error) if !error.retryable && error.message.contains("over the limit") => {
                let reason = format!("it is over the limit of {} bytes", self.most_bytes);
                return Ok(Err(Unread::ForGood(reason)));
            }
            response => response?,
        };
        Ok(match response.status {
            status @ (StatusCode::NOT_FOUND | StatusCode::FORBIDDEN | StatusCode::LOCKED) => {
                Err(Unread::ForNow(format!("SharePoint does not hand it out: {status}")))
            }
            _ => Ok(response.ok()?.body),
        })
    }

    /// What is to say about a file; nothing about folders and notebooks. `again`: those to ask for once more next time.
    pub(super) async fn item(
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
        let permissions = match self.graph.all::<Permission>(&format!("{path}/permissions")).await? {
            Ok(permissions) => access.readers(&permissions),
            Err(reason) => {
                again.insert(external_id.clone());
                Err(reason)
            }
        };
        let readers = match permissions {
            Ok(readers) => readers,
            // Those who could read it until now must not go on doing so.
            Err(reason) => return Ok(Some(Change::Failed { external_id, reason, readers: Some(nobody()) })),
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
        let read = match self.content(&path).await? {
            Ok(bytes) if item.size.is_none_or(|size| size == bytes.len() as u64) => Ok(bytes),
            // Graph tells other sizes of Office files than they have; what comes twice is all there is.
            Ok(first) => self.content(&path).await?.and_then(|bytes| {
                let came = bytes.len();
                let is_all = bytes == first;
                is_all
                    .then_some(bytes)
                    .ok_or_else(|| Unread::ForNow(format!("{came} of {size} bytes came; the next sync tries again")))
            }),
            refused => refused,
        };
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(Unread::ForGood(reason)) => return failed(reason),
            Err(Unread::ForNow(reason)) => {
                again.insert(external_id.clone());
                return failed(reason);
            }
        };
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
