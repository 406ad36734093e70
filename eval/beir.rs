//! Reads a data set in the BEIR layout: `corpus.jsonl`, `queries.jsonl`, `qrels/test.tsv` (Thakur et al., 2021).

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, de::DeserializeOwned};

/// A test collection. Ids are the data set's own.
#[derive(Clone, Debug)]
pub struct Beir {
    pub name: String,
    pub documents: Vec<BeirDocument>,
    /// Judged queries only: id and text.
    pub queries: Vec<(String, String)>,
    /// Query id to document id to grade; grades above 0 are relevant.
    pub judgements: HashMap<String, BTreeMap<String, u32>>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct BeirDocument {
    #[serde(rename = "_id")]
    pub id: String,
    #[serde(default)]
    pub title: String,
    pub text: String,
}

#[derive(Deserialize)]
struct Query {
    #[serde(rename = "_id")]
    id: String,
    text: String,
}

#[derive(Deserialize)]
struct Judgement {
    #[serde(rename = "query-id")]
    query: String,
    #[serde(rename = "corpus-id")]
    document: String,
    score: i32,
}

impl Beir {
    pub fn read(dir: &Path) -> Result<Self> {
        let mut judgements: HashMap<String, BTreeMap<String, u32>> = HashMap::new();
        for judgement in read_judgements(&dir.join("qrels").join("test.tsv"))? {
            let grade = u32::try_from(judgement.score).unwrap_or(0);
            judgements.entry(judgement.query).or_default().insert(judgement.document, grade);
        }
        judgements.retain(|_, grades| grades.values().any(|grade| *grade > 0));
        let queries = read_lines::<Query>(&dir.join("queries.jsonl"))?;
        let queries: Vec<_> =
            queries.into_iter().filter(|q| judgements.contains_key(&q.id)).map(|q| (q.id, q.text)).collect();
        if queries.is_empty() {
            bail!("{}: none of the queries is judged in qrels/test.tsv", dir.display());
        }
        let name = dir.canonicalize().ok().and_then(|dir| Some(dir.file_name()?.to_string_lossy().into_owned()));
        let name = name.unwrap_or_else(|| dir.display().to_string());
        Ok(Self { name, documents: read_lines(&dir.join("corpus.jsonl"))?, queries, judgements })
    }
}

fn read_judgements(path: &Path) -> Result<Vec<Judgement>> {
    let reader = csv::ReaderBuilder::new().delimiter(b'\t').quoting(false).from_path(path);
    let mut reader = reader.with_context(|| format!("read {}", path.display()))?;
    reader.deserialize().collect::<Result<_, _>>().with_context(|| format!("read {}", path.display()))
}

/// One JSON value per line; blank lines are skipped.
pub fn read_lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let file = File::open(path).with_context(|| format!("read {}", path.display()))?;
    let mut values = Vec::new();
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let line = line.with_context(|| format!("read {}", path.display()))?;
        if !line.trim().is_empty() {
            values
                .push(serde_json::from_str(&line).with_context(|| format!("{} line {}", path.display(), number + 1))?);
        }
    }
    Ok(values)
}
