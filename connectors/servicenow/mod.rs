//! Published knowledge articles of ServiceNow as a source.

mod access;
mod client;

use std::num::NonZeroU16;

use async_stream::try_stream;
use domain::{Batch, Change, Connector, EngineError, EngineResult, Principal, RawDocument, Since};
use futures::{StreamExt, stream::BoxStream};
use schemars::JsonSchema;
use serde::Deserialize;

use access::Criteria;
use client::{Article, Client};

use crate::{
    Parts, Secret, SourceConfig, address, credentials::Credentials, gather::Gather, oauth::OAuth, readers::nobody,
};

/// Settings of a ServiceNow source. Sign in by `user` and `password`, or by `client_id` and `client_secret`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceNowConfig {
    /// The instance: `https://NAME.service-now.com`.
    pub url: String,
    /// Basic authentication: name of the account.
    #[serde(default)]
    pub user: Option<String>,
    /// Basic authentication: its password.
    #[serde(default)]
    pub password: Option<Secret>,
    /// OAuth client credentials: the client's id.
    #[serde(default)]
    pub client_id: Option<String>,
    /// OAuth client credentials: the client's secret.
    #[serde(default)]
    pub client_secret: Option<Secret>,
    /// Encoded query that articles must match as well: `kb_category=0f1e…^ORroles=hr`.
    #[serde(default)]
    pub filter: Option<String>,
    /// Whether user criteria say who may read. If not, the rule the source was added with holds for every article.
    #[serde(default = "yes")]
    pub user_criteria: bool,
    /// Rows that are asked for at once.
    #[serde(default = "default_page_size")]
    pub page_size: NonZeroU16,
}

fn default_page_size() -> NonZeroU16 {
    NonZeroU16::MIN.saturating_add(499)
}

fn yes() -> bool {
    true
}

impl SourceConfig for ServiceNowConfig {
    const KIND: &'static str = "servicenow";
    const TITLE: &'static str = "ServiceNow";
    const SEES_READERS: bool = false;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let readers = parts.rule(Self::TITLE)?;
        let base = address::parse(Self::TITLE, &self.url)?;
        let credentials = match (self.user, self.password, self.client_id, self.client_secret) {
            (Some(user), Some(password), None, None) => Credentials::Basic { user, password },
            (None, None, Some(id), Some(secret)) => Credentials::OAuth(Box::new(OAuth::new(
                &parts,
                address::at(&base, &["oauth_token.do"]),
                &id,
                secret,
                None,
            ))),
            _ => {
                return Err(EngineError::give_up(
                    "ServiceNow: sign in either by `user` and `password` or by `client_id` and `client_secret`",
                ));
            }
        };
        let client =
            Client { http: parts.http, base, credentials, filter: self.filter, page_size: self.page_size.get().into() };
        Ok(Box::new(ServiceNow { client, readers, user_criteria: self.user_criteria }))
    }
}

struct ServiceNow {
    client: Client,
    readers: Vec<Principal>,
    user_criteria: bool,
}

impl Connector for ServiceNow {
    /// Every sync lists everything; only articles that were modified are read.
    fn changes(&self, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
        try_stream! {
            let (articles, is_complete) = self.client.articles().await?;
            if articles.is_empty() {
                Err(EngineError::retry(
                    "list ServiceNow: it shows the source's account no published article; check its roles",
                ))?;
            }
            let mut criteria = Criteria::new(&self.client, &self.readers, self.user_criteria).await?;
            let listing: Vec<String> = articles.keys().cloned().collect();
            let total = Some(listing.len() as u64);
            let mut gather = Gather::default();
            for (external_id, article) in articles {
                let change = match criteria.readers(&article, &mut gather).await? {
                    Err(reason) => Change::Failed {
                        external_id,
                        reason: format!("who may read it cannot be told: {reason}"),
                        readers: Some(nobody()),
                    },
                    Ok(readers) if since.holds(&external_id, &article.revision()) => {
                        Change::Unchanged { external_id, readers }
                    }
                    Ok(readers) => self.read(external_id, &article.sys_id, readers).await?,
                };
                gather.push(change);
                if gather.is_full() {
                    yield gather.take(None, total);
                }
            }
            yield gather.last(None, is_complete.then_some(listing));
        }
        .boxed()
    }
}

impl ServiceNow {
    async fn read(&self, external_id: String, id: &str, readers: Vec<Principal>) -> EngineResult<Change> {
        let article: Article = match self.client.article(id).await? {
            Ok(article) => article,
            Err(reason) => return Ok(Change::Failed { external_id, reason, readers: Some(readers) }),
        };
        Ok(Change::Upsert(RawDocument {
            uri: self.client.uri(&article.number),
            revision: Some(article.revision()),
            modified_at: article.modified_at(),
            title: Some(article.short_description),
            file_name: "article.html".into(),
            bytes: (if article.text.is_empty() { article.wiki } else { article.text }).into_bytes(),
            readers,
            external_id,
        }))
    }
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
