//! `reindex` without a server: killed anywhere it goes on, and it can be gone back; another embedder leaves the old one answering.

use std::{
    path::Path,
    process::{Command, Output},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::house::{House, path};

/// Small chunks, by the settings.
pub const SMALL: [(&str, &str); 2] =
    [("FOOTNOTE__INGEST__CHUNK__TOKENS", "40"), ("FOOTNOTE__INGEST__CHUNK__OVERLAP", "8")];
const DOCUMENTS: usize = 60;
const KILLS: u64 = 5;
const PATIENCE: Duration = Duration::from_secs(240);

/// A document with a fact of its own, several chunks long.
pub fn write(house: &House, n: usize) -> Result<()> {
    let filler = |part: usize| -> String {
        (0..4).map(|k| format!("Rule {k} of part {part} of item {n} concerns storage, transport and care. ")).collect()
    };
    let parts: String = (0..6).map(|part| format!("## Part {part}\n\n{}\n\n", filler(part))).collect();
    house.write(
        &format!("item-{n}.md"),
        format!("# Item {n}\n\nThe warehouse code of item {n} is marble{n}.\n\n{parts}"),
    )
}

pub fn ask_for(n: usize) -> String {
    format!("What is the warehouse code of item {n}?")
}

/// The generations there are, by `reindex status`.
pub fn generations(house: &House) -> Result<Vec<Value>> {
    let status = house.json(&["reindex", "status"])?;
    status["generations"].as_array().cloned().context("a list of generations")
}

pub fn in_state(house: &House, state: &str) -> Result<Option<Value>> {
    Ok(generations(house)?.into_iter().find(|generation| generation["state"] == state))
}

fn with(mut command: Command, settings: &[(&str, &str)]) -> Result<Output> {
    Ok(command.envs(settings.iter().copied()).output()?)
}

fn succeeded(output: Output) -> Result<(String, String)> {
    let (said, told) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
    ensure!(output.status.success(), "{said}{told}");
    Ok((said, told))
}

#[test]
fn killed_anywhere_it_goes_on_and_the_way_back_stays_open() -> Result<()> {
    let house = House::new()?;
    for n in 0..DOCUMENTS {
        write(&house, n)?;
    }
    house.ingest()?;
    let before = in_state(&house, "live")?.context("a live generation")?;
    let (_, told) = succeeded(with(house.command(&["ask", &ask_for(1)]), &SMALL)?)?;
    ensure!(told.contains("footnote reindex run"), "{told}");

    let mut reached = 0;
    for kill in 1..=KILLS {
        let mut run = house.command(&["reindex", "run"]);
        let mut run = run.envs(SMALL).stdout(std::process::Stdio::null()).spawn()?;
        let deadline = Instant::now() + PATIENCE;
        let done = loop {
            ensure!(Instant::now() < deadline && run.try_wait()?.is_none(), "kill {kill} came too late");
            let done = in_state(&house, "building")?.and_then(|building| building["documents_done"].as_u64());
            match done {
                Some(done) if done > reached => break done,
                _ => std::thread::sleep(Duration::from_millis(7 * kill)),
            }
        };
        run.kill()?;
        run.wait()?;
        let building = in_state(&house, "building")?.context("what was begun is still being built")?;
        ensure!(building["id"] == 2 && building["documents_done"].as_u64() >= Some(done), "kill {kill}: {building:#}");
        reached = done;
        // The old ones answer, and hold what they should.
        ensure!(house.json(&["ask", &ask_for(2)])?["answer"].to_string().contains("marble2"));
        ensure!(house.json(&["doctor"])?["ok"] == true);
        if reached as usize + 40 >= DOCUMENTS {
            break;
        }
    }
    let (said, told) = succeeded(with(house.command(&["reindex", "run"]), &SMALL)?)?;
    ensure!(said.contains("generation 2 now"), "{said}{told}");
    let after = in_state(&house, "live")?.context("a live generation")?;
    ensure!(after["chunks"].as_u64() > before["chunks"].as_u64(), "{before:#}\n{after:#}");
    // Both pairs of indexes hold exactly their chunks.
    let checked = house.json(&["doctor"])?;
    let names = checked["checks"].to_string();
    ensure!(checked["ok"] == true && names.contains("vector index of generation 1"), "{checked:#}");
    ensure!(house.json(&["ask", &ask_for(3)])?["answer"].to_string().contains("marble3"));
    let (said, _) = succeeded(with(house.command(&["reindex", "run"]), &SMALL)?)?;
    ensure!(said.contains("reindex start"), "there is nothing to do: {said}");

    // What changes is kept up to date in both.
    std::fs::remove_file(house.documents().join("item-4.md"))?;
    house.write("new.md", "# Canteen\n\nThe canteen serves soup on Fridays.\n")?;
    house.ingest()?;
    ensure!(house.text(&["reindex", "rollback"])?.contains("generation 1"));
    let restored = in_state(&house, "live")?.context("a live generation")?;
    ensure!(restored["id"] == 1 && restored["documents_done"] == DOCUMENTS, "{restored:#}");
    ensure!(
        house.json(&["ask", "On which day does the canteen serve soup?"])?["answer"].to_string().contains("Fridays")
    );
    ensure!(!house.json(&["search", "marble4"])?.to_string().contains("item-4.md"));
    let (said, _) = succeeded(with(house.command(&["reindex", "run"]), &SMALL)?)?;
    ensure!(said.contains("previous indexes"), "{said}");

    ensure!(house.text(&["reindex", "finish"])?.contains("generation 2 is deleted"));
    ensure!(generations(&house)?.len() == 1 && !house.data_dir().join("indexes").join("2").exists());
    ensure!(house.failure(&["reindex", "finish"])?.1.contains("previous generation"));
    ensure!(house.json(&["doctor"])?["ok"] == true);
    Ok(())
}

/// A models directory like the usual one in which the embedder is there under two names.
#[expect(clippy::disallowed_methods, reason = "the test script says where the pulled models are")]
fn two_embedders(dir: &Path) -> Result<()> {
    let usual = std::env::var("FOOTNOTE_MODELS_DIR").context("FOOTNOTE_MODELS_DIR names no models")?;
    for (link, model) in
        [("onnxruntime", "onnxruntime"), ("all-minilm-l6-v2", "all-minilm-l6-v2"), ("twin", "all-minilm-l6-v2")]
    {
        std::os::unix::fs::symlink(Path::new(&usual).join(model), dir.join(link))?;
    }
    let registry = std::fs::read_to_string(Path::new(&usual).join("registry.toml"))?;
    let models: Vec<&str> = registry.split("[[model]]\n").collect();
    let ours = models.iter().find(|model| model.contains("\"all-minilm-l6-v2\"")).context("the embedder")?;
    let twin = ours.replace("\"all-minilm-l6-v2\"", "\"twin\"");
    let runtime = models.first().context("the runtime")?;
    Ok(std::fs::write(dir.join("registry.toml"), format!("{runtime}[[model]]\n{ours}[[model]]\n{twin}"))?)
}

#[test]
fn another_embedder_answers_once_its_indexes_are_built_and_the_old_one_until_then() -> Result<()> {
    let house = House::new()?;
    let models = tempfile::tempdir()?;
    two_embedders(models.path())?;
    let twin = [
        ("FOOTNOTE_MODELS_DIR", path(models.path())?),
        ("FOOTNOTE__MODELS__EMBEDDER__KIND", "onnx"),
        ("FOOTNOTE__MODELS__EMBEDDER__MODEL", "twin"),
    ];
    house.write("a.md", "# Badges\n\nThe visitor badge is blue.\n")?;
    house.ingest()?;
    let ask = ["ask", "Which colour is the visitor badge?", "--json"];
    let (said, told) = succeeded(with(house.command(&ask), &twin)?)?;
    ensure!(said.contains("badge is blue") && told.contains("reindex run"), "{said}{told}");
    let (said, _) = succeeded(with(house.command(&["reindex", "run"]), &twin)?)?;
    ensure!(said.contains("generation 2 now"), "{said}");
    ensure!(in_state(&house, "live")?.context("live")?["embedder"] == "twin");
    succeeded(with(house.command(&["reindex", "rollback"]), &twin)?)?;
    let (_, told) = succeeded(with(house.command(&ask), &twin)?)?;
    ensure!(!told.contains("reindex run"), "who went back is not told to go forward: {told}");
    succeeded(with(house.command(&["reindex", "rollback"]), &twin)?)?;

    // The live indexes' model is gone: they are built anew by the one that is there.
    let output = succeeded(house.command(&ask).output()?)?;
    ensure!(output.0.contains("badge is blue") && output.1.contains("building the indexes anew"), "{output:?}");
    ensure!(output.1.contains("twin"), "it is named: {output:?}");
    let live = in_state(&house, "live")?.context("live")?;
    ensure!(live["embedder"] == "all-minilm-l6-v2" && live["id"] == 3, "{live:#}");
    ensure!(house.json(&["doctor"])?["ok"] == true);
    Ok(())
}

#[test]
fn an_empty_workspace_takes_new_settings_at_once() -> Result<()> {
    let house = House::new()?;
    house.json(&["doctor"])?;
    let (_, told) = succeeded(with(house.command(&["search", "anything"]), &SMALL)?)?;
    ensure!(told.is_empty(), "{told}");
    let live = in_state(&house, "live")?.context("live")?;
    ensure!(live["chunking"]["tokens"] == 40, "{live:#}");
    Ok(())
}
