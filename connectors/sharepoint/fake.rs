//! Sites, libraries and drives of Microsoft Graph in miniature.

use std::collections::BTreeMap;

use axum::{
    Json,
    body::Body,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::graph::fake::{Asked, Service, refused};

#[derive(Default)]
pub(super) struct Drives {
    /// By drive, then by id.
    pub(super) drives: BTreeMap<String, BTreeMap<String, Item>>,
    /// Where each item was changed last: drive, id.
    pub(super) log: Vec<(usize, String, String)>,
    /// Places in the log before this one are forgotten.
    pub(super) forgotten: usize,
    pub(super) is_hidden: bool,
    /// Whether the person has left the company, so that their drive is not found.
    pub(super) has_left: bool,
    /// Drives whose changes are kept back.
    pub(super) closed: Vec<String>,
}

#[derive(Clone, Default)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) is_folder: bool,
    pub(super) version: usize,
    pub(super) permissions: Vec<Value>,
    pub(super) is_shared_anew: bool,
    pub(super) refusal: Option<StatusCode>,
    /// Bytes that are told beside those that come.
    pub(super) missing: usize,
}

pub(super) fn user(email: &str) -> Value {
    json!({"id": email, "roles": ["read"], "grantedToV2": {"user": {"id": email, "email": email, "displayName": email}}})
}

impl Drives {
    pub(super) fn end(&self) -> usize {
        self.log.last().map_or(1, |(place, ..)| place + 1)
    }

    pub(super) fn note(&mut self, drive: &str, id: &str) {
        let place = self.end();
        self.log.retain(|(_, in_drive, known)| (in_drive.as_str(), known.as_str()) != (drive, id));
        self.log.push((place, drive.to_owned(), id.to_owned()));
    }

    pub(super) fn put(&mut self, drive: &str, id: &str, item: Item) {
        let version = self.end();
        let items = self.drives.entry(drive.into()).or_default();
        items.insert("root".into(), Item { name: "root".into(), is_folder: true, ..Item::default() });
        items.insert(id.into(), Item { version, ..item });
        self.note(drive, id);
    }

    fn shown(&self, drive: &str, id: &str) -> Value {
        let Some(item) = self.drives.get(drive).and_then(|items| items.get(id)) else {
            return json!({"id": id, "deleted": {"state": "deleted"}});
        };
        let mut shown = json!({"id": id, "name": item.name, "size": item.text.len() + item.missing, "cTag": format!("\"c:{{{id}}},{}\"", item.version),
            "webUrl": format!("https://contoso.sharepoint.com/{id}"), "lastModifiedDateTime": "2026-11-24T12:00:00Z"});
        if item.is_folder {
            shown["folder"] = json!({"childCount": 1});
        } else {
            shown["file"] = json!({"mimeType": "text/plain"});
        }
        if item.is_shared_anew {
            shown["@microsoft.graph.sharedChanged"] = json!("True");
        }
        shown
    }

    fn content(&self, drive: &str, id: &str) -> Response {
        match self.drives[drive].get(id) {
            None => refused(StatusCode::NOT_FOUND, "itemNotFound"),
            Some(Item { refusal: Some(status), .. }) => refused(*status, "accessDenied"),
            Some(item) => Response::new(Body::from(item.text.clone())),
        }
    }
}

impl Service for Drives {
    fn answer(&mut self, asked: &Asked<'_>) -> Response {
        match asked.path[..] {
            ["sites", "contoso.sharepoint.com:", "sites", "team"] => {
                Json(json!({"id": "contoso.sharepoint.com,1,2"})).into_response()
            }
            ["sites", "contoso.sharepoint.com,1,2", "drives"] => {
                let shown = self.drives.keys().filter(|id| id.starts_with("b!") && !self.is_hidden);
                asked.page(shown.map(|id| json!({"id": id})).collect())
            }
            ["users", ..] if self.has_left => refused(StatusCode::NOT_FOUND, "itemNotFound"),
            ["drives", drive, "root", "delta"] if self.closed.iter().any(|closed| closed == drive) => {
                refused(StatusCode::FORBIDDEN, "accessDenied")
            }
            ["users", "ann@example.com", "drive"] => Json(json!({"id": "ann-drive"})).into_response(),
            ["drives", drive, "root", "delta"] => {
                assert!(asked.headers["prefer"].to_str().unwrap().contains("deltashowsharingchanges"));
                let from = asked.query.get("token").map(|at| at.parse::<usize>().unwrap());
                if from.is_some_and(|from| from < self.forgotten) {
                    return refused(StatusCode::GONE, "resyncRequired");
                }
                let Some(items) = self.drives.get(drive) else { return refused(StatusCode::NOT_FOUND, "itemNotFound") };
                let here = self.log.iter().filter(|(_, in_drive, _)| in_drive == drive);
                // The root comes first, and what is gone only to those who may know it.
                let mut log: Vec<_> = vec![(0, self.shown(drive, "root"))];
                log.extend(
                    here.filter(|(.., id)| from.is_some_and(|from| from > 0) || items.contains_key(id))
                        .map(|(place, _, id)| (*place, self.shown(drive, id))),
                );
                asked.delta(if self.is_hidden { &[] } else { &log }, self.end())
            }
            ["drives", drive, "items", id, "permissions"] => match self.drives[drive].get(id) {
                Some(item) => asked.page(item.permissions.clone()),
                None => refused(StatusCode::NOT_FOUND, "itemNotFound"),
            },
            ["drives", drive, "items", id] => match self.drives[drive].contains_key(id) {
                true => Json(self.shown(drive, id)).into_response(),
                false => refused(StatusCode::NOT_FOUND, "itemNotFound"),
            },
            // The content lies elsewhere, at an address that needs no token.
            ["drives", drive, "items", id, "content"] => match asked.query.get("tempauth") {
                Some(_) => self.content(drive, id),
                None => {
                    let place =
                        format!("{}/v1.0/drives/{}/items/{id}/content?tempauth=1", asked.origin, super::segment(drive));
                    (StatusCode::FOUND, [("location", place)]).into_response()
                }
            },
            _ => refused(StatusCode::NOT_FOUND, "itemNotFound"),
        }
    }
}
