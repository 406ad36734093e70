//! The event stream: its order, its errors, and that nobody works for who has left.

use std::{sync::atomic::Ordering, time::Duration};

use domain::{AnswerEvent, VersionHash};
use reqwest::Response;
use serde_json::{Value, json};
use server::ServerConfig;

use crate::house::*;

/// The events of a whole stream, checked against the types of the contract.
async fn events(response: Response) -> Vec<AnswerEvent> {
    assert_eq!((response.status().as_u16(), header(&response, "content-type")), (200, "text/event-stream"));
    assert_eq!(header(&response, "cache-control"), "no-store");
    let text = response.text().await.unwrap();
    let blocks = text.split_terminator("\n\n").filter(|block| !block.starts_with(':'));
    let event = |(n, block): (usize, &str)| {
        let lines: Vec<&str> = block.split('\n').collect();
        let [name, id, data] = lines[..] else { unreachable!("{block}") };
        assert_eq!(id, format!("id: {}", n + 1));
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        serde_json::from_value(json!({"event": name.strip_prefix("event: ").unwrap(), "data": data})).unwrap()
    };
    blocks.enumerate().map(event).collect()
}

fn name(event: &AnswerEvent) -> String {
    serde_json::to_value(event).unwrap()["event"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn events_come_in_the_order_of_the_contract() {
    let house = House::open().await;
    let cookie = house.login("ann").await;
    let events = events(house.ask(&cookie, "How many days of leave do employees get each year?").await).await;
    let mut names: Vec<String> = events.iter().map(name).collect();
    names.dedup();
    let order = ["status", "passages", "status", "token", "status", "citation", "verdict", "done"];
    assert_eq!(names, order);
    let Some(AnswerEvent::Done(answer)) = events.last() else { unreachable!("no done") };
    assert!(!answer.abstained);
    assert_eq!((answer.sentences.len(), answer.withheld.len(), answer.passages.len()), (1, 1, 2));
    let saved = house
        .store
        .answer(&house.store.user_by_email("ann@example.com").await.unwrap().unwrap().viewer(), &answer.id)
        .await;
    assert_eq!(saved.unwrap().question, "How many days of leave do employees get each year?");
}

#[tokio::test]
async fn an_answer_holds_only_what_its_viewer_may_read() {
    let house = House::open().await;
    let cookie = house.login("bob").await;
    let response = house.ask(&cookie, "What are the salaries of all employees and their leave days?").await;
    let text = format!("{:?}", events(response).await);
    assert!(text.contains("25 days") && !text.contains("Salaries of all"));
    let hits: Value = house.get("/api/v1/search?q=salaries", &cookie).await.json().await.unwrap();
    assert_eq!(hits["hits"].as_array().unwrap().len(), 1);
    let (hit, text) = (&hits["hits"][0], "Employees get 25 days of leave each year.");
    assert_eq!((hit["text"].as_str(), hit["version"].as_str()), (Some(text), Some(VersionHash::of(text).as_str())));
}

#[tokio::test]
async fn a_question_that_is_none_is_refused_before_the_stream() {
    let house = House::open().await;
    let cookie = house.login("ann").await;
    for question in ["", " \n\t\u{0}", &"word ".repeat(20_000)] {
        problem(house.ask(&cookie, question).await, 400, "bad-question").await;
    }
    for body in [json!({}), json!([]), json!({"question": 5})] {
        problem(house.post("/api/v1/ask", &cookie, &body).await, 400, "bad-request").await;
    }
    problem(house.ask(&cookie, &"x".repeat(300_000)).await, 413, "too-large").await;
    for query in ["?q=", "?q=%20", "", "?q=x&leg=both", "?q=x&limit=many"] {
        let response = house.get(&format!("/api/v1/search{query}"), &cookie).await;
        assert_eq!(response.status(), 400, "{query}");
        assert_eq!(header(&response, "content-type"), "application/problem+json");
    }
}

#[tokio::test]
async fn a_failing_engine_ends_the_stream_with_an_error_that_tells_nothing() {
    let house = House::open().await;
    let cookie = house.login("ann").await;
    house.switches.indexes_broken.store(true, Ordering::Relaxed);
    let events = events(house.ask(&cookie, "How many days?").await).await;
    let Some(AnswerEvent::Error { code, detail }) = events.last() else { unreachable!("{events:?}") };
    assert_eq!((code.as_str(), detail.contains("secret")), ("engine-unavailable", false));
    assert_eq!(events.iter().filter(|event| matches!(event, AnswerEvent::Done(_))).count(), 0);
    let body = problem(house.get("/api/v1/search?q=days", &cookie).await, 503, "engine-unavailable").await;
    assert!(!body.to_string().contains("secret"));

    let ready = house.get("/readyz", "").await;
    assert_eq!(ready.status(), 503);
    let ready: Value = ready.json().await.unwrap();
    let checks = ["keyword", "vector", "store", "embedder"].map(|part| ready["checks"][part].as_str());
    assert_eq!(checks, [Some("failed"), Some("failed"), Some("ok"), Some("ok")]);
}

#[tokio::test]
async fn work_stops_when_the_client_leaves() {
    let house = House::open().await;
    let cookie = house.login("ann").await;
    house.switches.generator_stuck.store(true, Ordering::Relaxed);
    let mut response = house.ask(&cookie, "How many days of leave do employees get each year?").await;
    let mut seen = String::new();
    while !seen.contains("event: token") {
        seen.push_str(&String::from_utf8_lossy(&response.chunk().await.unwrap().unwrap()));
    }
    assert_eq!(house.switches.generating.load(Ordering::SeqCst), 1);
    drop(response);
    for _ in 0..200 {
        if house.switches.generating.load(Ordering::SeqCst) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    unreachable!("the generator still runs");
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_ended() {
    let config = ServerConfig { answer_timeout_secs: 1, concurrent_answers: 1, ..ServerConfig::default() };
    let house = House::open_with(config).await;
    let cookie = house.login("ann").await;
    house.switches.generator_stuck.store(true, Ordering::Relaxed);
    let ask = async || events(house.ask(&cookie, "How many days of leave do employees get each year?").await).await;
    let (one, two) = tokio::join!(ask(), ask());
    for events in [one, two] {
        let Some(AnswerEvent::Error { code, .. }) = events.last() else { unreachable!("{events:?}") };
        assert_eq!(code, "too-slow");
    }
    assert_eq!(house.switches.generating.load(Ordering::SeqCst), 0);
}
