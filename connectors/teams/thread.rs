//! Makes a document of a thread.

use domain::{Change, Principal, RawDocument, Since};

use super::client::Message;
use crate::{digest::digest, html::escape};

/// Most bytes of a document's text; the rest of a longer one is left out, and the text says so.
const MOST_BYTES: usize = 4 << 20;

/// What the documents of a channel have in common.
pub(super) struct Binder<'a> {
    pub(super) prefix: &'a str,
    /// `Team, Channel`.
    pub(super) place: &'a str,
    pub(super) readers: &'a [Principal],
    pub(super) since: &'a Since,
}

impl Binder<'_> {
    /// `None` when nothing of the thread is left.
    pub(super) fn thread(&self, root: &Message, replies: &[Message]) -> Option<Change> {
        let is_said = |message: &&Message| message.message_type == "message" && message.deleted_date_time.is_none();
        let said: Vec<&Message> = std::iter::once(root).chain(replies).filter(is_said).collect();
        let last = said.last()?;
        let subject = root.subject.as_deref().map(str::trim).filter(|subject| !subject.is_empty() && is_said(&root));
        let title = subject.map_or_else(|| self.place.to_owned(), |subject| format!("{}: {subject}", self.place));
        let bytes = html(&said).into_bytes();
        let (external_id, readers) = (format!("{}{}", self.prefix, root.id), self.readers.to_vec());
        let revision = digest(&[title.as_bytes(), &bytes]);
        if self.since.holds(&external_id, &revision) {
            return Some(Change::Unchanged { external_id, readers });
        }
        let uri = root.web_url.clone().filter(|url| url.starts_with("https://"));
        Some(Change::Upsert(RawDocument {
            uri: uri.unwrap_or_else(|| "https://teams.microsoft.com/".into()),
            external_id,
            title: Some(title),
            file_name: "thread.html".into(),
            bytes,
            readers,
            modified_at: last.created_date_time,
            revision: Some(revision),
        }))
    }
}

fn html(messages: &[&Message]) -> String {
    let mut html = String::new();
    for message in messages {
        let from = message.from.as_ref().and_then(|from| from.user.as_ref().or(from.application.as_ref()));
        let name = from.and_then(|from| from.display_name.as_deref()).unwrap_or("Somebody");
        let time = message.created_date_time.map(|time| time.strftime("%Y-%m-%d %H:%M").to_string());
        let body = if message.body.content_type == "html" {
            message.body.content.clone()
        } else {
            escape(&message.body.content)
        };
        let files = message.attachments.iter().filter_map(|attachment| attachment.name.as_deref());
        let files: String = files.map(|name| format!("<p>[File: {}]</p>\n", escape(name))).collect();
        let entry =
            format!("<p><b>{} ({})</b></p>\n<div>{body}</div>\n{files}", escape(name), time.unwrap_or_default());
        if html.len() + entry.len() > MOST_BYTES {
            html.push_str("<p>(The messages after this one are left out: there are too many.)</p>\n");
            break;
        }
        html.push_str(&entry);
    }
    html
}
