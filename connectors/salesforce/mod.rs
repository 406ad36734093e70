//! Published articles of Salesforce Knowledge as a source.

mod client;

use async_stream::try_stream;
use domain::{Batch, Change, Clock, Connector, EngineError, EngineResult, Principal, RawDocument, Since};
use futures::{StreamExt, stream::BoxStream};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use client::{Article, Client};

use crate::{Parts, Secret, SourceConfig, address, credentials::Credentials, gather::Gather, oauth::OAuth, settle};

/// Times are told by the second.
const GRAIN: SignedDuration = SignedDuration::from_secs(10);

/// Settings of a Salesforce source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SalesforceConfig {
    /// The organization's own domain: `https://NAME.my.salesforce.com`.
    pub url: String,
    /// Consumer key of a connected app whose client credentials flow is enabled.
    pub client_id: String,
    /// Consumer secret of the connected app.
    pub client_secret: Secret,
    /// The article type.
    #[serde(default = "default_object")]
    pub object: String,
    /// Rich text fields with the articles' text, in reading order: `Question__c`, `Answer__c`.
    pub fields: Vec<String>,
    /// Language to read, such as `en_US`; all when there is none.
    #[serde(default)]
    pub language: Option<String>,
}

fn default_object() -> String {
    "Knowledge__kav".into()
}

impl SourceConfig for SalesforceConfig {
    const KIND: &'static str = "salesforce";
    const TITLE: &'static str = "Salesforce";
    const SEES_READERS: bool = false;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let readers = parts.rule(Self::TITLE)?;
        let base = address::parse(Self::TITLE, &self.url)?;
        let mut names = self.fields.iter().chain(std::iter::once(&self.object)).chain(self.language.as_ref());
        let is_name =
            |name: &str| !name.is_empty() && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
        let odd = names.find(|name| !is_name(name.as_str())).cloned();
        if let Some(name) = odd {
            return Err(EngineError::give_up(format!(
                "Salesforce: `{name}` is not the API name of a field or an object"
            )));
        }
        if self.fields.is_empty() {
            return Err(EngineError::give_up("Salesforce: `fields` names no field, so articles would have no text"));
        }
        let endpoint = address::at(&base, &["services", "oauth2", "token"]);
        let oauth = OAuth::new(&parts, endpoint, &self.client_id, self.client_secret, None);
        let credentials = Credentials::OAuth(Box::new(oauth));
        let (object, fields, language) = (self.object, self.fields, self.language);
        let client = Client { http: parts.http, base, credentials, object, fields, language };
        Ok(Box::new(Salesforce { client, readers, clock: parts.clock }))
    }
}

struct Salesforce {
    client: Client,
    readers: Vec<Principal>,
    clock: Clock,
}

impl Connector for Salesforce {
    /// Every sync lists everything; only articles that were modified are read.
    fn changes(&self, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
        try_stream! {
            let listed_at = (self.clock.now)();
            let articles = self.client.articles().await?;
            if articles.is_empty() {
                Err(EngineError::retry("list Salesforce: it shows the source's user no published article"))?;
            }
            let listing: Vec<String> = articles.iter().map(Article::external_id).collect();
            let total = Some(listing.len() as u64);
            let mut gather = Gather::default();
            for article in articles {
                let (external_id, readers) = (article.external_id(), self.readers.clone());
                let revision = settle::revision(&article.system_modstamp.replace("+0000", "Z"), listed_at, GRAIN);
                // A new version is another record, even if it is as old.
                let revision = revision.map(|revision| format!("{} {revision}", article.id));
                gather.push(match revision {
                    Some(revision) if since.holds(&external_id, &revision) => Change::Unchanged { external_id, readers },
                    revision => self.read(&article, revision).await?,
                });
                if gather.is_full() {
                    yield gather.take(None, total);
                }
            }
            yield gather.last(None, Some(listing));
        }
        .boxed()
    }
}

impl Salesforce {
    async fn read(&self, article: &Article, revision: Option<String>) -> EngineResult<Change> {
        let (external_id, readers) = (article.external_id(), self.readers.clone());
        let (title, html) = match self.client.text(&article.id).await? {
            Ok(text) => text,
            Err(reason) => return Ok(Change::Failed { external_id, reason, readers: Some(readers) }),
        };
        Ok(Change::Upsert(RawDocument {
            external_id,
            uri: self.client.uri(&article.id),
            title: Some(title),
            file_name: "article.html".into(),
            bytes: html.into_bytes(),
            readers,
            modified_at: article.system_modstamp.replace("+0000", "Z").parse().ok(),
            revision,
        }))
    }
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod fake;
