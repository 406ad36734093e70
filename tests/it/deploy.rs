//! What deploy/ says to the binary is something the binary reads.

use std::{collections::BTreeSet, fs, path::PathBuf};

use anyhow::{Context, Result, ensure};

use crate::house::{House, path};

/// Reads the configuration and the database, and needs no model.
const READS_CONFIG: &[&str] = &["user", "list"];

#[test]
fn every_example_configuration_is_read() -> Result<()> {
    let mut count = 0;
    for entry in fs::read_dir(deploy().join("config"))? {
        let file = entry?.path();
        House::new()?.text(&[&["--config", path(&file)?], READS_CONFIG].concat())?;
        count += 1;
    }
    ensure!(count >= 3, "{count} examples found");
    Ok(())
}

#[test]
fn a_misspelt_key_in_an_example_is_named() -> Result<()> {
    let house = House::new()?;
    let example = fs::read_to_string(deploy().join("config/compose.toml"))?;
    house.write("misspelt.toml", example.replace("collection", "colection"))?;
    let file = house.documents().join("misspelt.toml");
    let (_, line) = house.failure(&[&["--config", path(&file)?], READS_CONFIG].concat())?;
    ensure!(line.contains("colection"), "{line}");
    Ok(())
}

#[test]
fn every_variable_names_a_real_key() -> Result<()> {
    let mut names = BTreeSet::new();
    for file in ["Dockerfile", "compose.yaml", "config/server.toml"] {
        let text = fs::read_to_string(deploy().join(file))?;
        let words = text.split(|c: char| !c.is_ascii_uppercase() && c != '_');
        names.extend(words.filter(|word| word.starts_with("FOOTNOTE__")).map(str::to_owned));
    }
    ensure!(names.len() >= 4, "{names:?}");
    for name in names {
        ensure!(reads(&name)?, "{name} names no key");
        // A key that is not there must be refused, or this test could not fail.
        ensure!(!reads(&format!("{name}X"))?, "{name}X is taken for a key");
    }
    Ok(())
}

/// Whether the binary, configured as in compose.yaml, starts with the variable `name` set.
fn reads(name: &str) -> Result<bool> {
    let house = House::new()?;
    fs::create_dir_all(house.data_dir())?;
    let value = match name {
        "FOOTNOTE__STORE__URL" => format!("sqlite://{}", path(&house.data_dir().join("a.db"))?),
        "FOOTNOTE__SERVER__HOST" => "0.0.0.0".to_owned(),
        _ => "secret".to_owned(),
    };
    let file = deploy().join("config/compose.toml");
    let args = [&["--config", path(&file)?], READS_CONFIG].concat();
    let output = house.command(&args).env(name, value).output().context("run footnote")?;
    Ok(output.status.success())
}

fn deploy() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy"))
}
