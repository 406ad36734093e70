//! `/search`: passages for a question, without an answer.

use std::time::Duration;

use actix_web::{
    get,
    web::{Json, Query},
};
use domain::{Leg, OtherDocument, Passage, Question};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::{
    auth::Reader,
    context::Shared,
    problem::{self, Problem, bad_question},
};

const DEFAULT_HITS: usize = 10;
const MAX_HITS: usize = 100;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchQuery {
    /// What to look for.
    q: String,
    /// Which index answers: `keyword`, `vector` or, by default, both as `hybrid`.
    #[serde(default)]
    #[param(schema_with = leg_schema, required = false)]
    leg: Leg,
    /// Most hits, at most 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
}

/// A passage that was found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SearchHit {
    document_id: String,
    /// The version whose text the range is in.
    version: String,
    chunk_id: i64,
    title: String,
    uri: String,
    /// In 0..=1; comparable within one response only.
    score: f32,
    /// Range of `text` in the stored text of `version`, in Unicode scalar values.
    start: usize,
    end: usize,
    page: Option<u32>,
    text: String,
    /// Other documents that say the same and that the viewer may read now; at most a few are named.
    also_in: Vec<OtherDocument>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct SearchResponse {
    /// Best first.
    hits: Vec<SearchHit>,
}

#[utoipa::path(
    operation_id = "search",
    params(SearchQuery),
    responses(
        (status = 200, description = "What was found", body = ref("#/components/schemas/SearchResponse")),
        (status = 400, description = "Empty or over-long question", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 503, description = "A model or an index does not answer now", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
        (status = 401, description = "Not logged in", body = ref("#/components/schemas/Problem"), content_type = "application/problem+json"),
    )
)]
#[get("/search")]
pub(crate) async fn search(
    desk: Shared,
    Reader(viewer): Reader,
    Query(query): Query<SearchQuery>,
) -> Result<Json<SearchResponse>, Problem> {
    let question = Question::new(&query.q).map_err(|reason| bad_question(&reason))?;
    let limit = query.limit.unwrap_or(DEFAULT_HITS).clamp(1, MAX_HITS);
    let longest = Duration::from_secs(desk.config.request_timeout_secs);
    let engines = desk.ctx.answer.now();
    let search = answer::search(&engines, &viewer, question.as_str(), query.leg, limit);
    let passages = tokio::time::timeout(longest, search).await.map_err(|_| problem::too_slow(longest))??;
    Ok(Json(SearchResponse { hits: passages.into_iter().map(SearchHit::from).collect() }))
}

impl From<Passage> for SearchHit {
    fn from(passage: Passage) -> Self {
        Self {
            document_id: passage.document_id.to_string(),
            version: passage.version.to_string(),
            chunk_id: passage.chunk_id.0,
            title: passage.title,
            uri: passage.uri,
            score: passage.score,
            start: passage.span.start,
            end: passage.span.end,
            page: passage.page,
            text: passage.text,
            also_in: passage.also_in,
        }
    }
}

fn leg_schema() -> utoipa::openapi::Ref {
    utoipa::openapi::Ref::new("#/components/schemas/Leg")
}
