//! Prints nDCG@10 and recall@100 of the keyword index on retrieval sets in BEIR layout, to choose its weights.
//!
//! `cargo run --release -p footnote-search --example keyword_beir -- [title=0.25] [context=0.1] [identifier=0.5] DIR..`

use std::{
    collections::{HashMap, HashSet},
    error::Error,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    time::Instant,
};

use domain::{AccessClassId, ChunkId, IndexChange, KeywordEntry, KeywordIndex, KeywordQuery, Language};
use footnote_search::{KeywordConfig, TantivyIndex};
use serde_json::Value;

type Fallible<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Fallible<()> {
    let mut config = KeywordConfig::default();
    println!("{:<20} {:>8} {:>8} {:>8} {:>8} {:>8}", "set", "ndcg@10", "r@100", "p50 ms", "p95 ms", "index s");
    for argument in std::env::args().skip(1) {
        match argument.split_once('=') {
            Some(("title", weight)) => config.title_boost = weight.parse()?,
            Some(("context", weight)) => config.context_boost = weight.parse()?,
            Some(("identifier", weight)) => config.identifier_boost = weight.parse()?,
            _ => measure(Path::new(&argument), &config).await?,
        }
    }
    Ok(())
}

async fn measure(set: &Path, config: &KeywordConfig) -> Fallible<()> {
    let started = Instant::now();
    let dir = tempfile::tempdir()?;
    let index = TantivyIndex::create(&dir.path().join("keyword"), config)?;
    let documents = rows(&set.join("corpus.jsonl"))?;
    let mut changes = Vec::with_capacity(documents.len());
    for (n, row) in documents.iter().enumerate() {
        let document = format!("doc_{n:026}").parse()?;
        let (title, text) = (field(row, "title"), field(row, "text"));
        let (chunk, access) = (ChunkId(n as i64), AccessClassId(1));
        let entries = vec![KeywordEntry {
            chunk,
            access,
            title,
            context: String::new(),
            text,
            language: Some(Language::new("eng")),
        }];
        changes.push(IndexChange::Replace { document, entries });
    }
    index.apply(changes).await?;
    index.flush().await?;
    let indexed = started.elapsed();

    let judged = judgements(&set.join("qrels/test.tsv"))?;
    let (mut ndcg, mut recall, mut times) = (0.0, 0.0, Vec::new());
    for row in rows(&set.join("queries.jsonl"))? {
        let Some(relevant) = judged.get(&field(&row, "_id")) else { continue };
        let query = KeywordQuery { text: field(&row, "text"), access: vec![AccessClassId(1)], limit: 100 };
        let asked = Instant::now();
        let hits = index.search(query).await?;
        times.push(asked.elapsed().as_secs_f64() * 1e3);
        let found: Vec<String> = hits.iter().map(|hit| field(&documents[hit.chunk.0 as usize], "_id")).collect();
        ndcg += ndcg_at_10(&found, relevant);
        let wanted: HashSet<_> = relevant.iter().filter(|(_, grade)| **grade > 0.0).map(|(id, _)| id).collect();
        recall += found.iter().filter(|id| wanted.contains(id)).count() as f64 / wanted.len().max(1) as f64;
    }
    times.sort_by(f64::total_cmp);
    let queries = times.len().max(1);
    println!(
        "{:<20} {:>8.4} {:>8.4} {:>8.2} {:>8.2} {:>8.1}",
        set.file_name().unwrap_or_default().to_string_lossy(),
        ndcg / queries as f64,
        recall / queries as f64,
        times.get(queries / 2).unwrap_or(&0.0),
        times.get(queries * 95 / 100).unwrap_or(&0.0),
        indexed.as_secs_f64()
    );
    Ok(())
}

fn ndcg_at_10(found: &[String], relevant: &HashMap<String, f64>) -> f64 {
    let gain = |grade: f64, rank: usize| grade / (rank as f64 + 2.0).log2();
    let grades = found.iter().take(10).map(|id| relevant.get(id).copied().unwrap_or(0.0));
    let mut best: Vec<f64> = relevant.values().copied().collect();
    best.sort_by(|a, b| b.total_cmp(a));
    let ideal: f64 = best.iter().take(10).enumerate().map(|(rank, grade)| gain(*grade, rank)).sum();
    let reached: f64 = grades.enumerate().map(|(rank, grade)| gain(grade, rank)).sum();
    if ideal > 0.0 { reached / ideal } else { 0.0 }
}

fn rows(file: &Path) -> Fallible<Vec<Value>> {
    let lines = BufReader::new(File::open(file)?).lines();
    lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect()
}

fn judgements(file: &Path) -> Fallible<HashMap<String, HashMap<String, f64>>> {
    let mut judged: HashMap<String, HashMap<String, f64>> = HashMap::new();
    for line in BufReader::new(File::open(file)?).lines().skip(1) {
        let line = line?;
        if let [query, document, grade] = line.split('\t').collect::<Vec<_>>()[..] {
            judged.entry(query.into()).or_default().insert(document.into(), grade.trim().parse()?);
        }
    }
    Ok(judged)
}

fn field(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap_or_default().to_owned()
}
