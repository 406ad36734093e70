//! Salesforce's REST API: SOQL <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_query.htm>,
//! records <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_retrieve.htm>,
//! articles <https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_knowledge__kav.htm>.

use domain::{EngineError, EngineResult};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::{Http, address, credentials::Credentials, html::escape, http::Request, pages::Pages};

const VERSION: &str = "v62.0";

pub(super) struct Client {
    pub(super) http: Http,
    pub(super) base: Url,
    pub(super) credentials: Credentials,
    /// Names that are safe in a query.
    pub(super) object: String,
    pub(super) fields: Vec<String>,
    pub(super) language: Option<String>,
}

/// A published version of an article in one language.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Article {
    pub(super) id: String,
    knowledge_article_id: String,
    #[serde(default)]
    language: String,
    pub(super) system_modstamp: String,
}

impl Article {
    /// The same for every version.
    pub(super) fn external_id(&self) -> String {
        format!("{} {}", self.knowledge_article_id, self.language)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    records: Vec<Article>,
    next_records_url: Option<String>,
}

impl Client {
    /// Every published article.
    pub(super) async fn articles(&self) -> EngineResult<Vec<Article>> {
        let language = self.language.as_ref().map(|name| format!(" AND Language = '{name}'")).unwrap_or_default();
        let soql = format!(
            "SELECT Id, KnowledgeArticleId, Language, SystemModstamp FROM {} WHERE PublishStatus = 'Online'{language} ORDER BY Id",
            self.object
        );
        let mut url = address::at(&self.base, &["services", "data", VERSION, "query"]);
        url.query_pairs_mut().append_pair("q", &soql);
        let (mut all, mut pages) = (Vec::new(), Pages::default());
        loop {
            let found: Result<Found, String> = self.credentials.item(&self.http, Request::get(url)).await?;
            let found = found.map_err(EngineError::give_up)?;
            all.extend(found.records);
            let Some(next) = found.next_records_url else { return Ok(all) };
            pages.next("Salesforce", &next)?;
            let link = self.base.join(&next).ok().filter(|link| link.origin() == self.base.origin());
            url = link.ok_or_else(|| {
                EngineError::give_up("list Salesforce: its next page is on another host; check the source's `url`")
            })?;
        }
    }

    /// Title and text of a record, as HTML.
    pub(super) async fn text(&self, id: &str) -> EngineResult<Result<(String, String), String>> {
        let mut url = address::at(&self.base, &["services", "data", VERSION, "sobjects", &self.object, id]);
        url.query_pairs_mut().append_pair("fields", &format!("Title,Summary,{}", self.fields.join(",")));
        let record: Result<Value, String> = self.credentials.item(&self.http, Request::get(url)).await?;
        Ok(record.map(|record| {
            let field = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
            let mut html = String::new();
            if !field("Summary").is_empty() {
                html.push_str(&format!("<p>{}</p>\n", escape(field("Summary"))));
            }
            for name in &self.fields {
                html.push_str(&format!("<div>{}</div>\n", field(name)));
            }
            (field("Title").to_owned(), html)
        }))
    }

    /// Where a person opens a record.
    pub(super) fn uri(&self, id: &str) -> String {
        address::at(&self.base, &["lightning", "r", &self.object, id, "view"]).into()
    }
}
