//! The routes under `/api/v1`, a file per resource.

mod ask;
mod body;
mod documents;
mod login;
mod me;
mod push;
mod search;
mod sources;

use schemars::SchemaGenerator;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use crate::openapi::add;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(
        scope("/api/v1")
            .service(login::login)
            .service(login::logout)
            .service(me::me)
            .service(ask::ask)
            .service(search::search)
            .service(documents::list)
            .service(documents::text)
            .service(documents::detail)
            .service(sources::list)
            .service(push::send)
            .service(push::delete)
            .service(push::delete_by_query)
            .service(sources::sync)
            .service(sources::pause)
            .service(sources::resume)
            .service(sources::retry)
            .service(sources::remove)
            .service(sources::detail)
            .default_service(actix_web::web::to(crate::problem::unknown)),
    );
}

/// Every type that the paths refer to.
pub(crate) fn each_schema(generator: &mut SchemaGenerator) {
    add::<login::LoginRequest>(generator);
    add::<login::LoginResponse>(generator);
    add::<ask::AskRequest>(generator);
    add::<search::SearchResponse>(generator);
    add::<domain::Leg>(generator);
    add::<documents::DocumentList>(generator);
    add::<documents::DocumentDetail>(generator);
    add::<documents::DocumentText>(generator);
    add::<sources::SourceList>(generator);
    add::<ingest::SourceStatus>(generator);
    add::<push::PushRequest>(generator);
    add::<push::UploadForm>(generator);
    add::<push::PushResponse>(generator);
}
