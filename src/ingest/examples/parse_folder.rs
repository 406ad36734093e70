//! Parses every file below a folder in child processes and prints what became of each.
//!
//! `parse_folder DIR [--text | --whole]`: `--text` also prints the first lines of each document, `--whole` all.

use std::{collections::BTreeMap, error::Error, path::PathBuf, time::Instant};

use footnote_ingest::{Limits, ParserPool, parse::run_worker};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let folder = match args.first().map(String::as_str) {
        Some("parse-worker") => return Ok(run_worker()?),
        Some(folder) => PathBuf::from(folder),
        None => return Err("usage: parse_folder DIR [--text]".into()),
    };
    let has = |name: &str| args.iter().any(|arg| arg == name);
    let shown_chars = if has("--whole") { usize::MAX } else { 1500 };
    let shows_text = has("--text") || has("--whole");
    let pool = ParserPool::new(std::env::current_exe()?, vec!["parse-worker".into()], Limits::default(), 1);
    let mut files = Vec::new();
    collect(&folder, &mut files)?;
    files.sort();
    let (mut totals, mut chars, started) = (BTreeMap::<&str, usize>::new(), 0, Instant::now());
    let mut slowest = Vec::new();
    for file in &files {
        let bytes = std::fs::read(file)?;
        let (name, size, begun) =
            (file.strip_prefix(&folder)?.to_string_lossy().into_owned(), bytes.len(), Instant::now());
        let outcome = pool.parse(&name, bytes).await;
        let millis = begun.elapsed().as_millis();
        slowest.push((millis, name.clone()));
        match outcome {
            Ok(document) => {
                *totals.entry("text").or_default() += 1;
                let count = document.text.chars().count();
                chars += count;
                println!(
                    "text\t{name}\t{size} bytes\t{millis} ms\t{count} chars\t{} headings\t{} pages\t{:?}",
                    document.headings.len(),
                    document.pages.len(),
                    document.title.unwrap_or_default()
                );
                for note in document.notes {
                    println!("note\t{name}\t{note}");
                }
                if shows_text {
                    println!("{}\n----", document.text.chars().take(shown_chars).collect::<String>());
                }
            }
            Err(error) => {
                *totals.entry(error.reason()).or_default() += 1;
                println!("{}\t{name}\t{size} bytes\t{millis} ms\t{error}", error.reason());
            }
        }
    }
    slowest.sort_unstable_by(|a, b| b.cmp(a));
    slowest.truncate(5);
    println!("slowest: {slowest:?}");
    println!(
        "{} files in {:.1} s: {totals:?}; {chars} characters; {:?}",
        files.len(),
        started.elapsed().as_secs_f64(),
        pool.stats()
    );
    Ok(())
}

fn collect(folder: &PathBuf, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
