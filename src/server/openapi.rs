//! The contract of the API: paths from the handlers, schemas from the very types they read and write.

use std::{collections::BTreeMap, sync::OnceLock};

use actix_web::{App, HttpResponse};
use domain::AnswerEvent;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};
use utoipa_actix_web::AppExt;

use crate::{api, problem::ProblemBody};

static TEXT: OnceLock<String> = OnceLock::new();

/// The OpenAPI 3.1 document, indented; `web/openapi.json` is this text.
pub fn openapi_json() -> &'static str {
    TEXT.get_or_init(|| format!("{:#}\n", sorted(document())))
}

/// `GET /api/openapi.json`
pub(crate) async fn serve() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(openapi_json())
}

fn document() -> Value {
    let (_, paths) = App::new().into_utoipa_app().configure(api::routes).split_for_parts();
    let mut document = serde_json::to_value(paths).unwrap_or_default();
    document["info"] = json!({
        "title": "Footnote",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "Answers from your company's own documents, every sentence proved",
    });
    document["security"] = json!([{ "session": [] }]);
    document["components"] = json!({
        "schemas": schemas(),
        "securitySchemes": {
            "session": { "type": "apiKey", "in": "cookie", "name": "footnote_session" },
            "source_token": { "type": "http", "scheme": "bearer" },
        },
    });
    document
}

fn schemas() -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    add::<AnswerEvent>(&mut generator);
    add::<ProblemBody>(&mut generator);
    api::each_schema(&mut generator);
    generator.take_definitions(true)
}

/// Adds a type, and those it is made of, to the components.
pub(crate) fn add<T: JsonSchema>(generator: &mut SchemaGenerator) {
    generator.subschema_for::<T>();
}

/// The same value with its keys in order: the text must not depend on how other crates build serde_json.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let entries: BTreeMap<String, Value> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(sorted).collect()),
        plain => plain,
    }
}
