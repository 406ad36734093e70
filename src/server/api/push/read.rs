//! Reads the documents of a request, JSON or a form, within bounds.

use std::time::Duration;

use actix_multipart::{Multipart, MultipartError};
use actix_web::{
    HttpRequest,
    error::PayloadError,
    http::header,
    web::{Bytes, Payload},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::Principal;
use futures::{Stream, TryStreamExt};

use super::given::{Given, MOST_DOCUMENTS, PushDocument, PushRequest, file_name};
use crate::{
    context::Desk,
    problem::{self, Kind, Problem, bad_request},
};

/// Longest value of a form field that is no file.
const MAX_FIELD_BYTES: usize = 64 * 1024;

pub(super) async fn documents(desk: &Desk, request: &HttpRequest, payload: Payload) -> Result<Vec<Given>, Problem> {
    let longest = Duration::from_secs(desk.config.upload.timeout_secs);
    let mut room = Room::new(desk.config.upload.max_bytes);
    let reading = async {
        match request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(essence) {
            Some(kind) if kind == "application/json" => json(payload, &mut room).await,
            Some(kind) if kind == "multipart/form-data" => {
                form(Multipart::new(request.headers(), payload), &mut room).await
            }
            _ => Err(Problem::new(
                Kind::NotDocuments,
                "Send JSON (`application/json`) or a form (`multipart/form-data`).",
            )),
        }
    };
    tokio::time::timeout(longest, reading).await.unwrap_or_else(|_| Err(problem::too_slow(longest)))
}

fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_lowercase()
}

/// How many bytes a request may still hold. What goes beyond is read and dropped, as much again, so that a client which is
/// still sending hears why it was refused.
struct Room {
    max: u64,
    taken: u64,
}

impl Room {
    fn new(max: u64) -> Self {
        Self { max, taken: 0 }
    }

    fn is_over(&self) -> bool {
        self.taken > self.max
    }

    /// Adds what came to `bytes`, as long as there is room.
    ///
    /// # Errors
    /// When not even what is dropped may go on.
    fn take(&mut self, chunk: &Bytes, bytes: &mut Vec<u8>) -> Result<(), Problem> {
        self.taken = self.taken.saturating_add(chunk.len() as u64);
        if self.taken > self.max.saturating_mul(2) {
            return Err(problem::too_large(self.max));
        }
        if self.is_over() {
            *bytes = Vec::new();
        } else {
            bytes.extend_from_slice(chunk);
        }
        Ok(())
    }

    fn close(&self) -> Result<(), Problem> {
        if self.is_over() { Err(problem::too_large(self.max)) } else { Ok(()) }
    }
}

async fn collect<E>(
    mut chunks: impl Stream<Item = Result<Bytes, E>> + Unpin,
    room: &mut Room,
    unread: impl Fn(&E) -> Problem,
) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.try_next().await.map_err(|error| unread(&error))? {
        room.take(&chunk, &mut bytes)?;
    }
    Ok(bytes)
}

async fn json(payload: Payload, room: &mut Room) -> Result<Vec<Given>, Problem> {
    let body = collect(payload, room, |_: &PayloadError| bad_request("The body could not be read.")).await?;
    room.close()?;
    let request: PushRequest =
        serde_json::from_slice(&body).map_err(|error| bad_request(format!("The JSON does not fit: {error}.")))?;
    request.documents.into_iter().map(given).collect()
}

fn given(document: PushDocument) -> Result<Given, Problem> {
    let PushDocument { id, title, text, content_base64, media_type, file_name: named, uri, readers, modified_at } =
        document;
    let mut media_type = media_type;
    let bytes = match (text, content_base64) {
        (Some(text), None) => {
            let ends_like_a_file = named.is_some() || id.rsplit('/').next().is_some_and(|name| name.contains('.'));
            if !ends_like_a_file {
                media_type.get_or_insert_with(|| "text/plain".into());
            }
            Ok(text.into_bytes())
        }
        (None, Some(content)) => BASE64_STANDARD
            .decode(content.trim())
            .map_err(|error| format!("read {id}: its content_base64 is no base64: {error}")),
        _ => return Err(bad_request(format!("Give `{id}` either `text` or `content_base64`."))),
    };
    let file_name = file_name(&id, named.as_deref(), media_type.as_deref());
    Ok(Given { id, title, file_name, bytes, uri, readers, modified_at })
}

/// Files, whose ids are their file names, and `readers` for all of them.
async fn form(mut form: Multipart, room: &mut Room) -> Result<Vec<Given>, Problem> {
    let mut files = Vec::new();
    let mut readers: Vec<Principal> = Vec::new();
    while let Some(field) = form.try_next().await.map_err(|error| unread(&error))? {
        let disposition = field.content_disposition();
        let file = disposition.and_then(|disposition| disposition.get_filename()).map(str::to_owned);
        let name = field.name().unwrap_or_default().to_owned();
        let media_type = field.content_type().map(ToString::to_string);
        let bytes = collect::<MultipartError>(field, room, unread).await?;
        match file {
            Some(file) if !file.is_empty() => files.push((file, media_type, bytes)),
            // A form whose file field was left empty.
            Some(_) => {}
            None if name == "readers" => readers.extend(named(&bytes)?),
            None => return Err(bad_request(format!("The form has no field `{name}`: send files, and `readers`."))),
        }
        if files.len() > MOST_DOCUMENTS {
            return Err(bad_request(format!("Send at most {MOST_DOCUMENTS} files at once.")));
        }
    }
    room.close()?;
    let readers = (!readers.is_empty()).then_some(readers);
    let given = |(id, media_type, bytes): (String, Option<String>, Vec<u8>)| {
        // Browsers and curl guess the type from the name, which says it better: it is asked only where the name says nothing.
        let guessed = media_type.filter(|_| !id.contains('.'));
        let file_name = file_name(&id, None, guessed.as_deref());
        Given { id, title: None, file_name, bytes: Ok(bytes), uri: None, readers: readers.clone(), modified_at: None }
    };
    Ok(files.into_iter().map(given).collect())
}

fn named(bytes: &[u8]) -> Result<Vec<Principal>, Problem> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= MAX_FIELD_BYTES);
    let Some(text) = text else { return Err(bad_request("`readers` is too long, or no text.")) };
    let parts = text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().map_err(|error: String| bad_request(format!("In `readers`: {error}.")))).collect()
}

fn unread(error: &MultipartError) -> Problem {
    bad_request(format!("The form could not be read: {error}."))
}
