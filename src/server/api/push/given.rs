//! What is sent, checked, and as the changes it asks for.

use std::collections::HashSet;

use domain::{Change, Principal, RawDocument};
use ingest::PARSED_EXTENSIONS;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use store::Source;

use crate::problem::{Problem, bad_request};

/// Documents of one request.
pub(super) const MOST_DOCUMENTS: usize = 100;
const MOST_READERS: usize = 1_000;
const MAX_ID_BYTES: usize = 1_000;
const MAX_PRINCIPAL_BYTES: usize = 1_000;
const MAX_TITLE_CHARS: usize = 300;
const MAX_URI_BYTES: usize = 2_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PushRequest {
    #[schemars(length(min = 1, max = 100))]
    pub(super) documents: Vec<PushDocument>,
}

/// A document to store: `text`, or `content_base64` with the bytes of a file.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PushDocument {
    /// The sender's own stable name for it; a name, never a path.
    #[schemars(length(min = 1, max = 1000))]
    pub(super) id: String,
    /// Without one, the text's first heading or the file's name.
    #[schemars(length(max = 300))]
    pub(super) title: Option<String>,
    pub(super) text: Option<String>,
    pub(super) content_base64: Option<String>,
    /// What the content is, such as `text/markdown`. Without it, what `file_name` or the id ends with says so, or the content itself.
    pub(super) media_type: Option<String>,
    pub(super) file_name: Option<String>,
    /// Where a person opens the original.
    pub(super) uri: Option<String>,
    /// Who may read it: `everyone`, `group:NAME`, `user:EMAIL`. Without them, those of the source's rule.
    pub(super) readers: Option<Vec<Principal>>,
    /// RFC 3339.
    #[schemars(with = "Option<String>")]
    pub(super) modified_at: Option<Timestamp>,
}

/// Each file is a document whose id is its file name.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "describes the form to the API's readers")]
pub(crate) struct UploadForm {
    file: Vec<String>,
    /// Who may read the files: principals, separated by commas. Without them, those of the source's rule.
    readers: Option<String>,
}

/// A document as it was sent, in either form.
pub(super) struct Given {
    pub id: String,
    pub title: Option<String>,
    /// Tells the parser what the bytes are.
    pub file_name: String,
    /// Or why there are none.
    pub bytes: Result<Vec<u8>, String>,
    pub uri: Option<String>,
    pub readers: Option<Vec<Principal>>,
    pub modified_at: Option<Timestamp>,
}

/// # Errors
/// For a request that says something else than it can mean. A content that cannot be read is a failure of its document alone.
pub(super) fn changes(given: Vec<Given>, source: &Source) -> Result<Vec<Change>, Problem> {
    if given.is_empty() || given.len() > MOST_DOCUMENTS {
        let count = given.len();
        return Err(bad_request(format!("Send 1 to {MOST_DOCUMENTS} documents at once; there are {count}.")));
    }
    let mut ids = HashSet::new();
    for document in &given {
        check(document)?;
        if !ids.insert(document.id.as_str()) {
            return Err(bad_request(format!("The id `{}` occurs twice.", document.id)));
        }
    }
    given.into_iter().map(|document| change(document, source)).collect()
}

fn check(document: &Given) -> Result<(), Problem> {
    let id = &document.id;
    if id.trim().is_empty() || id.len() > MAX_ID_BYTES || id.chars().any(char::is_control) {
        return Err(bad_request(format!("An id has 1 to {MAX_ID_BYTES} bytes and no control characters.")));
    }
    if document.title.as_ref().is_some_and(|title| title.chars().count() > MAX_TITLE_CHARS) {
        return Err(bad_request(format!("The title of `{id}` has more than {MAX_TITLE_CHARS} characters.")));
    }
    if document.uri.as_ref().is_some_and(|uri| uri.len() > MAX_URI_BYTES) {
        return Err(bad_request(format!("The address of `{id}` has more than {MAX_URI_BYTES} bytes.")));
    }
    let Some(readers) = &document.readers else { return Ok(()) };
    let wrong = |reader: &Principal| reader.as_str().len() > MAX_PRINCIPAL_BYTES || reader.as_str().contains('\0');
    if readers.is_empty() || readers.len() > MOST_READERS || readers.iter().any(wrong) {
        return Err(bad_request(format!(
            "`readers` of `{id}` names 1 to {MOST_READERS} of everyone, group:NAME and user:EMAIL; leave it out for the source's rule."
        )));
    }
    Ok(())
}

fn change(given: Given, source: &Source) -> Result<Change, Problem> {
    let Given { id, title, file_name, bytes, uri, readers, modified_at } = given;
    let readers = readers.or_else(|| source.settings.access.clone()).filter(|readers| !readers.is_empty());
    let Some(readers) = readers else {
        return Err(bad_request(format!("The source has no rule about who may read `{id}`: name its `readers`.")));
    };
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(reason) => return Ok(Change::Failed { external_id: id, reason, readers: Some(readers) }),
    };
    let uri = uri.unwrap_or_else(|| format!("{}/{id}", source.name));
    let title = title.map(|title| title.trim().to_owned()).filter(|title| !title.is_empty());
    let raw = RawDocument { external_id: id, uri, title, file_name, bytes, readers, modified_at, revision: None };
    Ok(Change::Upsert(raw))
}

/// A name that tells the parser what the content is: the given one, the id where it ends like a file, else by the media type.
pub(super) fn file_name(id: &str, given: Option<&str>, media_type: Option<&str>) -> String {
    let last = |name: &str| name.trim().rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    if let Some(name) = given.map(last).filter(|name| !name.is_empty()) {
        return name;
    }
    let name = Some(last(id)).filter(|name| !name.is_empty()).unwrap_or_else(|| "document".into());
    let by_type = media_type.and_then(extension);
    let by_name = name.rsplit_once('.').map(|(_, extension)| extension.to_lowercase());
    match (by_type, by_name) {
        (Some(extension), Some(named)) if mime(&named) == mime(extension) => name,
        (Some(extension), _) => format!("{name}.{extension}"),
        (None, _) => name,
    }
}

fn mime(extension: &str) -> Option<&'static str> {
    mime_guess::from_ext(extension).first_raw()
}

/// An extension that the parsers know for a media type.
fn extension(media_type: &str) -> Option<&'static str> {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_lowercase();
    match essence.as_str() {
        "text/plain" => return Some("txt"),
        "text/markdown" => return Some("md"),
        "text/html" => return Some("html"),
        _ => {}
    }
    let known = mime_guess::get_mime_extensions_str(&essence)?;
    known.iter().copied().find(|extension| PARSED_EXTENSIONS.contains(extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parser_is_told_what_the_content_is() {
        let docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        let cases = [
            (("badges", None, Some("text/markdown; charset=utf-8")), "badges.md"),
            (("a/b/badges.md", None, Some("text/markdown")), "badges.md"),
            (("badges.md", None, Some("text/html")), "badges.md.html"),
            (("report", None, Some("application/pdf")), "report.pdf"),
            (("report", None, Some(docx)), "report.docx"),
            (("report", Some("C:\\docs\\plan.xlsx"), Some("text/plain")), "plan.xlsx"),
            (("report.pdf", None, None), "report.pdf"),
            (("report", None, Some("application/x-unheard-of")), "report"),
            (("a/", None, Some("text/plain")), "document.txt"),
        ];
        for ((id, given, media_type), expected) in cases {
            assert_eq!(file_name(id, given, media_type), expected, "{id} {given:?} {media_type:?}");
        }
    }
}
