//! Pages of issues that have not changed since they were last read: they cost no request of the rate limit.
//!
//! Only ids and versions are kept, no text, so that nothing of a deleted issue stays behind.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use domain::EngineResult;
use reqwest::{
    StatusCode,
    header::{ETAG, IF_NONE_MATCH},
};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    client::{Client, answer},
    issues::{Issue, Listed},
};
use crate::http::Response;

#[derive(Serialize, Deserialize)]
struct Kept {
    url: String,
    etag: String,
    next: Option<String>,
    items: Vec<Listed>,
}

/// A page of issues: with their texts, unless GitHub says they are the ones we know.
pub(super) struct Page {
    pub(super) items: Vec<(Listed, Option<Issue>)>,
    pub(super) next: Option<Url>,
}

pub(super) async fn page(client: &Client, dir: &Path, url: Url) -> EngineResult<Page> {
    let file = file(dir, &url);
    let kept = std::fs::read(&file).ok().and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
    let kept = kept.filter(|kept| kept.url == url.as_str());
    let mut request = client.request(url.clone()).await?;
    if let Some(kept) = &kept {
        request = request.header(IF_NONE_MATCH, &kept.etag);
    }
    let read = |response: Response| {
        let response = answer(response)?;
        if response.status == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        let (etag, next) = (response.header(ETAG).map(ToOwned::to_owned), response.next_page());
        let issues: Vec<Issue> = response.json()?;
        Ok(Some((etag, next, issues)))
    };
    match (client.http().attempt(&request, read).await?, kept) {
        (None, Some(kept)) => Ok(Page {
            items: kept.items.into_iter().map(|item| (item, None)).collect(),
            next: kept.next.and_then(|next| next.parse().ok()),
        }),
        (None, None) => Ok(Page { items: Vec::new(), next: None }),
        (Some((etag, next, issues)), _) => {
            let items: Vec<Listed> = issues.iter().map(Listed::from).collect();
            if let Some(etag) = etag {
                let kept = Kept { url: url.into(), etag, next: next.clone().map(String::from), items: items.clone() };
                keep(&file, &kept);
            }
            Ok(Page { items: items.into_iter().zip(issues.into_iter().map(Some)).collect(), next })
        }
    }
}

/// A page that cannot be kept is read again next time.
fn keep(file: &Path, kept: &Kept) {
    let written = file.parent().map(std::fs::create_dir_all).transpose().and_then(|_| {
        let bytes = serde_json::to_vec(kept).map_err(std::io::Error::other)?;
        std::fs::write(file, bytes)
    });
    if let Err(error) = written {
        tracing::warn!(%error, "a page of GitHub issues cannot be kept");
    }
}

fn file(dir: &Path, url: &Url) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    url.as_str().hash(&mut hasher);
    dir.join("pages").join(format!("{:016x}.json", hasher.finish()))
}
