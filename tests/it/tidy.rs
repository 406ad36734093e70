//! Keeps the house in order: who may depend on whom, what a file may say, what lies at the top.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Each crate and the crates below it that it may see.
const FLOORS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("store", &["domain"]),
    ("search", &["domain"]),
    ("models", &["domain"]),
    ("connectors", &["domain"]),
    ("ingest", &["domain", "store"]),
    ("answer", &["domain", "store"]),
    ("server", &["domain", "store", "ingest", "answer"]),
    ("eval", &["domain", "store", "ingest", "answer"]),
    ("footnote", &["domain", "store", "search", "models", "connectors", "ingest", "answer", "server", "eval"]),
];

/// Heavy engines, by the start of the package's name, and the crates that hide them.
const ENGINES: &[(&str, &[&str])] = &[
    ("sea-orm", &["store"]),
    // connectors reads the databases that companies keep their documents in.
    ("sqlx", &["store", "connectors"]),
    ("tantivy", &["search"]),
    ("qdrant-", &["search"]),
    ("candle-", &["models"]),
    ("fastembed", &["models"]),
    ("ort", &["models"]),
    ("hf-hub", &["models"]),
    // ingest sizes its windows with the embedder's own tokenizer.
    ("tokenizers", &["models", "ingest"]),
    ("text-splitter", &["ingest"]),
    ("lopdf", &["ingest"]),
    ("scraper", &["ingest"]),
    ("actix-", &["server"]),
];

/// Libraries whose types cross crates: two versions of one of them do not fit together.
const ONE_VERSION: &[&str] =
    &["candle-core", "fastembed", "libsqlite3-sys", "ort", "sqlx", "tantivy", "text-splitter", "tokenizers"];

/// What git tracks at the top of the repository, and nothing else.
const TOP: &[&str] = &[
    ".cargo",
    ".ci",
    ".dockerignore",
    ".editorconfig",
    ".gitignore",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "Makefile",
    "README.md",
    "clippy.toml",
    "connectors",
    "deny.toml",
    "deploy",
    "eval",
    "prompts",
    "rustfmt.toml",
    "src",
    "tests",
    "web",
];

/// Words for a file that has no purpose of its own.
const NAMELESS: &[&str] = &["utils", "util", "common", "helpers", "helper", "manager", "service", "base", "misc"];

const MOST_LINES: usize = 500;

/// Calls with one home: the call and the beginnings of the paths that may make it.
const HOMES: &[(&str, &[&str])] = &[
    ("Utc::now(", CLOCKS),
    ("Timestamp::now(", CLOCKS),
    ("Zoned::now(", CLOCKS),
    ("SystemTime::now(", CLOCKS),
    ("reqwest::Client::new(", HTTP_CLIENTS),
    ("Client::builder(", HTTP_CLIENTS),
    ("ClientBuilder::new(", HTTP_CLIENTS),
];
const CLOCKS: &[&str] =
    &["src/main.rs", "src/wiring.rs", "src/commands/", "src/server/clock.rs", "connectors/conformance/"];
const HTTP_CLIENTS: &[&str] = &["src/models/http.rs", "connectors/http/mod.rs", "connectors/conformance/"];

#[test]
fn crates_look_down() -> Result<()> {
    let edges = edges()?;
    none(edges.iter().filter_map(|edge| {
        if edge.for_tests { wrong_test_edge(&edge.from, &edge.to) } else { wrong_edge(&edge.from, &edge.to) }
    }))
}

#[test]
fn engines_stay_in_their_crate() -> Result<()> {
    none(edges()?.iter().filter(|edge| !edge.for_tests).filter_map(|edge| wrong_engine(&edge.from, &edge.to)))
}

#[test]
fn shared_libraries_have_one_version() -> Result<()> {
    let lock = fs::read_to_string(root().join("Cargo.lock"))?;
    none(ONE_VERSION.iter().filter_map(|name| {
        let count = lock.matches(&format!("name = \"{name}\"\n")).count();
        (count != 1).then(|| format!("Cargo.lock holds {count} versions of {name}"))
    }))
}

#[test]
fn what_is_fetched_can_be_parsed() {
    let mut parsed = ingest::PARSED_EXTENSIONS.to_vec();
    parsed.sort_unstable();
    assert_eq!(connectors::EXTENSIONS, parsed);
}

#[test]
fn files_keep_the_rules() -> Result<()> {
    let mut wrong = Vec::new();
    for path in rust_files()? {
        let text = fs::read_to_string(root().join(&path))?;
        wrong.extend(wrong_in_file(&path, &text));
    }
    none(wrong)
}

#[test]
fn the_top_holds_what_it_should() -> Result<()> {
    if !root().join(".git").exists() {
        println!("skipped: {} is no git checkout", root().display());
        return Ok(());
    }
    let out = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().context("run git ls-files")?;
    ensure!(out.status.success(), "git ls-files: {}", String::from_utf8_lossy(&out.stderr));
    let top = top_of(&String::from_utf8_lossy(&out.stdout));
    ensure!(top.contains("Cargo.toml"), "git ls-files lists {top:?}");
    none(top.iter().filter_map(|name| wrong_at_the_top(name)))
}

#[test]
fn the_rules_bite() {
    assert!(wrong_edge("domain", "store").is_some());
    assert!(wrong_edge("ingest", "search").is_some());
    assert!(wrong_edge("server", "answer").is_none());
    assert!(wrong_engine("answer", "tantivy").is_some());
    assert!(wrong_engine("search", "qdrant-edge").is_none());
    assert!(wrong_engine("server", "ordered-float").is_none());

    assert!(wrong_at_the_top("src").is_none() && wrong_at_the_top("notes").is_some());
    assert_eq!(top_of("a.md\0src/lib.rs\0src/store/read.rs\0"), ["a.md", "src"].map(String::from).into());

    let wrong = |path: &str, text: &str| wrong_in_file(path, text).len();
    assert_eq!(wrong("src/answer/fuse.rs", "//! Fuses.\nfn f() {}\n"), 0);
    assert_eq!(wrong("src/answer/fuse.rs", "fn f() {}\n"), 1);
    assert_eq!(wrong("src/answer/utils.rs", "//! Many things.\n"), 1);
    assert_eq!(wrong("src/answer/fuse.rs", "//! Fuses.\nlet now = jiff::Timestamp::now();\n"), 1);
    assert_eq!(wrong("src/wiring.rs", "//! Wires.\nlet now = jiff::Timestamp::now();\n"), 0);
    assert_eq!(wrong("src/answer/fuse.rs", "//! Fuses.\n#[cfg(test)]\nmod tests { SystemTime::now(); }\n"), 0);
    assert_eq!(wrong("src/answer/fuse.rs", &"//! Fuses.\n".repeat(501)), 1);
    assert_eq!(wrong("src/answer/lib.rs", "//! Answers.\nmod fuse;\npub use fuse::{\n    fuse,\n};\n"), 0);
    assert_eq!(wrong("src/answer/lib.rs", "//! Answers.\npub fn answer() {}\n"), 1);
}

/// A direct dependency of a crate of this workspace.
struct Edge {
    from: String,
    to: String,
    for_tests: bool,
}

fn edges() -> Result<Vec<Edge>> {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .context("run cargo metadata")?;
    ensure!(out.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&out.stderr));
    let metadata: Value = serde_json::from_slice(&out.stdout)?;
    let mut edges = Vec::new();
    for package in metadata["packages"].as_array().context("packages")? {
        for dependency in package["dependencies"].as_array().context("dependencies")? {
            edges.push(Edge {
                from: short(&package["name"]),
                to: short(&dependency["name"]),
                for_tests: dependency["kind"] == "dev",
            });
        }
    }
    ensure!(edges.len() > FLOORS.len(), "cargo metadata shows no edges");
    Ok(edges)
}

/// A package's name without the house's prefix: `footnote-store` is `store`.
fn short(name: &Value) -> String {
    let name = name.as_str().unwrap_or_default();
    name.strip_prefix("footnote-").unwrap_or(name).to_owned()
}

fn wrong_edge(from: &str, to: &str) -> Option<String> {
    let is_ours = |name: &str| FLOORS.iter().any(|(floor, _)| *floor == name);
    if !is_ours(to) {
        return None;
    }
    let Some((_, below)) = FLOORS.iter().find(|(floor, _)| *floor == from) else {
        return Some(format!("{from} has no floor: name it in FLOORS"));
    };
    (!below.contains(&to)).then(|| format!("{from} must not see {to}"))
}

/// Tests and examples may use anything from the floors below, never from above.
fn wrong_test_edge(from: &str, to: &str) -> Option<String> {
    const BY_FLOOR: &[&[&str]] = &[
        &["domain"],
        &["store", "search", "models", "connectors"],
        &["ingest", "answer"],
        &["server", "eval"],
        &["footnote"],
    ];
    let floor = |name: &str| BY_FLOOR.iter().position(|crates| crates.contains(&name));
    let (from_floor, to_floor) = (floor(from)?, floor(to)?);
    (from_floor <= to_floor).then(|| format!("tests of {from} must not see {to}"))
}

fn wrong_engine(from: &str, to: &str) -> Option<String> {
    let is_engine = |start: &str| match start.strip_suffix('-') {
        Some(_) => to.starts_with(start),
        None => to == start || to.strip_prefix(start).is_some_and(|rest| rest.starts_with('-')),
    };
    let (_, homes) = ENGINES.iter().find(|(start, _)| is_engine(start))?;
    (!homes.contains(&from)).then(|| format!("{from} must not depend on {to}: only {} may", homes.join(", ")))
}

fn wrong_in_file(path: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if !text.starts_with("//! ") {
        wrong.push(format!("{path}: the first line says the file's purpose: `//! ..`"));
    }
    let lines = text.lines().count();
    if lines > MOST_LINES {
        wrong.push(format!("{path}: {lines} lines; past {MOST_LINES} something wants its own room"));
    }
    let stem = Path::new(path).file_stem().unwrap_or_default().to_string_lossy();
    if NAMELESS.contains(&stem.as_ref()) {
        wrong.push(format!("{path}: `{stem}` names no purpose"));
    }
    if stem == "lib" {
        wrong.extend(
            more_than_a_door(text).map(|item| format!("{path}: lib.rs holds only `mod` and `pub use`, not `{item}`")),
        );
    }
    let is_test = path.starts_with("tests/") || path.contains("/tests/") || stem == "tests";
    let shipped = text.split("#[cfg(test)]").next().unwrap_or_default();
    for (call, homes) in HOMES {
        if !is_test && shipped.contains(call) && !homes.iter().any(|home| path.starts_with(home)) {
            wrong.push(format!("{path}: `{call}..)` belongs in {}", homes.join(", ")));
        }
    }
    wrong
}

/// The first item of a `lib.rs` that is neither a module nor a re-export.
fn more_than_a_door(text: &str) -> Option<String> {
    let code: String =
        text.lines().filter(|line| !line.trim_start().starts_with("//") && !line.starts_with("#")).collect();
    code.split(';')
        .map(str::trim)
        .find(|item| {
            let item = item.strip_prefix("pub(crate) ").or(item.strip_prefix("pub ")).unwrap_or(item);
            !(item.is_empty() || item.starts_with("mod ") || item.starts_with("use "))
        })
        .map(str::to_owned)
}

/// The first parts of paths that end with a NUL each.
fn top_of(paths: &str) -> BTreeSet<String> {
    paths.split_terminator('\0').filter_map(|path| path.split('/').next()).map(str::to_owned).collect()
}

fn wrong_at_the_top(name: &str) -> Option<String> {
    (!TOP.contains(&name)).then(|| format!("{name} has no place at the top of the repository"))
}

/// Every Rust file of the house, relative to its root.
fn rust_files() -> Result<Vec<String>> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> =
        ["src", "connectors", "eval", "tests"].iter().map(|name| root().join(name)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("list {}", folder.display()))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default();
            if path.is_dir() && name != "node_modules" && name != "target" {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path.strip_prefix(root())?.to_string_lossy().into_owned());
            }
        }
    }
    ensure!(!files.is_empty(), "no Rust file found under {}", root().display());
    files.sort();
    Ok(files)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Fails with every offence, one a line.
fn none(wrong: impl IntoIterator<Item = String>) -> Result<()> {
    let wrong: Vec<String> = wrong.into_iter().collect();
    ensure!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    Ok(())
}
