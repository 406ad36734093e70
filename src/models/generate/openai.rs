//! Generates through a server with OpenAI-compatible streaming chat completions
//! (<https://platform.openai.com/docs/api-reference/chat/create>): vLLM, llama.cpp, Ollama and others.

use std::{pin::Pin, sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{EngineError, EngineResult, Generator, GeneratorProfile, Prompt, TokenStream};
use eventsource_stream::Eventsource;
use futures::{Stream, StreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::{OpenAiConfig, Result, embed::TokenCounter, http};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// A server that ignores `max_tokens` is cut off beyond this many bytes per token.
const MOST_BYTES_PER_TOKEN: usize = 64;

pub(crate) struct OpenAiGenerator {
    profile: GeneratorProfile,
    config: OpenAiConfig,
    tokens: TokenCounter,
    client: reqwest::Client,
}

type Pieces = Pin<Box<dyn Stream<Item = EngineResult<Piece>> + Send>>;

/// What one server event adds.
#[derive(Debug, PartialEq)]
enum Piece {
    Text(String),
    /// Text that the server says is the last.
    Last(String),
    /// A keep-alive, a role, a usage report.
    Nothing,
    End,
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Option<Words>,
    /// Where the server does not stream.
    #[serde(default)]
    message: Option<Words>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Words {
    #[serde(default)]
    content: Option<String>,
}

impl OpenAiGenerator {
    pub fn new(config: &OpenAiConfig) -> Result<Self> {
        Ok(Self {
            profile: GeneratorProfile {
                model: config.model.clone(),
                weights_sha256: String::new(),
                context_tokens: config.context_tokens,
            },
            tokens: TokenCounter::read_or_estimate(config.tokenizer.as_deref())?,
            client: http::client(Duration::from_secs(config.connect_timeout_secs.max(1)))?,
            config: config.clone(),
        })
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(self.config.token_timeout_secs.max(1))
    }

    /// Asks once and waits for the first text. `None` when the server answers without any.
    async fn start(&self, prompt: &Prompt) -> EngineResult<Option<(String, Pieces)>> {
        let body = json!({
            "model": self.config.model,
            "messages": [
                {"role": "system", "content": prompt.system},
                {"role": "user", "content": prompt.user},
            ],
            "stream": true,
            "max_tokens": prompt.max_tokens,
            "temperature": self.config.temperature,
            "seed": prompt.seed & (i64::MAX as u64),
        });
        let request = http::post(&self.client, &self.config.url, "chat/completions", self.config.api_key.as_ref());
        let sent = timeout(self.patience(), request.json(&body).send()).await;
        let response = sent.map_err(|_| self.silent())?.map_err(|error| self.failed(error))?;
        let status = response.status();
        if !status.is_success() {
            let body = timeout(self.patience(), response.text()).await.map_err(|_| self.silent())?;
            let message = format!("{}: {status}: {}", self.place(), http::excerpt(&body.unwrap_or_default()));
            return Err(EngineError { message, retryable: http::is_passing(status), retry_after: None });
        }
        let mut pieces = self.pieces(response).await?;
        loop {
            match timeout(self.patience(), pieces.next()).await.map_err(|_| self.silent())? {
                Some(Ok(Piece::Text(text))) => return Ok(Some((text, pieces))),
                Some(Ok(Piece::Last(text))) => return Ok(Some((text, Box::pin(stream::iter([Ok(Piece::End)]))))),
                Some(Ok(Piece::Nothing)) => {}
                Some(Ok(Piece::End)) => return Ok(None),
                Some(Err(error)) => return Err(error),
                None => return Err(self.cut()),
            }
        }
    }

    async fn pieces(&self, response: reqwest::Response) -> EngineResult<Pieces> {
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let place = self.place();
        if kind.starts_with("application/json") {
            let text = timeout(self.patience(), response.text()).await.map_err(|_| self.silent())?;
            let piece = read_chunk(&text.map_err(|error| self.failed(error))?, &place)?;
            return Ok(Box::pin(stream::iter([Ok(piece), Ok(Piece::End)])));
        }
        let events = response.bytes_stream().eventsource();
        Ok(Box::pin(events.map(move |event| match event {
            Ok(event) => read_chunk(&event.data, &place),
            Err(error) => Err(EngineError::retry(format!("{place}: {error}"))),
        })))
    }

    /// The text after the first piece; an end without the server's word for it is an error.
    fn rest(&self, pieces: Pieces, max_tokens: usize) -> TokenStream {
        let state = Rest {
            pieces,
            patience: self.patience(),
            silent: self.silent().message,
            cut: self.cut().message,
            bytes_left: max_tokens.saturating_mul(MOST_BYTES_PER_TOKEN),
            is_over: false,
        };
        Box::pin(stream::unfold(state, |mut state| async move {
            let next = state.next().await?;
            Some((next, state))
        }))
    }

    fn place(&self) -> String {
        format!("generate at {}", self.config.url)
    }

    fn silent(&self) -> EngineError {
        EngineError::retry(format!("{}: no answer within {} s", self.place(), self.patience().as_secs()))
    }

    fn cut(&self) -> EngineError {
        EngineError::retry(format!("{}: the server closed the stream early", self.place()))
    }

    fn failed(&self, error: reqwest::Error) -> EngineError {
        // The address is stated once; reqwest would repeat it with any query it carries.
        let reason = http::excerpt(&error.without_url().to_string());
        EngineError::retry(format!("{}: {reason}", self.place()))
    }
}

struct Rest {
    pieces: Pieces,
    patience: Duration,
    silent: String,
    cut: String,
    bytes_left: usize,
    is_over: bool,
}

impl Rest {
    async fn next(&mut self) -> Option<EngineResult<String>> {
        while !self.is_over {
            match timeout(self.patience, self.pieces.next()).await {
                Ok(Some(Ok(Piece::Text(text)))) => {
                    self.bytes_left = self.bytes_left.saturating_sub(text.len());
                    self.is_over = self.bytes_left == 0;
                    return Some(Ok(text));
                }
                Ok(Some(Ok(Piece::Last(text)))) => {
                    self.is_over = true;
                    return Some(Ok(text));
                }
                Ok(Some(Ok(Piece::Nothing))) => {}
                Ok(Some(Ok(Piece::End))) => self.is_over = true,
                Ok(Some(Err(error))) => return self.fail(error),
                Ok(None) => return self.fail(EngineError::retry(self.cut.clone())),
                Err(_) => return self.fail(EngineError::retry(self.silent.clone())),
            }
        }
        None
    }

    fn fail(&mut self, error: EngineError) -> Option<EngineResult<String>> {
        self.is_over = true;
        Some(Err(error))
    }
}

#[async_trait]
impl Generator for OpenAiGenerator {
    fn profile(&self) -> &GeneratorProfile {
        &self.profile
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.tokens.count(text)
    }

    async fn generate(&self, prompt: Arc<Prompt>) -> EngineResult<TokenStream> {
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            match self.start(&prompt).await {
                Ok(Some((first, pieces))) => {
                    let rest = self.rest(pieces, prompt.max_tokens);
                    return Ok(Box::pin(stream::iter([Ok(first)]).chain(rest)));
                }
                Ok(None) => return Ok(Box::pin(stream::empty())),
                Err(error) if error.retryable && attempt < self.config.attempts => {
                    tracing::warn!(attempt, error = %error, "asking the model server again");
                    sleep(pause).await;
                    pause *= 2;
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

fn read_chunk(data: &str, place: &str) -> EngineResult<Piece> {
    if data.trim() == "[DONE]" {
        return Ok(Piece::End);
    }
    let chunk: Chunk = serde_json::from_str(data)
        .map_err(|error| EngineError::retry(format!("{place}: a chunk that is not JSON: {error}")))?;
    if let Some(error) = chunk.error {
        let reason = error["message"].as_str().map_or_else(|| error.to_string(), str::to_owned);
        return Err(EngineError::retry(format!("{place}: {}", http::excerpt(&reason))));
    }
    let Some(choice) = chunk.choices.into_iter().next() else { return Ok(Piece::Nothing) };
    let text = choice.delta.or(choice.message).and_then(|words| words.content).unwrap_or_default();
    Ok(match (text.is_empty(), choice.finish_reason) {
        (false, None) => Piece::Text(text),
        (false, Some(_)) => Piece::Last(text),
        (true, Some(_)) => Piece::End,
        (true, None) => Piece::Nothing,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
    use super::*;

    #[test]
    fn chunks_are_read_whatever_they_lack() {
        let cases = [
            (r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#, Piece::Nothing),
            (r#"{"choices":[{"delta":{"content":"Hi"}}]}"#, Piece::Text("Hi".into())),
            (r#"{"choices":[{"delta":{}}]}"#, Piece::Nothing),
            (r#"{"choices":[{"delta":{"content":null},"finish_reason":"stop"}]}"#, Piece::End),
            (r#"{"choices":[]}"#, Piece::Nothing),
            (r#"{"usage":{"total_tokens":3}}"#, Piece::Nothing),
            (
                r#"{"choices":[{"message":{"role":"assistant","content":"whole"},"finish_reason":"stop"}]}"#,
                Piece::Last("whole".into()),
            ),
            ("[DONE]", Piece::End),
        ];
        for (data, wanted) in cases {
            assert_eq!(read_chunk(data, "x").unwrap(), wanted, "{data}");
        }
        assert!(read_chunk("{not json", "x").is_err());
        let error = read_chunk(r#"{"error":{"message":"out of memory"}}"#, "x").unwrap_err();
        assert!(error.message.contains("out of memory"));
    }
}
