//! `/sources/{id}/documents`: documents that programs and people send.

mod given;
mod once;
mod read;

use actix_web::{
    HttpRequest, HttpResponse, delete, post,
    web::{Path, Payload, Query},
};
use domain::{Change, SourceId};
use ingest::{PushOutcome, Pushed, PushedDocument};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::Source;
use utoipa::IntoParams;

use crate::{
    auth::may_push,
    context::{Desk, Shared},
    metrics,
    problem::{Kind, Problem, internal},
};
pub(crate) use given::{PushRequest, UploadForm};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PushStatus {
    Added,
    Changed,
    Unchanged,
    Failed,
}

/// What became of one document.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PushResult {
    /// As it was sent.
    id: String,
    /// Null when it failed and was never read.
    document_id: Option<String>,
    status: PushStatus,
    /// Why it could not be read. What was stored before stays.
    reason: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct PushResponse {
    /// In the order they were sent.
    documents: Vec<PushResult>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteQuery {
    /// The document's id, as it was sent.
    id: String,
}

/// Stores up to 100 documents at once; the same id replaces what was sent before. They are found once the indexes have followed, within
/// seconds. A document that cannot be read fails with its reason and holds up no other.
#[utoipa::path(
    operation_id = "push_documents",
    security(("session" = []), ("source_token" = [])),
    params(
        ("id" = String, Path, description = "A push source's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "At most 200 characters. A repetition of the request within 24 hours gets the same response without being done again"),
    ),
    request_body(content(
        (ref("#/components/schemas/PushRequest") = "application/json"),
        (ref("#/components/schemas/UploadForm") = "multipart/form-data"),
    )),
    responses(
        (status = 200, description = "What became of each document", body = ref("#/components/schemas/PushResponse")),
        (status = 400, description = "Not understood", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 401, description = "Not logged in, or not a token of this source", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 404, description = "No such source", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 409, description = "The source fetches its documents, is paused or goes away; or a request with this key is being worked on", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 415, description = "Neither JSON nor a form", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 422, description = "The key came with other documents before", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 429, description = "Too many wrong tokens", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 507, description = "The disk is nearly full", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    )
)]
#[post("/sources/{id}/documents")]
pub(crate) async fn send(
    desk: Shared,
    request: HttpRequest,
    id: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let source = open(&desk, may_push(&desk, &request, &id).await?).await?;
    let key = once::key(&request)?;
    if let Some(obstacle) = desk.ctx.kinds.obstacle() {
        tracing::warn!(obstacle, "documents were refused");
        return Err(Problem::new(Kind::NoSpace, "Tell your administrator; nothing was stored."));
    }
    let turn = desk.uploads.clone().acquire_owned().await.map_err(|error| internal(&error))?;
    let given = read::documents(&desk, &request, payload).await?;
    let digest = once::digest(&given);
    let changes = given::changes(given, &source)?;
    // Once the documents have arrived the work is done whether or not the client waits: a key must not stay taken.
    let work = actix_web::rt::spawn(async move {
        let _turn = turn;
        let push = push(&desk, &source, changes);
        once::once(&desk, &source.id, key, digest, push).await
    });
    work.await.map_err(|error| internal(&error))?
}

/// For ids that an address cannot hold, such as those with `..`.
#[utoipa::path(
    operation_id = "delete_pushed_document_by_query",
    security(("session" = []), ("source_token" = [])),
    params(("id" = String, Path, description = "A push source's id"), DeleteQuery),
    responses(
        (status = 204, description = "Deleted"),
        (status = 401, description = "Not logged in, or not a token of this source", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 404, description = "No such source or document", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 409, description = "The source fetches its documents, is paused or goes away", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    )
)]
#[delete("/sources/{id}/documents")]
pub(crate) async fn delete_by_query(
    desk: Shared,
    request: HttpRequest,
    id: Path<String>,
    query: Query<DeleteQuery>,
) -> Result<HttpResponse, Problem> {
    remove(&desk, &request, &id, query.into_inner().id).await
}

/// The document leaves the search, and its text and versions are erased.
#[utoipa::path(
    operation_id = "delete_pushed_document",
    security(("session" = []), ("source_token" = [])),
    params(
        ("id" = String, Path, description = "A push source's id"),
        ("external_id" = String, Path, description = "The document's id as it was sent, percent-encoded"),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 401, description = "Not logged in, or not a token of this source", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 404, description = "No such source or document", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 409, description = "The source fetches its documents, is paused or goes away", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    )
)]
#[delete("/sources/{id}/documents/{external_id:.+}")]
pub(crate) async fn delete(
    desk: Shared,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Problem> {
    let (id, external_id) = path.into_inner();
    remove(&desk, &request, &id, external_id).await
}

async fn remove(desk: &Desk, request: &HttpRequest, id: &str, external_id: String) -> Result<HttpResponse, Problem> {
    let source = open(desk, may_push(desk, request, id).await?).await?;
    let gone = vec![Change::Delete { external_id: external_id.clone() }];
    if ingest::push(&desk.ctx.ingest, &source, gone).await?.documents.is_empty() {
        return Err(Problem::new(Kind::NotFound, format!("Document {external_id} does not exist.")));
    }
    Ok(HttpResponse::NoContent().finish())
}

/// The source, if it takes documents now.
async fn open(desk: &Desk, id: SourceId) -> Result<Source, Problem> {
    let source = desk.ctx.store.source(&id).await?;
    let refused = |detail: &str| Err(Problem::new(Kind::SourceState, detail));
    if desk.ctx.kinds.is_pulled(&source.kind) {
        return refused("It fetches its documents itself: send them to a push source.");
    }
    if source.settings.paused {
        return refused("It is paused: an administrator has to resume it.");
    }
    if desk.ctx.store.sync_status(&id).await?.removes {
        return refused("It is being removed.");
    }
    Ok(source)
}

async fn push(desk: &Desk, source: &Source, changes: Vec<Change>) -> Result<PushResponse, Problem> {
    let Pushed { documents, .. } = ingest::push(&desk.ctx.ingest, source, changes).await?;
    let documents: Vec<PushResult> = documents.into_iter().map(PushResult::from).collect();
    documents.iter().for_each(|result| metrics::pushed(result.status.name()));
    Ok(PushResponse { documents })
}

impl PushStatus {
    fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
        }
    }
}

impl From<PushedDocument> for PushResult {
    fn from(pushed: PushedDocument) -> Self {
        let (status, reason) = match pushed.outcome {
            PushOutcome::Added => (PushStatus::Added, None),
            PushOutcome::Changed | PushOutcome::Deleted => (PushStatus::Changed, None),
            PushOutcome::Unchanged => (PushStatus::Unchanged, None),
            PushOutcome::Failed { reason } => (PushStatus::Failed, Some(reason)),
        };
        Self { id: pushed.external_id, document_id: pushed.document.map(|id| id.to_string()), status, reason }
    }
}
