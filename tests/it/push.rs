//! Documents sent to the real server: by token and key over HTTP, found and answered from.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::house::House;

/// `footnote serve` on a free port, ended when dropped.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(house: &House) -> Result<Self> {
        let mut process =
            house.command(&["serve", "--port", "0"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut said = BufReader::new(process.stdout.take().context("stdout")?);
        let mut line = String::new();
        loop {
            line.clear();
            ensure!(said.read_line(&mut line)? > 0, "the server ended");
            if let Some(url) = line.trim().strip_prefix("Footnote serves on ") {
                return Ok(Self { process, url: url.to_owned() });
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A push source as a program sees it.
struct Sender {
    client: Client,
    address: String,
    token: String,
}

impl Sender {
    fn request(&self, method: Method, rest: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{rest}", self.address)).bearer_auth(&self.token)
    }

    async fn send(&self, documents: &Value) -> Result<Value> {
        let response = self.request(Method::POST, "").json(&json!({ "documents": documents })).send().await?;
        ensure!(response.status() == 200, "{}: {}", response.status(), response.text().await?);
        Ok(response.json().await?)
    }
}

#[expect(clippy::disallowed_methods, reason = "tests are their own client")]
fn client() -> Client {
    Client::new()
}

fn add(house: &House) -> Result<String> {
    let added = house.json(&["source", "add", "push", "--name", "handouts", "--access", "group:staff"])?;
    Ok(added["id"].as_str().context("an id")?.to_owned())
}

#[tokio::test]
async fn what_a_program_sends_is_found_by_its_readers() -> Result<()> {
    let house = House::new()?;
    let id = add(&house)?;
    let token = house.json(&["source", "token", "handouts"])?["token"].as_str().context("a token")?.to_owned();
    ensure!(token.starts_with("fnp_") && token.len() == 68, "{token}");
    let server = Server::start(&house)?;
    let sender = Sender { client: client(), address: format!("{}/api/v1/sources/{id}/documents", server.url), token };
    let documents = json!([
        {"id": "badges", "text": "# Badges\n\nThe visitor badge is blue.", "media_type": "text/markdown"},
        {"id": "broken.pdf", "content_base64": "JVBERi0xLjcgYnJva2Vu"},
    ]);
    let sent = sender.send(&documents).await?;
    ensure!(sent["documents"][0]["status"] == "added", "{sent:#}");
    ensure!(sent["documents"][1]["status"] == "failed", "{sent:#}");
    wait_for(&house, &id, 1).await?;
    let status = house.json(&["source", "status", &id])?;
    ensure!(status["source_count"] == 2 && status["failed"][0]["item"] == "broken.pdf", "{status:#}");

    let gone = sender.request(Method::DELETE, "/badges").send().await?;
    ensure!(gone.status() == 204, "{}", gone.status());
    sender.send(&json!([{"id": "garage", "text": "The parking garage opens at six."}])).await?;
    wait_for(&house, &id, 1).await?;

    house.json(&["source", "token", "handouts", "--revoke"])?;
    let refused = sender.request(Method::POST, "").json(&json!({ "documents": documents })).send().await?;
    ensure!(refused.status() == 401, "{}", refused.status());
    drop(server);

    let seen = |words: &str, args: &[&str]| -> Result<bool> {
        let args: Vec<&str> = ["search", words, "--leg", "keyword"].iter().chain(args).copied().collect();
        Ok(house.json(&args)?["hits"].as_array().is_some_and(|hits| !hits.is_empty()))
    };
    ensure!(seen("parking garage", &["--group", "staff"])? && !seen("parking garage", &[])?);
    ensure!(!seen("visitor badge", &["--group", "staff"])?);
    let answer = house.json(&["ask", "When does the parking garage open?", "--group", "staff"])?;
    ensure!(answer["answer"].as_str().is_some_and(|text| text.contains("six")), "{answer:#}");
    house.json(&["doctor"])?;
    Ok(())
}

async fn wait_for(house: &House, id: &str, indexed: u64) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let status = house.json(&["source", "status", id])?;
        if status["indexed_count"] == indexed && status["waiting_count"] == 0 {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "waited for {indexed} documents: {status:#}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[test]
fn there_is_nothing_to_fetch() -> Result<()> {
    let house = House::new()?;
    let (status, line) = house.failure(&["source", "add", "push", "--name", "x"])?;
    ensure!(status == 1 && line.contains("--access"), "{line}");
    let timed = ["source", "add", "push", "--name", "x", "--access", "public", "--schedule", "every 15m"];
    let (status, line) = house.failure(&timed)?;
    ensure!(status == 2 && line.contains("no schedule"), "{line}");
    let id = add(&house)?;
    for command in [&["source", "sync", "handouts"][..], &["source", "sync", "handouts", "--dry-run"]] {
        let (status, line) = house.failure(command)?;
        ensure!(status == 1 && line.contains("nothing to fetch") && line.contains(&id), "{line}");
    }
    house.json(&["source", "pause", &id])?;
    ensure!(house.json(&["source", "status", &id])?["state"] == "paused");
    house.json(&["source", "resume", &id])?;
    ensure!(house.json(&["source", "status", &id])?["state"] == "idle");
    house.write("a.md", "text")?;
    let folder = house.documents();
    let folder = crate::house::path(&folder)?;
    house.json(&["source", "add", "folder", "--name", "docs", "--access", "public", "--path", folder])?;
    let (status, line) = house.failure(&["source", "token", "docs"])?;
    ensure!(status == 1 && line.contains("push"), "{line}");
    house.json(&["source", "remove", "handouts"])?;
    Ok(())
}
