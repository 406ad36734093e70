//! `source`: added, read, watched, paused and removed, through the real binary - beside a running server too.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::house::{House, path};

fn add(house: &House, args: &[&str]) -> Result<String> {
    let mut command = vec!["source", "add", "folder", "--path", path(&house.documents())?.to_owned().leak()];
    command.extend(args);
    Ok(house.json(&command)?["id"].as_str().context("an id")?.to_owned())
}

#[test]
fn a_source_is_added_read_and_watched() -> Result<()> {
    let house = House::new()?;
    house.write("badges.md", "# Badges\n\nThe visitor badge is blue.\n")?;
    house.write("broken.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog".as_slice())?;
    let id = add(&house, &["--access", "group:staff", "--name", "handbook"])?;
    assert_eq!(house.json(&["source", "status", &id])?["state"], "idle");

    let synced = house.json(&["source", "sync", "handbook"])?;
    assert_eq!(synced["summary"]["added"], 1, "{synced:#}");
    let status = house.json(&["source", "status", &id])?;
    for (key, value) in [("state", Value::from("idle")), ("source_count", 2.into()), ("indexed_count", 1.into())] {
        assert_eq!(status[key], value, "{key} in {status:#}");
    }
    assert_eq!(status["failed"][0]["item"], "broken.pdf");
    assert!(status["failed"][0]["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
    assert!(status["last_success"].is_string() && status["rate"].is_null() && status["eta_seconds"].is_null());

    let seen = |args: &[&str]| -> Result<bool> {
        let args: Vec<&str> = ["search", "visitor badge", "--leg", "keyword"].iter().chain(args).copied().collect();
        Ok(house.json(&args)?.to_string().contains("badge is blue"))
    };
    assert!(seen(&["--group", "staff"])? && !seen(&[])?);
    let listed = house.json(&["source", "list"])?;
    assert_eq!(listed["sources"][0]["name"], "handbook", "{listed:#}");
    Ok(())
}

#[test]
fn a_source_without_a_rule_or_with_wrong_settings_is_refused() -> Result<()> {
    let house = House::new()?;
    house.write("a.md", "text")?;
    let folder = house.documents();
    let folder = path(&folder)?;
    let (status, line) = house.failure(&["source", "add", "folder", "--path", folder])?;
    assert!(status == 1 && line.contains("--access"), "{line}");
    for (args, part) in [
        (vec!["source", "add", "gopher", "--access", "public"], "folder"),
        (vec!["source", "add", "folder", "--access", "staff", "--path", folder], "group:NAME"),
        (vec!["source", "add", "folder", "--access", "public", "--set", "colour=red"], "no setting `colour`"),
        (vec!["source", "add", "folder", "--access", "public", "--path", folder, "--schedule", "hourly"], "every 15m"),
    ] {
        let (status, line) = house.failure(&args)?;
        assert!(status == 2 && line.contains(part), "{args:?}: {line}");
    }
    let (status, line) = house.failure(&["source", "add", "folder", "--access", "public"])?;
    assert!(status == 1 && line.contains("path"), "{line}");
    let (status, line) = house.failure(&["source", "sync", "nothing"])?;
    assert!(status == 1 && line.contains("source list"), "{line}");
    assert!(house.json(&["source", "list"])?["sources"].as_array().is_some_and(Vec::is_empty));
    Ok(())
}

#[test]
fn a_killed_sync_is_taken_up_at_once() -> Result<()> {
    let house = House::new()?;
    for document in 0..60 {
        let text = "Badges are worn by all. ".repeat(60);
        house.write(&format!("{document}.md"), format!("# Rule {document}\n\n{text}"))?;
    }
    let id = add(&house, &["--access", "public"])?;
    let mut child = house.spawn(&["source", "sync", &id])?;
    let deadline = Instant::now() + Duration::from_secs(60);
    while house.json(&["source", "status", &id])?["state"] != "running" {
        anyhow::ensure!(Instant::now() < deadline && child.try_wait()?.is_none(), "no running sync was seen");
    }
    child.kill()?;
    child.wait()?;
    assert_eq!(house.json(&["source", "status", &id])?["state"], "running", "it was killed in the middle");
    let synced = house.json(&["source", "sync", &id])?;
    assert_eq!(synced["state"], "idle", "{synced:#}");
    assert_eq!(house.json(&["source", "status", &id])?["indexed_count"], 60);
    Ok(())
}

#[test]
fn a_dry_run_shows_and_stores_nothing() -> Result<()> {
    let house = House::new()?;
    house.write("badges.md", "# Badges\n\nThe visitor badge is blue.\n")?;
    house.write("empty.md", "")?;
    let id = add(&house, &["--access", "public"])?;
    let shown = house.json(&["source", "sync", &id, "--dry-run"])?;
    assert_eq!(shown["documents"][0]["title"], "Badges", "{shown:#}");
    assert!(shown["documents"][0]["beginning"][0].as_str().is_some_and(|text| text.contains("visitor badge")));
    assert!(shown["documents"][1]["failure"].as_str().is_some_and(|reason| reason.contains("empty")), "{shown:#}");
    assert_eq!(house.json(&["source", "status", &id])?["indexed_count"], 0);
    Ok(())
}

#[test]
fn a_removed_source_is_found_nowhere() -> Result<()> {
    let house = House::new()?;
    house.write("badges.md", "# Badges\n\nThe visitor badge is blue.\n")?;
    let id = add(&house, &["--access", "public"])?;
    house.json(&["source", "sync", &id])?;
    house.json(&["source", "remove", &id])?;
    for leg in ["keyword", "vector", "hybrid"] {
        assert_eq!(house.json(&["search", "visitor badge", "--leg", leg])?["hits"], serde_json::json!([]));
    }
    assert!(house.json(&["source", "list"])?["sources"].as_array().is_some_and(Vec::is_empty));
    house.json(&["doctor"])?;
    Ok(())
}

#[test]
fn a_paused_source_stays_as_it_is_until_resumed() -> Result<()> {
    let house = House::new()?;
    house.write("a.md", "The visitor badge is blue.")?;
    let id = add(&house, &["--access", "public"])?;
    house.json(&["source", "sync", &id])?;
    house.json(&["source", "pause", &id])?;
    house.write("b.md", "The parking garage opens at six.")?;
    let (status, line) = house.failure(&["source", "sync", &id])?;
    assert!(status == 1 && line.contains("source resume"), "{line}");
    let status = house.json(&["source", "status", &id])?;
    assert_eq!((&status["state"], &status["indexed_count"]), (&"paused".into(), &1.into()), "{status:#}");
    house.json(&["source", "resume", &id])?;
    house.json(&["source", "sync", &id])?;
    assert_eq!(house.json(&["source", "status", &id])?["indexed_count"], 2);
    Ok(())
}

#[test]
fn what_is_deleted_has_a_receipt_and_what_failed_can_be_tried_again() -> Result<()> {
    let house = House::new()?;
    house.write("badges.md", "The visitor badge is blue.")?;
    house.write("canteen.md", "The canteen closes at two.")?;
    house.write("broken.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog".as_slice())?;
    let id = add(&house, &["--access", "public", "--name", "handbook"])?;
    house.json(&["source", "sync", &id])?;
    assert_eq!(house.json(&["receipts"])?["receipts"], serde_json::json!([]));
    let document = house.json(&["search", "visitor badge"])?["hits"][0]["document_id"].clone();
    std::fs::remove_file(house.documents().join("badges.md"))?;
    house.json(&["source", "sync", &id])?;
    let receipts = house.json(&["receipts", "--source", "handbook", "--item", "badges.md"])?;
    let receipt = &receipts["receipts"][0];
    assert_eq!((&receipt["document"], &receipt["versions"]), (&document, &1.into()), "{receipts:#}");
    for part in ["deleted_at", "keyword_at", "vector_at"] {
        assert!(receipt[part].is_string(), "{part} in {receipts:#}");
    }
    let text = std::fs::read(house.data_dir().join("footnote.db"))?;
    let (gone, kept) = ("visitor badge is blue", "canteen closes at two");
    let holds = |words: &str| text.windows(words.len()).any(|window| window == words.as_bytes());
    assert!(holds(kept) && !holds(gone), "the database file still holds the words");

    let (status, line) = house.failure(&["source", "retry", &id, "nothing.pdf"])?;
    assert!(status == 1 && line.contains("nothing.pdf"), "{line}");
    let again = house.json(&["source", "retry", &id, "broken.pdf"])?;
    assert_eq!(again["summary"]["failures"][0]["external_id"], "broken.pdf", "{again:#}");
    Ok(())
}

#[test]
fn settings_can_be_changed() -> Result<()> {
    let house = House::new()?;
    house.write("badges.md", "The visitor badge is blue.")?;
    let id = add(&house, &["--access", "public", "--schedule", "every 15m"])?;
    house.json(&["source", "sync", &id])?;
    let (status, line) = house.failure(&["source", "set", &id, "--hours", "06:00-06:00"])?;
    assert!(status == 2 && line.contains("06:00"), "{line}");
    house.json(&[
        "source",
        "set",
        &id,
        "--access",
        "group:staff",
        "--schedule",
        "never",
        "--requests-per-second",
        "5",
    ])?;
    let status = house.json(&["source", "status", &id])?;
    assert!(status["schedule"].is_null() && status["next_sync"].is_null(), "{status:#}");
    house.json(&["source", "sync", &id])?;
    assert_eq!(house.json(&["search", "visitor badge"])?["hits"], serde_json::json!([]));
    let hits = house.json(&["search", "visitor badge", "--group", "staff"])?;
    assert!(hits.to_string().contains("badge is blue"), "{hits:#}");
    Ok(())
}

#[test]
fn a_running_server_syncs_on_schedule_and_when_asked() -> Result<()> {
    let house = House::new()?;
    house.write("a.md", "The visitor badge is blue.")?;
    let mut server = house.command(&["serve", "--port", "0"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let done = serve_and_sync(&house, &mut BufReader::new(server.stdout.take().context("stdout")?));
    server.kill()?;
    server.wait()?;
    done
}

fn serve_and_sync(house: &House, said: &mut impl BufRead) -> Result<()> {
    let mut line = String::new();
    while !line.contains("serves on") {
        line.clear();
        if said.read_line(&mut line)? == 0 {
            bail!("the server ended");
        }
    }
    let watched = add(house, &["--access", "public", "--name", "watched"])?;
    wait_for(house, &watched, 1)?;
    house.write("watched.md", "The lift is out of order.")?;
    wait_for(house, &watched, 2)?;
    std::fs::remove_file(house.documents().join("watched.md"))?;
    wait_for(house, &watched, 1)?;
    house.json(&["source", "remove", &watched])?;

    let id = add(house, &["--access", "public", "--schedule", "every 10s", "--set", "watch=false"])?;
    wait_for(house, &id, 1)?;
    house.write("b.md", "The parking garage opens at six.")?;
    let asked = house.json(&["source", "sync", &id])?;
    assert!(asked["by"].is_string(), "{asked:#}");
    wait_for(house, &id, 2)?;
    house.write("c.md", "The canteen closes at two.")?;
    wait_for(house, &id, 3)?;
    std::fs::remove_file(house.documents().join("a.md"))?;
    wait_for(house, &id, 2)?;
    house.json(&["source", "remove", &id])?;
    let deadline = Instant::now() + Duration::from_secs(60);
    while house.json(&["source", "list"])?["sources"].as_array().is_some_and(|sources| !sources.is_empty()) {
        anyhow::ensure!(Instant::now() < deadline, "the source is still there");
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

fn wait_for(house: &House, id: &str, indexed: u64) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let status = house.json(&["source", "status", id])?;
        if status["indexed_count"] == indexed && status["state"] == "idle" {
            return Ok(());
        }
        anyhow::ensure!(Instant::now() < deadline, "waited for {indexed} documents: {status:#}");
        std::thread::sleep(Duration::from_millis(200));
    }
}
