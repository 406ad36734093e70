//! Embeds through a server with an OpenAI-compatible `/v1/embeddings` (<https://platform.openai.com/docs/api-reference/embeddings>).

use std::time::Duration;

use async_trait::async_trait;
use domain::{Embedder, EmbedderProfile, EngineError, EngineResult};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::tokens::TokenCounter;
use crate::{HttpEmbedderConfig, Result, http};

/// Texts per request; most servers refuse more than a few hundred.
const BATCH_TEXTS: usize = 32;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);

pub(crate) struct HttpEmbedder {
    profile: EmbedderProfile,
    tokens: TokenCounter,
    client: reqwest::Client,
    url: String,
    key: Option<SecretString>,
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: &'a [String],
    encoding_format: &'static str,
}

#[derive(Deserialize)]
struct Response {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    index: Option<usize>,
    embedding: Vec<f32>,
}

impl HttpEmbedder {
    pub fn new(config: &HttpEmbedderConfig) -> Result<Self> {
        Ok(Self {
            profile: EmbedderProfile {
                model: config.model.clone(),
                weights_sha256: String::new(),
                dims: config.dims,
                max_tokens: config.max_tokens,
                query_prefix: config.query_prefix.clone(),
                passage_prefix: config.passage_prefix.clone(),
            },
            tokens: TokenCounter::read_or_estimate(config.tokenizer.as_deref())?,
            client: http::client(CONNECT_TIMEOUT)?,
            url: config.url.clone(),
            key: config.api_key.clone(),
        })
    }

    async fn request(&self, input: &[String]) -> EngineResult<Vec<Vec<f32>>> {
        let body = Request { model: &self.profile.model, input, encoding_format: "float" };
        let request = http::post(&self.client, &self.url, "embeddings", self.key.as_ref()).timeout(REQUEST_TIMEOUT);
        let sent = request.json(&body).send().await;
        let response = sent.map_err(|error| EngineError::retry(format!("embed at {}: {error}", self.url)))?;
        let status = response.status();
        let text =
            response.text().await.map_err(|error| EngineError::retry(format!("embed at {}: {error}", self.url)))?;
        if !status.is_success() {
            let message = format!("embed at {}: {status}: {}", self.url, http::excerpt(&text));
            return Err(EngineError { message, retryable: http::is_passing(status), retry_after: None });
        }
        let bad = |reason: String| EngineError::give_up(format!("embed at {}: {reason}", self.url));
        let mut response: Response = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
        if response.data.len() != input.len() {
            return Err(bad(format!("{} vectors for {} texts", response.data.len(), input.len())));
        }
        response.data.sort_by_key(|item| item.index);
        response.data.into_iter().map(|item| unit(item.embedding, self.profile.dims).map_err(bad)).collect()
    }
}

#[async_trait]
impl Embedder for HttpEmbedder {
    fn profile(&self) -> &EmbedderProfile {
        &self.profile
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.tokens.count(text)
    }

    async fn embed_passages(&self, texts: &[String]) -> EngineResult<Vec<Vec<f32>>> {
        let texts: Vec<String> = texts.iter().map(|text| format!("{}{text}", self.profile.passage_prefix)).collect();
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(BATCH_TEXTS) {
            vectors.extend(self.request(batch).await?);
        }
        Ok(vectors)
    }

    async fn embed_query(&self, text: &str) -> EngineResult<Vec<f32>> {
        let vectors = self.request(&[format!("{}{text}", self.profile.query_prefix)]).await?;
        vectors.into_iter().next().ok_or_else(|| EngineError::give_up("embed: no vector for the question"))
    }
}

/// Scales to unit length; servers differ in whether they do.
fn unit(mut vector: Vec<f32>, dims: usize) -> std::result::Result<Vec<f32>, String> {
    if vector.len() != dims {
        return Err(format!("a vector of {} numbers; `dims` says {dims}", vector.len()));
    }
    let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if !norm.is_finite() || norm == 0.0 {
        return Err("a vector without a direction".into());
    }
    vector.iter_mut().for_each(|x| *x /= norm);
    Ok(vector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_scaled_and_wrong_lengths_refused() {
        assert_eq!(unit(vec![3.0, 4.0], 2), Ok(vec![0.6, 0.8]));
        assert!(unit(vec![3.0], 2).is_err_and(|e| e.contains("`dims` says 2")));
        assert!(unit(vec![0.0, 0.0], 2).is_err());
    }
}
