//! `reindex` beside a running server: answers keep coming while new indexes are built, then come from them, and can go back.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Client, header};
use serde_json::{Value, json};

use crate::{
    house::{House, path},
    reindex::{SMALL, ask_for, generations, in_state, write},
};

const DOCUMENTS: usize = 80;
const GONE: usize = 5;
const PATIENCE: Duration = Duration::from_secs(300);

struct Server {
    child: Child,
    address: String,
    client: Client,
    cookie: String,
}

impl Server {
    /// Starts `serve` on a workspace without users and logs in with what it prints.
    async fn start(house: &House, settings: &[(&str, &str)]) -> Result<Self> {
        let mut command = house.command(&["serve", "--port", "0", "--generator", "extractive"]);
        let mut child = command.envs(settings.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut said = BufReader::new(child.stdout.take().context("stdout")?);
        let (mut email, mut password, mut address) = (None, None, None);
        while address.is_none() {
            let mut line = String::new();
            if said.read_line(&mut line)? == 0 {
                bail!("the server ended");
            }
            let word = |after: &str| Some(line.strip_prefix(after)?.split_whitespace().next()?.to_owned());
            email = email.or_else(|| word("email: "));
            password = password.or_else(|| word("password: "));
            address = word("Footnote serves on ");
        }
        let (address, client) = (address.unwrap_or_default(), Client::default());
        let body = json!({ "email": email, "password": password });
        let login = client.post(format!("{address}/api/v1/login")).json(&body).send().await?.error_for_status()?;
        let cookie = login.headers().get(header::SET_COOKIE).context("a cookie")?.to_str()?;
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Ok(Self { child, address, client, cookie })
    }

    async fn ask(&self, question: &str) -> Result<Value> {
        let body = json!({ "question": question });
        let request = self.client.post(format!("{}/api/v1/ask", self.address)).header(header::COOKIE, &self.cookie);
        let events = request.json(&body).send().await?.error_for_status()?.text().await?;
        let done = events.split("\n\n").find(|event| event.contains("event: done")).context("the answer is done")?;
        let data: String = done.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
        Ok(serde_json::from_str(&data)?)
    }

    async fn search(&self, words: &str) -> Result<Vec<Value>> {
        let address = format!("{}/api/v1/search?limit=50&q={}", self.address, words.replace(' ', "+"));
        let request = self.client.get(address).header(header::COOKIE, &self.cookie);
        let found: Value = request.send().await?.error_for_status()?.json().await?;
        found["hits"].as_array().cloned().context("hits")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks about item `n`: the answer is there, and each quote is exactly what its version holds.
async fn answers(house: &House, server: &Server, n: usize) -> Result<()> {
    let answer = server.ask(&ask_for(n)).await?;
    ensure!(answer["answer"].to_string().contains(&format!("marble{n}")), "{answer:#}");
    for citation in answer["citations"].as_array().context("citations")? {
        let text = |key: &str| citation[key].as_str().with_context(|| format!("no {key}"));
        let stored = house.text(&["document", text("document_id")?, "--version", text("version")?, "--text"])?;
        let at = |key: &str| citation[key].as_u64().with_context(|| format!("no {key}"));
        let (start, end) = (at("start")? as usize, at("end")? as usize);
        let quoted: String = stored.chars().skip(start).take(end - start).collect();
        ensure!(quoted == text("quote")?, "{citation:#}");
    }
    Ok(())
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await? {
        ensure!(Instant::now() < deadline, "waited for {what}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

fn longest(hits: &[Value]) -> usize {
    hits.iter().filter_map(|hit| hit["text"].as_str()).map(str::len).max().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_keep_coming_while_new_indexes_are_built_then_come_from_them_and_can_go_back() -> Result<()> {
    let house = House::new()?;
    for n in 0..DOCUMENTS {
        write(&house, n)?;
    }
    let folder = house.documents();
    let added =
        house.json(&["source", "add", "folder", "--path", path(&folder)?, "--access", "public", "--name", "items"])?;
    let source = added["id"].as_str().context("an id")?.to_owned();
    house.json(&["source", "sync", "items"])?;
    let server = Server::start(&house, &SMALL).await?;

    let (mut asked, mut n, mut is_deleted) = (0, 0, false);
    let started = Instant::now();
    loop {
        let building = in_state(&house, "building")?;
        let Some(building) = building else { break };
        ensure!(started.elapsed() < PATIENCE, "{building:#}");
        if building["documents_done"].as_u64() > Some(0) && !is_deleted {
            std::fs::remove_file(folder.join(format!("item-{GONE}.md")))?;
            house.json(&["source", "sync", "items"])?;
            is_deleted = true;
        }
        n = (n + 7) % DOCUMENTS;
        // The small numbers stand in every sentence: they tell no item from another.
        if n != GONE && n >= 10 {
            answers(&house, &server, n).await?;
            asked += 1;
        }
    }
    println!("{asked} questions answered in the {:?} of building", started.elapsed());
    ensure!(asked >= 3 && is_deleted, "{asked} questions were asked meanwhile");
    let live = in_state(&house, "live")?.context("live")?;
    ensure!(live["id"] == 2 && live["chunking"]["tokens"] == 40, "{live:#}");
    let words = "storage transport and care";
    until("the new indexes to answer", async || Ok(longest(&server.search(words).await?) < 400)).await?;
    answers(&house, &server, 41).await?;
    until("the deletion", async || Ok(house.json(&["source", "status", &source])?["indexed_count"] == DOCUMENTS - 1))
        .await?;
    let gone = async || -> Result<bool> {
        let hits = server.search(&format!("marble{GONE}")).await?;
        Ok(!hits.iter().any(|hit| hit["uri"].as_str().is_some_and(|uri| uri.ends_with(&format!("item-{GONE}.md")))))
    };
    ensure!(gone().await?, "the deleted document is in the new indexes");

    house.text(&["reindex", "rollback"])?;
    until("the old indexes to answer", async || Ok(longest(&server.search(words).await?) > 400)).await?;
    answers(&house, &server, 42).await?;
    ensure!(gone().await?, "the deleted document is in the old indexes");
    ensure!(house.text(&["reindex", "finish"])?.contains("server deletes generation 2"));
    until("the deletion of what is not used", async || Ok(generations(&house)?.len() == 1)).await?;
    ensure!(!house.data_dir().join("indexes").join("2").exists());
    answers(&house, &server, 43).await?;
    drop(server);
    ensure!(house.json(&["doctor"])?["ok"] == true);
    Ok(())
}
