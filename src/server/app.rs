//! The routes and what surrounds each of them.

use actix_web::{
    App, Error,
    body::MessageBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::{Compress, DefaultHeaders, from_fn},
    web,
};
use utoipa_actix_web::AppExt;

use crate::{api, assets, context::Shared, guard, health, metrics, observe, openapi, problem};

/// Longest request body. The longest question is far shorter, but a longer one deserves to hear so.
const MAX_BODY: usize = 256 * 1024;

/// Scripts, styles and data come from here only; nobody may frame the portal.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'";

pub(crate) fn app(
    desk: Shared,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let headers = security_headers(desk.config.is_https());
    let serves_metrics = desk.config.metrics;
    App::new()
        .app_data(desk)
        .app_data(web::JsonConfig::default().limit(MAX_BODY).error_handler(|error, _| problem::of_json(error).into()))
        .app_data(web::PayloadConfig::new(MAX_BODY))
        .app_data(web::QueryConfig::default().error_handler(|error, _| problem::of_query(&error).into()))
        .app_data(web::PathConfig::default().error_handler(|_, _| problem::no_such_page().into()))
        .into_utoipa_app()
        .configure(api::routes)
        .into_app()
        .route("/api/openapi.json", web::get().to(openapi::serve))
        .route("/livez", web::get().to(health::livez))
        .route("/readyz", web::get().to(health::readyz))
        .configure(|config| {
            if serves_metrics {
                config.route("/metrics", web::get().to(metrics::serve));
            }
        })
        .service(web::scope("/api").default_service(web::to(problem::unknown)))
        .default_service(web::to(assets::serve).wrap(Compress::default()))
        .wrap(from_fn(guard::own_pages_only))
        .wrap(from_fn(observe::request))
        .wrap(headers)
}

fn security_headers(is_https: bool) -> DefaultHeaders {
    let headers = DefaultHeaders::new()
        .add(("content-security-policy", CONTENT_SECURITY_POLICY))
        .add(("x-content-type-options", "nosniff"))
        .add(("x-frame-options", "DENY"))
        .add(("referrer-policy", "no-referrer"))
        .add(("cross-origin-opener-policy", "same-origin"))
        .add(("permissions-policy", "camera=(), geolocation=(), microphone=()"));
    if is_https { headers.add(("strict-transport-security", "max-age=31536000")) } else { headers }
}
