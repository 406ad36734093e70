//! What every generator must do, asked of each of them.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod http_server;

use std::{path::PathBuf, sync::Arc, time::Duration};

use domain::{EngineError, Generator, Prompt, PromptPassage};
use futures::StreamExt;
use http_server::{Reply, serve};

use super::OpenAiGenerator;
use crate::{CandleConfig, GeneratorConfig, ModelsConfig, OpenAiConfig, open_generator};

const TEXT: &str = "Employees accrue 25 days of paid annual leave per calendar year. Unused leave of up to 5 days can be \
    carried over to the next year. Requests are submitted in the HR portal.";

fn prompt(max_tokens: usize) -> Arc<Prompt> {
    let question = "How many days of leave can be carried over?";
    Arc::new(Prompt {
        system: "Answer from the passages only.".into(),
        user: format!("[1] {TEXT}\n\nQuestion: {question}"),
        question: question.into(),
        passages: vec![PromptPassage {
            n: 1,
            title: "Leave".into(),
            context: String::new(),
            text: TEXT.into(),
            score: 1.0,
        }],
        max_tokens,
        seed: 7,
    })
}

/// The pulled models, or a line that says why the test is skipped.
#[expect(clippy::disallowed_methods, reason = "the test script says where the pulled models are")]
fn models_dir() -> Option<PathBuf> {
    let dir = std::env::var_os("FOOTNOTE_MODELS_DIR").map(PathBuf::from);
    if dir.is_none() {
        eprintln!("skipped: FOOTNOTE_MODELS_DIR names no directory of pulled models");
    }
    dir
}

async fn read_all(generator: &dyn Generator, prompt: Arc<Prompt>) -> Result<String, EngineError> {
    let mut stream = generator.generate(prompt).await?;
    let mut text = String::new();
    while let Some(piece) = stream.next().await {
        text.push_str(&piece?);
    }
    Ok(text)
}

/// The stream ends, twice the same; a dropped stream leaves the generator usable; tokens are counted.
async fn keeps_the_contract(generator: &dyn Generator) {
    let limit = Duration::from_secs(120);
    let first = tokio::time::timeout(limit, read_all(generator, prompt(24))).await.unwrap().unwrap();
    assert!(!first.trim().is_empty());
    let mut dropped = generator.generate(prompt(64)).await.unwrap();
    assert!(dropped.next().await.unwrap().is_ok());
    drop(dropped);
    let again = tokio::time::timeout(limit, read_all(generator, prompt(24))).await.unwrap().unwrap();
    assert_eq!(first, again, "greedy generation repeats itself");
    assert_eq!(generator.count_tokens(""), 0);
    assert!(generator.count_tokens("one two three four") >= 4);
    assert!(!generator.profile().model.is_empty() && generator.profile().context_tokens > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn candle_keeps_the_contract() {
    let Some(dir) = models_dir() else { return };
    let config = ModelsConfig {
        generator: GeneratorConfig::Candle(CandleConfig { queue: 1, context_tokens: 512, ..CandleConfig::default() }),
        ..ModelsConfig::default()
    };
    let generator = open_generator(&config, &dir).unwrap().unwrap();
    keeps_the_contract(&*generator).await;

    let long = Prompt { user: "word ".repeat(600), ..(*prompt(16)).clone() };
    let refused = read_all(&*generator, Arc::new(long)).await.unwrap_err();
    assert!(!refused.retryable && refused.message.contains("512"), "{refused}");

    let mut streams = Vec::new();
    let busy = loop {
        match generator.generate(prompt(200)).await {
            Ok(stream) => streams.push(stream),
            Err(error) => break error,
        }
        assert!(streams.len() < 8, "the queue has no end");
    };
    assert!(busy.retryable && busy.message.contains("busy"), "{busy}");
}

fn openai(url: String) -> OpenAiGenerator {
    let json = serde_json::json!({
        "url": url, "model": "test", "api_key": "key-of-the-test", "token_timeout_secs": 2, "connect_timeout_secs": 2
    });
    OpenAiGenerator::new(&serde_json::from_value::<OpenAiConfig>(json).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn openai_keeps_the_contract() {
    let server = serve(vec![Reply::stream(&["Up to 5", " days", " [1]."]); 4]).await;
    let generator = openai(server.url());
    keeps_the_contract(&generator).await;
    let request = server.requests().remove(0);
    assert!(request.contains("authorization: Bearer key-of-the-test"), "{request}");
    assert!(request.contains("\"stream\":true") && request.contains("\"max_tokens\":24"), "{request}");
}

#[tokio::test(flavor = "multi_thread")]
async fn openai_asks_again_only_before_the_first_piece() {
    let server = serve(vec![Reply::status(500, "overloaded"), Reply::stream(&["ok"])]).await;
    assert_eq!(read_all(&openai(server.url()), prompt(8)).await.unwrap(), "ok");
    assert_eq!(server.requests().len(), 2);

    let server = serve(vec![Reply::cut_after(&["half an"]), Reply::stream(&["never asked"])]).await;
    let error = read_all(&openai(server.url()), prompt(8)).await.unwrap_err();
    assert!(error.message.contains("closed the stream early"), "{error}");
    assert_eq!(server.requests().len(), 1);

    let server =
        serve(vec![Reply::status(401, "{\"error\":{\"message\":\"bad key\"}}"), Reply::stream(&["never asked"])]).await;
    let error = read_all(&openai(server.url()), prompt(8)).await.unwrap_err();
    assert!(!error.retryable && error.message.contains("bad key"), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn openai_survives_what_servers_send() {
    let odd = [
        ": keep-alive\n\n",
        "data: {\"id\":\"x\",\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"caf\"}}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"total_tokens\":9}}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"é\"},\"finish_reason\":\"stop\"}]}\n\n",
    ];
    let server = serve(vec![Reply::raw(&odd.concat())]).await;
    assert_eq!(read_all(&openai(server.url()), prompt(8)).await.unwrap(), "café");

    let whole = r#"{"choices":[{"message":{"role":"assistant","content":"not streamed"}}]}"#;
    let server = serve(vec![Reply::json(whole)]).await;
    assert_eq!(read_all(&openai(server.url()), prompt(8)).await.unwrap(), "not streamed");

    let broken = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"choi\n\n";
    let server = serve(vec![Reply::raw(broken)]).await;
    let error = read_all(&openai(server.url()), prompt(8)).await.unwrap_err();
    assert!(error.message.contains("not JSON"), "{error}");

    let server = serve(vec![Reply::silent(); 3]).await;
    let error = read_all(&openai(server.url()), prompt(8)).await.unwrap_err();
    assert!(error.retryable && error.message.contains("no answer within 2 s"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn openai_says_where_nobody_listens() {
    let generator = openai("http://127.0.0.1:9/v1".into());
    let error = read_all(&generator, prompt(8)).await.unwrap_err();
    assert!(
        error.retryable && error.message.contains("127.0.0.1:9") && !error.message.contains("key-of-the-test"),
        "{error}"
    );
}
