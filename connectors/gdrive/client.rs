//! The Drive API v3 and the part of the Directory API that names a group's members.
//!
//! <https://developers.google.com/workspace/drive/api/reference/rest/v3> (`files`, `changes`, `permissions`, `drives`),
//! <https://developers.google.com/workspace/admin/directory/reference/rest/v1/members/list>,
//! errors <https://developers.google.com/workspace/drive/api/guides/handle-errors>.

use domain::{EngineError, EngineResult};
use reqwest::StatusCode;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

use crate::{
    Http,
    address::segment,
    http::{Request, Response},
    oauth::OAuth,
    pages::Pages,
};

const FILE_FIELDS: &str = "id,name,mimeType,trashed,modifiedTime,md5Checksum,size,webViewLink,permissions(id,type,emailAddress,domain,allowFileDiscovery,deleted)";
const PERMISSION_FIELDS: &str = "nextPageToken,permissions(id,type,emailAddress,domain,allowFileDiscovery,deleted)";
const PAGE: &str = "100";

/// The APIs on behalf of one user.
pub(super) struct Client {
    pub(super) http: Http,
    /// `https://www.googleapis.com/`
    pub(super) base: Url,
    pub(super) drive: OAuth,
    /// For the members of groups.
    pub(super) directory: Option<OAuth>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct File {
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) mime_type: String,
    #[serde(default)]
    pub(super) trashed: bool,
    pub(super) modified_time: Option<String>,
    pub(super) md5_checksum: Option<String>,
    pub(super) size: Option<String>,
    pub(super) web_view_link: Option<String>,
    /// Only where the user may share the file, and never in a shared drive.
    pub(super) permissions: Option<Vec<Permission>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Permission {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) email_address: Option<String>,
    pub(super) domain: Option<String>,
    /// Whether people find the file without having its link.
    pub(super) allow_file_discovery: bool,
    /// Whether the account is no more.
    pub(super) deleted: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Change {
    #[serde(default)]
    pub(super) change_type: String,
    pub(super) file_id: Option<String>,
    #[serde(default)]
    pub(super) removed: bool,
    pub(super) file: Option<File>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Changes {
    #[serde(default)]
    pub(super) changes: Vec<Change>,
    pub(super) next_page_token: Option<String>,
    pub(super) new_start_page_token: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct SharedDrive {
    pub(super) id: String,
}

#[derive(Deserialize)]
pub(super) struct Member {
    pub(super) email: Option<String>,
    #[serde(rename = "type", default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) status: String,
}

/// A page of files; `is_complete` unless Google could not search everything.
pub(super) struct Files {
    pub(super) files: Vec<File>,
    pub(super) is_complete: bool,
    pub(super) next: Option<String>,
}

/// What a file holds, or why it cannot be had.
pub(super) enum Content {
    Bytes(Vec<u8>),
    /// For good, until the file is changed.
    Refused(String),
    /// Perhaps only now.
    Unclear(String),
}

impl Client {
    pub(super) async fn start(&self) -> EngineResult<String> {
        let answer: Value = self.get("drive/v3/changes/startPageToken", &[("supportsAllDrives", "true")]).await?;
        let token = answer.get("startPageToken").and_then(Value::as_str);
        token.map(str::to_owned).ok_or_else(|| EngineError::retry("ask Google Drive for a start: it names none"))
    }

    /// `None`: the place is no longer known.
    pub(super) async fn changes(&self, token: &str) -> EngineResult<Option<Changes>> {
        let fields = format!("nextPageToken,newStartPageToken,changes(changeType,fileId,removed,file({FILE_FIELDS}))");
        let url = self.url(
            "drive/v3/changes",
            &[
                ("pageToken", token),
                ("pageSize", PAGE),
                ("includeRemoved", "true"),
                ("includeItemsFromAllDrives", "true"),
                ("supportsAllDrives", "true"),
                ("fields", &fields),
            ],
        )?;
        let response = self.send(&self.drive, Request::get(url)).await?;
        if matches!(response.status, StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::GONE) {
            return Ok(None);
        }
        response.ok()?.json().map(Some)
    }

    /// A page of what is in the user's own drive or, with `drive`, in a shared one.
    pub(super) async fn files(&self, drive: Option<&str>, page: Option<&str>) -> EngineResult<Files> {
        let fields = format!("nextPageToken,incompleteSearch,files({FILE_FIELDS})");
        let mut query = vec![("q", "trashed = false"), ("pageSize", PAGE), ("fields", &fields)];
        query.push(("corpora", if drive.is_some() { "drive" } else { "user" }));
        query.extend(drive.map(|id| ("driveId", id)));
        query.extend(drive.map(|_| ("includeItemsFromAllDrives", "true")));
        query.push(("supportsAllDrives", "true"));
        query.extend(page.map(|page| ("pageToken", page)));
        let mut answer: Value = self.get("drive/v3/files", &query).await?;
        let next = answer.get("nextPageToken").and_then(Value::as_str).map(str::to_owned);
        let is_complete = answer.get("incompleteSearch").and_then(Value::as_bool) != Some(true);
        Ok(Files { files: typed(answer.get_mut("files").map(Value::take))?, is_complete, next })
    }

    /// What is known of a file; `None` when it is no more.
    pub(super) async fn file(&self, id: &str) -> EngineResult<Option<File>> {
        let query = [("supportsAllDrives", "true"), ("fields", FILE_FIELDS)];
        let url = self.url(&format!("drive/v3/files/{}", segment(id)), &query)?;
        let response = self.send(&self.drive, Request::get(url)).await?;
        if response.status == StatusCode::NOT_FOUND { Ok(None) } else { response.ok()?.json().map(Some) }
    }

    pub(super) async fn drives(&self) -> EngineResult<Vec<SharedDrive>> {
        self.all(&self.drive, "drive/v3/drives", "drives", &[("pageSize", PAGE)]).await?.map_err(EngineError::give_up)
    }

    /// A file's permissions, or why they are closed to us.
    pub(super) async fn permissions(&self, file: &str) -> EngineResult<Result<Vec<Permission>, String>> {
        let query = [("pageSize", PAGE), ("supportsAllDrives", "true"), ("fields", PERMISSION_FIELDS)];
        self.all(&self.drive, &format!("drive/v3/files/{}/permissions", segment(file)), "permissions", &query).await
    }

    /// The people in a group and in the groups in it, or why they are closed to us.
    pub(super) async fn members(&self, directory: &OAuth, group: &str) -> EngineResult<Result<Vec<Member>, String>> {
        let query = [("maxResults", "200"), ("includeDerivedMembership", "true")];
        self.all(directory, &format!("admin/directory/v1/groups/{}/members", segment(group)), "members", &query).await
    }

    /// The file itself, or with `kind` its export.
    pub(super) async fn content(&self, file: &str, kind: Option<&str>, most_bytes: u64) -> EngineResult<Content> {
        let id = segment(file);
        let url = match kind {
            Some(kind) => self.url(&format!("drive/v3/files/{id}/export"), &[("mimeType", kind)])?,
            None => self.url(&format!("drive/v3/files/{id}"), &[("alt", "media"), ("supportsAllDrives", "true")])?,
        };
        let response = match self.send(&self.drive, Request::get(url).limit(most_bytes)).await {
            Err(error) if !error.retryable && error.message.contains("over the limit") => {
                return Ok(Content::Refused(format!("it is over the limit of {most_bytes} bytes")));
            }
            response => response?,
        };
        match response.status {
            StatusCode::NOT_FOUND => Ok(Content::Unclear("it went away while it was read".into())),
            StatusCode::FORBIDDEN => Ok(match reason(&response).as_str() {
                "exportSizeLimitExceeded" => Content::Refused("its export is over Google's limit of 10 MB".into()),
                "cannotDownloadFile" => Content::Refused("its owner does not let it be downloaded".into()),
                "cannotDownloadAbusiveFile" => Content::Refused("Google takes it for malware or spam".into()),
                other => Content::Unclear(format!("Google Drive does not hand it out: {other}")),
            }),
            _ => Ok(Content::Bytes(response.ok()?.body)),
        }
    }

    async fn all<T: DeserializeOwned>(
        &self,
        oauth: &OAuth,
        path: &str,
        key: &str,
        query: &[(&str, &str)],
    ) -> EngineResult<Result<Vec<T>, String>> {
        let (mut items, mut pages, mut at) = (Vec::new(), Pages::default(), None::<String>);
        loop {
            let mut query = query.to_vec();
            query.extend(at.as_deref().map(|at| ("pageToken", at)));
            let response = self.send(oauth, Request::get(self.url(path, &query)?)).await?;
            let mut answer: Value = match response.item()? {
                Ok(answer) => answer,
                Err(reason) => return Ok(Err(reason)),
            };
            items.extend(typed::<Vec<T>>(answer.get_mut(key).map(Value::take))?);
            let Some(next) = answer.get("nextPageToken").and_then(Value::as_str) else { return Ok(Ok(items)) };
            pages.next("Google Drive", next)?;
            at = Some(next.to_owned());
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> EngineResult<T> {
        self.send(&self.drive, Request::get(self.url(path, query)?)).await?.ok()?.json()
    }

    fn url(&self, path: &str, query: &[(&str, &str)]) -> EngineResult<Url> {
        let url = self.base.join(path);
        let mut url = url.map_err(|error| EngineError::give_up(format!("ask Google Drive for {path}: {error}")))?;
        url.query_pairs_mut().extend_pairs(query);
        Ok(url)
    }

    /// Google says 403, not 429, when it wants patience.
    async fn send(&self, oauth: &OAuth, request: Request) -> EngineResult<Response> {
        let response = oauth.send(&self.http, &request).await?;
        if response.status == StatusCode::FORBIDDEN {
            let reason = reason(&response);
            if matches!(reason.as_str(), "rateLimitExceeded" | "userRateLimitExceeded" | "sharingRateLimitExceeded") {
                return Err(EngineError::retry_in(
                    format!("read Google Drive: {reason}"),
                    std::time::Duration::from_secs(30),
                ));
            }
        }
        Ok(response)
    }
}

fn typed<T: DeserializeOwned + Default>(answer: Option<Value>) -> EngineResult<T> {
    let Some(answer) = answer else { return Ok(T::default()) };
    serde_json::from_value(answer)
        .map_err(|error| EngineError::retry(format!("read Google Drive: its answer is not as expected: {error}")))
}

fn reason(response: &Response) -> String {
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let said = body.pointer("/error/errors/0/reason").or_else(|| body.pointer("/error/message"));
    said.and_then(Value::as_str).unwrap_or("forbidden").chars().take(100).collect()
}
