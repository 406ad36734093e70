//! Articles of a Zendesk help center as a source.

mod access;
mod client;

use async_stream::try_stream;
use domain::{Batch, Change, Clock, Connector, EngineError, EngineResult, Principal, RawDocument, Since};
use futures::{StreamExt, stream::BoxStream};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use access::Segments;
use client::{Article, Client};

use crate::{
    Parts, Secret, SourceConfig, address, credentials::Credentials, gather::Gather, oauth::OAuth, readers::nobody,
    settle,
};

/// Times are told by the second.
const GRAIN: SignedDuration = SignedDuration::from_secs(10);

/// Settings of a Zendesk source. Sign in by `email` and `token`, or by `client_id` and `client_secret`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZendeskConfig {
    /// The account: `https://NAME.zendesk.com`.
    pub url: String,
    /// API token: e-mail address of an agent.
    #[serde(default)]
    pub email: Option<String>,
    /// API token: the token itself.
    #[serde(default)]
    pub token: Option<Secret>,
    /// OAuth client credentials: the client's identifier.
    #[serde(default)]
    pub client_id: Option<String>,
    /// OAuth client credentials: the client's secret.
    #[serde(default)]
    pub client_secret: Option<Secret>,
}

impl SourceConfig for ZendeskConfig {
    const KIND: &'static str = "zendesk";
    const TITLE: &'static str = "Zendesk";
    const SEES_READERS: bool = false;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let readers = parts.rule(Self::TITLE)?;
        let base = address::parse(Self::TITLE, &self.url)?;
        let credentials = match (self.email, self.token, self.client_id, self.client_secret) {
            (Some(email), Some(password), None, None) => {
                Credentials::Basic { user: format!("{email}/token"), password }
            }
            (None, None, Some(id), Some(secret)) => {
                let endpoint = address::at(&base, &["oauth", "tokens"]);
                Credentials::OAuth(Box::new(OAuth::new(&parts, endpoint, &id, secret, Some("read"))))
            }
            _ => {
                return Err(EngineError::give_up(
                    "Zendesk: sign in either by `email` and `token` or by `client_id` and `client_secret`",
                ));
            }
        };
        Ok(Box::new(Zendesk { client: Client { http: parts.http, base, credentials }, readers, clock: parts.clock }))
    }
}

struct Zendesk {
    client: Client,
    readers: Vec<Principal>,
    clock: Clock,
}

impl Connector for Zendesk {
    /// Every sync lists everything; the listing brings the text along.
    fn changes(&self, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
        try_stream! {
            let mut segments = Segments::new(&self.client, &self.readers);
            let mut articles = self.client.articles();
            let mut listing = Vec::new();
            let mut gather = Gather::default();
            loop {
                let listed_at = (self.clock.now)();
                let Some(page) = articles.next_page::<Article>(&self.client).await? else { break };
                for article in page.into_iter().filter(|article| !article.draft) {
                    let external_id = article.id.to_string();
                    listing.push(external_id.clone());
                    let revision = settle::revision(&article.updated_at, listed_at, GRAIN);
                    let readers = segments.readers(&article.segments(), &mut gather).await?;
                    gather.push(match (readers, revision) {
                        (Err(reason), _) => Change::Failed {
                            external_id,
                            reason: format!("who may read it cannot be told: {reason}"),
                            readers: Some(nobody()),
                        },
                        (Ok(readers), Some(revision)) if since.holds(&external_id, &revision) => {
                            Change::Unchanged { external_id, readers }
                        }
                        (Ok(readers), revision) => Change::Upsert(self.document(article, readers, revision)),
                    });
                    if gather.is_full() {
                        yield gather.take(None, None);
                    }
                }
            }
            if listing.is_empty() {
                Err(EngineError::retry("list Zendesk: its help center shows the source's account no published article"))?;
            }
            yield gather.last(None, Some(listing));
        }
        .boxed()
    }
}

impl Zendesk {
    fn document(&self, article: Article, readers: Vec<Principal>, revision: Option<String>) -> RawDocument {
        RawDocument {
            external_id: article.id.to_string(),
            uri: self.client.uri(&article),
            title: Some(article.title),
            file_name: "article.html".into(),
            bytes: article.body.unwrap_or_default().into_bytes(),
            readers,
            modified_at: article.updated_at.parse().ok(),
            revision,
        }
    }
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
