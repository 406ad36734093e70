//! Kills a process that writes to an index, again and again: what it flushed is there, and the index works on.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use footnote_search::{EdgeIndex, KeywordConfig, TantivyIndex, VectorConfig};
use tempfile::TempDir;

use crate::engines::{DIMS, Engine, Entry, Index, keyword_change, vector_change};

const DIR: &str = "FOOTNOTE_CRASH_DIR";
const KIND: &str = "FOOTNOTE_CRASH_KIND";
const CHUNKS: i64 = 40;

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_writer_loses_nothing_flushed_to_tantivy() {
    let home = TempDir::new().unwrap();
    TantivyIndex::create(&home.path().join("index"), &KeywordConfig::default()).unwrap();
    survives(Engine::Tantivy(home), "tantivy").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_writer_loses_nothing_flushed_to_edge() {
    let home = TempDir::new().unwrap();
    EdgeIndex::create(&home.path().join("index"), DIMS, &VectorConfig::default()).unwrap();
    survives(Engine::Edge(home), "edge").await;
}

async fn survives(engine: Engine, kind: &str) {
    let (Engine::Tantivy(home) | Engine::Edge(home)) = &engine else { panic!("an index on disk") };
    for round in 0..6 {
        let mut child = start(kind, &home.path().join("index"));
        // A round ends a little after its n-th flush, amid whatever runs then.
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let numbers = lines.filter_map(|line| Some(line.unwrap().strip_prefix("flushed ")?.parse::<u32>().unwrap()));
        let flushed: Vec<u32> = numbers.take(1 + round * 3).collect();
        std::thread::sleep(std::time::Duration::from_millis(3 * round as u64));
        child.kill().unwrap();
        child.wait().unwrap();

        let index = engine.open().await;
        let held = index.chunks().await;
        assert!(!flushed.is_empty());
        for document in flushed {
            let expected = rows(document);
            assert!(expected.iter().all(|(chunk, ..)| held.contains(chunk)), "round {round}: document {document}");
        }
        // The recovery that SQL drives: every document is replaced, by fewer chunks.
        let documents = 1 + held.iter().max().copied().unwrap_or(0) / CHUNKS;
        let kept: Vec<_> = (0..documents as u32).map(|number| (number, rows(number))).collect();
        let kept: Vec<_> = kept.iter().map(|(number, rows)| (*number, &rows[..1])).collect();
        index.write(&kept).await;
        assert_eq!(index.chunks().await.len(), documents as usize, "round {round}");
        assert_eq!(index.find("apple", &[1], 1_000).await.len(), documents as usize, "round {round}");
    }
}

fn start(kind: &str, dir: &std::path::Path) -> Child {
    let mut writer = Command::new(env::current_exe().unwrap());
    writer.args(["--exact", "crash::writes_until_it_is_killed", "--ignored", "--nocapture"]);
    writer.env(DIR, dir).env(KIND, kind).stdout(Stdio::piped()).spawn().unwrap()
}

fn rows(document: u32) -> Vec<Entry<'static>> {
    let first = i64::from(document) * CHUNKS;
    (first..first + CHUNKS).map(|chunk| (chunk, 1, "apple bridge")).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the tests above, which kill it"]
async fn writes_until_it_is_killed() {
    let (Some(dir), Ok(kind)) = (env::var_os(DIR).map(PathBuf::from), env::var(KIND)) else { return };
    let index = match kind.as_str() {
        "edge" => Index::Vector(Arc::new(EdgeIndex::open(&dir, DIMS, &VectorConfig::default()).unwrap())),
        _ => Index::Keyword(Arc::new(TantivyIndex::open(&dir, &KeywordConfig::default()).unwrap())),
    };
    println!();
    for document in 0..500 {
        let rows = rows(document);
        index.write(&[(document, &rows)]).await;
        println!("flushed {document}");
        std::io::stdout().flush().unwrap();
        // Left unflushed: half of the next one.
        let half = (document + 1, &rows[..0]);
        match &index {
            Index::Keyword(index) => index.apply(vec![keyword_change(half)]).await.unwrap(),
            Index::Vector(index) => index.apply(vec![vector_change(half)]).await.unwrap(),
        }
    }
}
