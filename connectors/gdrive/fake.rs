//! Google's token endpoint, Drive and Directory in miniature, with pages of two.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::KeySize,
    signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey},
};
use axum::{
    Form, Json, Router,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use crate::conformance::serve;

const PAGE: usize = 2;
pub(super) const DOCUMENT: &str = "application/vnd.google-apps.document";

pub(super) struct Google {
    pub(super) files: BTreeMap<String, File>,
    /// The log of changes: where each file or drive was changed last.
    pub(super) log: Vec<(usize, &'static str, String)>,
    pub(super) groups: HashMap<String, Vec<Value>>,
    pub(super) tokens: HashMap<String, (String, String)>,
    /// Places in the log before this one are forgotten.
    pub(super) forgotten: usize,
    pub(super) is_hidden: bool,
    pub(super) is_circling: bool,
    /// Whether the search leaves something out, and says so.
    pub(super) is_incomplete: bool,
    /// What every request is refused with: a reason of a 403.
    pub(super) refusal: Option<&'static str>,
    pub(super) requests: Vec<String>,
    public_key: Vec<u8>,
    address: String,
}

#[derive(Clone, Default)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) text: String,
    /// Microseconds since 2026 began.
    pub(super) modified: usize,
    pub(super) drive: Option<String>,
    pub(super) permissions: Vec<Value>,
    pub(super) trashed: bool,
    /// The reason of the 403 that fetching it ends in.
    pub(super) refusal: Option<&'static str>,
    /// Bytes that are told beside those that come.
    pub(super) missing: usize,
}

pub(super) type Shared = Arc<Mutex<Google>>;

pub(super) fn user(email: &str) -> Value {
    json!({"id": email, "type": "user", "emailAddress": email, "role": "reader"})
}

/// Starts it; returns its address, its state and the key file of its service account.
pub(super) async fn start() -> (String, Shared, String) {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = key.as_der().unwrap();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()));
    let google = Google {
        files: BTreeMap::new(),
        log: Vec::new(),
        groups: HashMap::new(),
        tokens: HashMap::new(),
        forgotten: 0,
        is_hidden: false,
        is_circling: false,
        is_incomplete: false,
        refusal: None,
        requests: Vec::new(),
        public_key: key.public_key().as_ref().to_vec(),
        address: String::new(),
    };
    let shared = Arc::new(Mutex::new(google));
    let router =
        Router::new().route("/token", post(token)).route("/{*path}", get(answer)).with_state(Arc::clone(&shared));
    let address = serve(router).await;
    shared.lock().unwrap().address = address.clone();
    let file = json!({"type": "service_account", "client_email": "robot@project.example", "private_key": pem,
        "token_uri": format!("{address}/token")});
    (address, shared, file.to_string())
}

async fn token(State(google): State<Shared>, Form(fields): Form<HashMap<String, String>>) -> Response {
    let mut google = google.lock().unwrap();
    assert_eq!(fields["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let (signed, signature) = fields["assertion"].rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &google.public_key);
    if key.verify(signed.as_bytes(), &signature).is_err() {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    }
    let claims = URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(
        (claims["iss"].as_str(), claims["exp"].as_i64()),
        (Some("robot@project.example"), claims["iat"].as_i64().map(|at| at + 600))
    );
    if !claims["aud"].as_str().unwrap().ends_with("/token") {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    }
    let token = format!("ya29.{}", google.tokens.len());
    let text = |name: &str| claims[name].as_str().unwrap().to_owned();
    google.tokens.insert(token.clone(), (text("sub"), text("scope")));
    Json(json!({"access_token": token, "expires_in": 3599, "token_type": "Bearer"})).into_response()
}

async fn answer(
    State(google): State<Shared>,
    Path(path): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let mut google = google.lock().unwrap();
    google.requests.push(path.clone());
    let bearer = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let Some((subject, scope)) = bearer.and_then(|token| google.tokens.get(token)) else {
        return refused(StatusCode::UNAUTHORIZED, "authError");
    };
    let is_directory = path.starts_with("admin/");
    let is_allowed = match is_directory {
        true => subject == "admin@example.com" && scope.ends_with("admin.directory.group.member.readonly"),
        false => subject == "ann@example.com" && scope.ends_with("drive.readonly"),
    };
    if !is_allowed {
        return refused(StatusCode::FORBIDDEN, "insufficientPermissions");
    }
    if let Some(reason) = google.refusal {
        return refused(StatusCode::FORBIDDEN, reason);
    }
    let parts: Vec<&str> = path.split('/').collect();
    match parts[..] {
        ["drive", "v3", "changes", "startPageToken"] => {
            Json(json!({"startPageToken": google.end().to_string()})).into_response()
        }
        ["drive", "v3", "changes"] => google.changes(&query),
        ["drive", "v3", "drives"] => google.drives(&query),
        ["drive", "v3", "files"] => google.list(&query),
        ["drive", "v3", "files", id, "permissions"] => match google.files.get(id) {
            Some(file) => google.page("permissions", file.permissions.clone(), &query),
            None => refused(StatusCode::NOT_FOUND, "notFound"),
        },
        ["drive", "v3", "files", id] if query.get("alt").is_some_and(|alt| alt == "media") => google.content(id, false),
        ["drive", "v3", "files", id] => match google.files.get(id) {
            Some(file) => Json(google.shown(id, file)).into_response(),
            None => refused(StatusCode::NOT_FOUND, "notFound"),
        },
        ["drive", "v3", "files", id, "export"] => {
            assert!(query["mimeType"].contains("officedocument"));
            google.content(id, true)
        }
        ["admin", "directory", "v1", "groups", group, "members"] => match google.groups.get(group) {
            Some(members) => google.page("members", members.clone(), &query),
            None => refused(StatusCode::NOT_FOUND, "notFound"),
        },
        _ => refused(StatusCode::NOT_FOUND, "notFound"),
    }
}

fn refused(status: StatusCode, reason: &str) -> Response {
    let error = json!({"error": {"code": status.as_u16(), "message": reason, "errors": [{"domain": "global", "reason": reason}]}});
    (status, Json(error)).into_response()
}

impl Google {
    /// Where the log ends.
    pub(super) fn end(&self) -> usize {
        self.log.last().map_or(1, |(place, ..)| place + 1)
    }

    pub(super) fn note(&mut self, kind: &'static str, id: &str) {
        let place = self.end();
        self.log.retain(|(_, _, known)| known != id);
        self.log.push((place, kind, id.to_owned()));
    }

    pub(super) fn put(&mut self, id: &str, file: File) {
        let modified = self.end();
        self.files.insert(id.into(), File { modified, ..file });
        self.note("file", id);
    }

    fn shown(&self, id: &str, file: &File) -> Value {
        let mut shown = json!({"id": id, "name": file.name, "mimeType": file.kind, "trashed": file.trashed,
            "modifiedTime": format!("2026-01-01T00:00:00.{:06}Z", file.modified),
            "webViewLink": format!("https://docs.google.com/open?id={id}")});
        if !file.kind.starts_with("application/vnd.google-apps.") {
            shown["size"] = json!((file.text.len() + file.missing).to_string());
            shown["md5Checksum"] = json!(format!("{:032x}", file.modified));
        }
        if file.drive.is_none() {
            shown["permissions"] = json!(file.permissions);
        }
        shown
    }

    fn changes(&self, query: &HashMap<String, String>) -> Response {
        let from: usize = query["pageToken"].parse().unwrap();
        if from < self.forgotten {
            return refused(StatusCode::GONE, "pageTokenExpired");
        }
        assert_eq!(
            (&*query["includeRemoved"], &*query["supportsAllDrives"], &*query["includeItemsFromAllDrives"]),
            ("true", "true", "true")
        );
        let log: Vec<_> = self.log.iter().filter(|(place, ..)| *place >= from && !self.is_hidden).collect();
        let shown = log.iter().take(PAGE).map(|(_, kind, id)| {
            let file = self.files.get(id);
            let mut change = json!({"changeType": kind, "removed": file.is_none() && *kind == "file"});
            change[if *kind == "file" { "fileId" } else { "driveId" }] = json!(id);
            if let Some(file) = file {
                change["file"] = self.shown(id, file);
            }
            change
        });
        let mut answer = json!({"changes": shown.collect::<Vec<_>>()});
        match log.get(PAGE) {
            _ if self.is_circling => answer["nextPageToken"] = json!(from.to_string()),
            Some((place, ..)) => answer["nextPageToken"] = json!(place.to_string()),
            None => answer["newStartPageToken"] = json!(if self.is_hidden { from } else { self.end() }.to_string()),
        }
        Json(answer).into_response()
    }

    fn drives(&self, query: &HashMap<String, String>) -> Response {
        let mut drives: Vec<_> = self.files.values().filter_map(|file| file.drive.clone()).collect();
        drives.sort();
        drives.dedup();
        self.page("drives", drives.iter().map(|id| json!({"id": id, "name": id})).collect(), query)
    }

    fn list(&self, query: &HashMap<String, String>) -> Response {
        assert_eq!(query["q"], "trashed = false");
        let drive = query.get("driveId");
        assert_eq!(query["corpora"], if drive.is_some() { "drive" } else { "user" });
        let is_asked = |file: &&File| !file.trashed && file.drive.as_ref() == drive;
        let files = self.files.iter().filter(|(_, file)| is_asked(file)).map(|(id, file)| self.shown(id, file));
        self.page("files", files.collect(), query)
    }

    fn content(&self, id: &str, is_export: bool) -> Response {
        match self.files.get(id) {
            None => refused(StatusCode::NOT_FOUND, "notFound"),
            Some(File { refusal: Some(reason), .. }) => refused(StatusCode::FORBIDDEN, reason),
            Some(file) if file.kind.starts_with("application/vnd.google-apps.") != is_export => {
                refused(StatusCode::FORBIDDEN, "fileNotDownloadable")
            }
            // An export is a file format of its own; a body that was cut off can be told from it.
            Some(file) => Response::new(Body::from(file.text.clone())),
        }
    }

    fn page(&self, key: &str, items: Vec<Value>, query: &HashMap<String, String>) -> Response {
        let items = if self.is_hidden { Vec::new() } else { items };
        let start = query.get("pageToken").map_or(0, |at| at.strip_prefix("page-").unwrap().parse().unwrap());
        let end = items.len().min(start + PAGE);
        let mut answer =
            json!({key: items.get(start..end).unwrap_or_default(), "incompleteSearch": self.is_incomplete});
        if self.is_circling || end < items.len() {
            answer["nextPageToken"] = json!(format!("page-{}", if self.is_circling { 0 } else { end }));
        }
        Json(answer).into_response()
    }
}
