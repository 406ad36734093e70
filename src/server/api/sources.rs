//! `/sources`: where each source stands, for administrators, and what they can have it do.

use actix_web::{
    HttpResponse, delete, get,
    http::StatusCode,
    post,
    web::{Json, Path, Query},
};
use domain::SourceId;
use ingest::{SourceStatus, SourceSummary};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Source, SourceSettings};
use utoipa::IntoParams;

use crate::{
    auth::Admin,
    context::{Desk, Shared},
    problem::{Kind, Problem},
};

/// Failures, and notes, that one response names; `failed_count` counts them all.
const MOST_NAMED: usize = 1_000;

#[derive(Serialize, JsonSchema)]
pub(crate) struct SourceList {
    /// Oldest first.
    sources: Vec<SourceSummary>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RetryQuery {
    /// Only this item, as `failed` names it.
    item: Option<String>,
}

#[utoipa::path(
    operation_id = "list_sources",
    responses(
        (status = 200, description = "Every source", body = ref("#/components/schemas/SourceList")),
        (status = 401, description = "Not logged in", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    )
)]
#[get("/sources")]
pub(crate) async fn list(desk: Shared, _: Admin) -> Result<Json<SourceList>, Problem> {
    let (store, now) = (&desk.ctx.store, (desk.ctx.clock.now)());
    let mut sources = Vec::new();
    for source in store.sources().await? {
        sources.push(SourceSummary::read(store, &source, now).await?);
    }
    Ok(Json(SourceList { sources }))
}

/// At most a thousand failures and notes are named.
#[utoipa::path(
    operation_id = "read_source",
    params(("id" = String, Path, description = "A source's id")),
    responses(
        (status = 200, description = "Where the source stands", body = ref("#/components/schemas/SourceStatus")),
        (status = 401, description = "Not logged in", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 404, description = "No such source", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    )
)]
#[get("/sources/{id}")]
pub(crate) async fn detail(desk: Shared, _: Admin, id: Path<String>) -> Result<Json<SourceStatus>, Problem> {
    Ok(Json(status(&desk, &find(&desk, &id).await?).await?))
}

/// Makes a sync due now. One that runs already goes on.
#[utoipa::path(
    operation_id = "sync_source",
    params(("id" = String, Path, description = "A source's id")),
    responses(
        (status = 202, description = "Queued, or running already", body = ref("#/components/schemas/SourceStatus")),
        (status = 401, description = "Not logged in", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 404, description = "No such source", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 409, description = "Paused, or its documents are sent to it", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    )
)]
#[post("/sources/{id}/sync")]
pub(crate) async fn sync(desk: Shared, _: Admin, id: Path<String>) -> Result<HttpResponse, Problem> {
    let source = find(&desk, &id).await?;
    must_be_synced(&desk, &source)?;
    desk.ctx.store.request_sync(&source.id, (desk.ctx.clock.now)()).await?;
    Ok(HttpResponse::build(StatusCode::ACCEPTED).json(status(&desk, &source).await?))
}

/// Stops syncs, and what is sent to it, until the source is resumed. Its documents stay.
#[utoipa::path(
    operation_id = "pause_source",
    params(("id" = String, Path, description = "A source's id")),
    responses(
        (status = 200, description = "Paused", body = ref("#/components/schemas/SourceStatus")),
        (status = 401, description = "Not logged in", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 404, description = "No such source", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    )
)]
#[post("/sources/{id}/pause")]
pub(crate) async fn pause(desk: Shared, _: Admin, id: Path<String>) -> Result<Json<SourceStatus>, Problem> {
    let source = find(&desk, &id).await?;
    Ok(Json(set_paused(&desk, source, true).await?))
}

/// Goes on, with a sync at once where there is something to fetch.
#[utoipa::path(
    operation_id = "resume_source",
    params(("id" = String, Path, description = "A source's id")),
    responses(
        (status = 200, description = "Resumed", body = ref("#/components/schemas/SourceStatus")),
        (status = 401, description = "Not logged in", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 404, description = "No such source", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    )
)]
#[post("/sources/{id}/resume")]
pub(crate) async fn resume(desk: Shared, _: Admin, id: Path<String>) -> Result<Json<SourceStatus>, Problem> {
    let source = find(&desk, &id).await?;
    if desk.ctx.kinds.is_pulled(&source.kind) {
        desk.ctx.store.request_sync(&source.id, (desk.ctx.clock.now)()).await?;
    }
    Ok(Json(set_paused(&desk, source, false).await?))
}

/// Reads again what could not be read or indexed, all of it or one item, with a sync at once.
#[utoipa::path(
    operation_id = "retry_failures",
    params(("id" = String, Path, description = "A source's id"), RetryQuery),
    responses(
        (status = 202, description = "Queued, or running already", body = ref("#/components/schemas/SourceStatus")),
        (status = 401, description = "Not logged in", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 404, description = "No such source, or nothing of that name has failed", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 409, description = "Paused, or its documents are sent to it", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    )
)]
#[post("/sources/{id}/failures/retry")]
pub(crate) async fn retry(
    desk: Shared,
    _: Admin,
    id: Path<String>,
    query: Query<RetryQuery>,
) -> Result<HttpResponse, Problem> {
    let source = find(&desk, &id).await?;
    must_be_synced(&desk, &source)?;
    let (store, now) = (&desk.ctx.store, (desk.ctx.clock.now)());
    if store.retry_failures(&source.id, query.item.as_deref(), now).await? == 0 {
        return Err(Problem::new(Kind::NotFound, "Nothing of that name has failed."));
    }
    store.request_sync(&source.id, now).await?;
    Ok(HttpResponse::build(StatusCode::ACCEPTED).json(status(&desk, &source).await?))
}

/// Takes the source out with everything it brought, old versions included: out of the search first.
#[utoipa::path(
    operation_id = "remove_source",
    params(("id" = String, Path, description = "A source's id")),
    responses(
        (status = 202, description = "It goes as soon as no sync holds it", body = ref("#/components/schemas/SourceStatus")),
        (status = 401, description = "Not logged in", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 403, description = "Not an administrator", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 404, description = "No such source", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    )
)]
#[delete("/sources/{id}")]
pub(crate) async fn remove(desk: Shared, _: Admin, id: Path<String>) -> Result<HttpResponse, Problem> {
    let source = find(&desk, &id).await?;
    desk.ctx.store.request_removal(&source.id, (desk.ctx.clock.now)()).await?;
    Ok(HttpResponse::build(StatusCode::ACCEPTED).json(status(&desk, &source).await?))
}

fn must_be_synced(desk: &Desk, source: &Source) -> Result<(), Problem> {
    if !desk.ctx.kinds.is_pulled(&source.kind) {
        return Err(Problem::new(Kind::SourceState, "There is nothing to fetch: its documents are sent to it."));
    }
    if source.settings.paused {
        return Err(Problem::new(Kind::SourceState, "It is paused: resume it, then it is synced."));
    }
    Ok(())
}

/// An id that cannot be one names no source.
async fn find(desk: &Desk, id: &str) -> Result<Source, Problem> {
    let none = |_| Problem::new(Kind::NotFound, format!("Source {id} does not exist."));
    Ok(desk.ctx.store.source(&id.parse::<SourceId>().map_err(none)?).await?)
}

async fn set_paused(desk: &Desk, mut source: Source, paused: bool) -> Result<SourceStatus, Problem> {
    source.settings = SourceSettings { paused, ..source.settings };
    desk.ctx.store.set_settings(&source.id, &source.settings).await?;
    status(desk, &source).await
}

async fn status(desk: &Desk, source: &Source) -> Result<SourceStatus, Problem> {
    let settings = desk.ctx.kinds.shown_settings(source);
    let mut status = SourceStatus::read(&desk.ctx.store, source, settings, (desk.ctx.clock.now)()).await?;
    status.failed.truncate(MOST_NAMED);
    status.notes.truncate(MOST_NAMED);
    Ok(status)
}
