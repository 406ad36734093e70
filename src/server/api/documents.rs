//! `/documents`: what the viewer may read, a document's versions, a version's text.

use actix_web::{
    get,
    web::{Json, Path, Query},
};
use domain::{DocumentId, VersionHash};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::{
    auth::Reader,
    context::Shared,
    problem::{Kind, Problem},
};

const DEFAULT_PAGE: u64 = 50;
const MAX_PAGE: u64 = 200;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Most documents on a page, at most 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
    /// `next` of the page before.
    after: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TextQuery {
    /// Hash of a version; without it, the live one.
    version: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct DocumentSummary {
    id: String,
    title: String,
    /// Where the original is.
    uri: String,
    media_type: String,
    /// Hash of the live version.
    version: String,
    /// RFC 3339.
    modified_at: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct DocumentList {
    documents: Vec<DocumentSummary>,
    /// Give it back as `after` for the next page; null on the last.
    next: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct DocumentVersion {
    hash: String,
    created_at: String,
    /// Whether answers are drawn from it.
    live: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct DocumentDetail {
    #[serde(flatten)]
    summary: DocumentSummary,
    /// Newest first.
    versions: Vec<DocumentVersion>,
}

/// Where a page starts, in Unicode scalar values.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PageStart {
    number: u32,
    start: usize,
}

/// Where a heading starts, in Unicode scalar values.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Heading {
    level: u8,
    start: usize,
    text: String,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct DocumentText {
    document_id: String,
    version: String,
    title: String,
    uri: String,
    text: String,
    pages: Vec<PageStart>,
    headings: Vec<Heading>,
    /// Whether a newer version took its place.
    superseded: bool,
}

#[utoipa::path(
    operation_id = "list_documents",
    params(ListQuery),
    responses(
        (status = 200, description = "A page of documents", body = ref("#/components/schemas/DocumentList")),
        (status = 400, description = "No such page", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 401, description = "Not logged in", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    )
)]
#[get("/documents")]
pub(crate) async fn list(
    desk: Shared,
    Reader(viewer): Reader,
    Query(query): Query<ListQuery>,
) -> Result<Json<DocumentList>, Problem> {
    let after: Option<DocumentId> = query
        .after
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|_| Problem::new(Kind::BadRequest, "`after` is not the `next` of a page."))?;
    let limit = query.limit.unwrap_or(DEFAULT_PAGE).clamp(1, MAX_PAGE);
    let page = desk.ctx.store.documents(&viewer, limit, after.as_ref()).await?;
    let documents = page.documents.into_iter().map(DocumentSummary::from).collect();
    Ok(Json(DocumentList { documents, next: page.next.map(|id| id.to_string()) }))
}

#[utoipa::path(
    operation_id = "read_document",
    params(("id" = String, Path, description = "A document's id")),
    responses(
        (status = 200, description = "The document", body = ref("#/components/schemas/DocumentDetail")),
        (status = 401, description = "Not logged in", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 404, description = "No such document, or not for this viewer", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    )
)]
#[get("/documents/{id}")]
pub(crate) async fn detail(
    desk: Shared,
    Reader(viewer): Reader,
    id: Path<String>,
) -> Result<Json<DocumentDetail>, Problem> {
    let view = desk.ctx.store.document(&viewer, &document_id(&id)?).await?;
    let versions = view.versions.into_iter().map(|version| DocumentVersion {
        hash: version.hash.to_string(),
        created_at: version.created_at.to_string(),
        live: version.live,
    });
    let versions = versions.collect();
    let summary = DocumentSummary {
        id: view.id.to_string(),
        title: view.title,
        uri: view.uri,
        media_type: view.media_type,
        version: view.version.to_string(),
        modified_at: view.modified_at.map(|time| time.to_string()),
    };
    Ok(Json(DocumentDetail { summary, versions }))
}

#[utoipa::path(
    operation_id = "read_text",
    params(("id" = String, Path, description = "A document's id"), TextQuery),
    responses(
        (status = 200, description = "The text of a version", body = ref("#/components/schemas/DocumentText")),
        (status = 401, description = "Not logged in", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 404, description = "No such document or version, or not for this viewer", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    )
)]
#[get("/documents/{id}/text")]
pub(crate) async fn text(
    desk: Shared,
    Reader(viewer): Reader,
    id: Path<String>,
    Query(query): Query<TextQuery>,
) -> Result<Json<DocumentText>, Problem> {
    let version = query.version.map(VersionHash::from_stored);
    let view = desk.ctx.store.version_text(&viewer, &document_id(&id)?, version.as_ref()).await?;
    let pages = view.pages.into_iter().map(|page| PageStart { number: page.number, start: page.start });
    let headings = view.headings.into_iter();
    let headings = headings.map(|heading| Heading { level: heading.level, start: heading.start, text: heading.text });
    Ok(Json(DocumentText {
        document_id: view.document_id.to_string(),
        version: view.version.to_string(),
        title: view.title,
        uri: view.uri,
        text: view.text,
        pages: pages.collect(),
        headings: headings.collect(),
        superseded: view.superseded,
    }))
}

impl From<store::DocumentSummary> for DocumentSummary {
    fn from(document: store::DocumentSummary) -> Self {
        Self {
            id: document.id.to_string(),
            title: document.title,
            uri: document.uri,
            media_type: document.media_type,
            version: document.version.to_string(),
            modified_at: document.modified_at.map(|time| time.to_string()),
        }
    }
}

/// An id that cannot be one names no document.
fn document_id(id: &str) -> Result<DocumentId, Problem> {
    id.parse().map_err(|_| Problem::new(Kind::NotFound, format!("Document {id} does not exist.")))
}
