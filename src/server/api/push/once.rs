//! `Idempotency-Key`: a request that is repeated is not done again.

use actix_web::{HttpRequest, HttpResponse};
use domain::{SourceId, sha256_hex};
use store::Begun;

use super::{PushResponse, given::Given};
use crate::{
    context::Desk,
    problem::{Kind, Problem, bad_request, internal},
};

const HEADER: &str = "idempotency-key";
const MAX_CHARS: usize = 200;

/// The key of the request, if it has one.
pub(super) fn key(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let Some(value) = request.headers().get(HEADER) else { return Ok(None) };
    match value.to_str() {
        Ok(key) if (1..=MAX_CHARS).contains(&key.len()) => Ok(Some(key.to_owned())),
        _ => Err(bad_request(format!("`Idempotency-Key` has 1 to {MAX_CHARS} printable ASCII characters."))),
    }
}

/// Names what was sent, whatever boundary a form was cut with.
pub(super) fn digest(given: &[Given]) -> String {
    let documents = given.iter().map(|document| {
        let Given { id, title, file_name, bytes, uri, readers, modified_at } = document;
        let content = bytes.as_ref().map(|bytes| sha256_hex(bytes));
        format!("{id:?} {title:?} {file_name:?} {content:?} {uri:?} {readers:?} {modified_at:?}")
    });
    sha256_hex(documents.collect::<Vec<_>>().join("\n").as_bytes())
}

/// Does the work, unless it was done for this key: then the response is the same.
pub(super) async fn once(
    desk: &Desk,
    source: &SourceId,
    key: Option<String>,
    digest: String,
    work: impl Future<Output = Result<PushResponse, Problem>>,
) -> Result<HttpResponse, Problem> {
    let Some(key) = key else { return Ok(HttpResponse::Ok().json(work.await?)) };
    match desk.ctx.store.begin_once(source, &key, &digest, (desk.ctx.clock.now)()).await? {
        Begun::New => {}
        Begun::Done(response) => return Ok(told(response)),
        Begun::Running => {
            return Err(Problem::new(Kind::KeyInProgress, "Send it again in a moment to hear how it ended."));
        }
        Begun::OtherBody => {
            return Err(Problem::new(
                Kind::KeyReused,
                "A key stands for one request: take another one for other documents.",
            ));
        }
    }
    match work.await {
        Ok(response) => {
            let response = serde_json::to_string(&response).map_err(|error| internal(&error))?;
            desk.ctx.store.finish_once(source, &key, &response).await?;
            Ok(told(response))
        }
        Err(problem) => {
            desk.ctx.store.forget_once(source, &key).await?;
            Err(problem)
        }
    }
}

fn told(response: String) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(response)
}
