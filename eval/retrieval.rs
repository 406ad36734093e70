//! Ranks a test collection with each leg through the real pipeline and scores the rankings.

use std::{collections::BTreeMap, fs, io::Write, path::Path, time::Instant};

use anyhow::Result;
use domain::{Leg, SourceId, Viewer};
use ingest::{Report, index_pending, sync};
use serde::Serialize;
use store::NewSource;

use crate::{
    Beir, EvalContext,
    corpus::{Corpus, id_of},
    metrics::{mean, ndcg, percentile, recall, reciprocal_rank},
};

/// Passages asked for, so that after taking each document once a hundred are left.
const PASSAGES: usize = 300;
const LEGS: [(Leg, &str); 3] = [(Leg::Keyword, "keyword"), (Leg::Vector, "vector"), (Leg::Hybrid, "hybrid")];

/// Means over the judged queries.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LegScores {
    #[serde(rename = "ndcg@10")]
    pub ndcg_10: f64,
    #[serde(rename = "recall@100")]
    pub recall_100: f64,
    #[serde(rename = "mrr@10")]
    pub mrr_10: f64,
    /// Milliseconds of a search, embedding the query included where the leg needs it.
    pub p50_ms: f64,
    pub p95_ms: f64,
}

#[derive(Clone, Debug, Serialize)]
pub struct RetrievalReport {
    pub dataset: String,
    pub documents: usize,
    pub chunks: u64,
    pub queries: usize,
    pub legs: BTreeMap<&'static str, LegScores>,
    pub seconds: BTreeMap<&'static str, f64>,
}

/// Ingests the collection into the context's (fresh) workspace, then searches it. TREC run files go to `runs`.
pub async fn evaluate_retrieval(
    ctx: &EvalContext,
    set: Beir,
    runs: Option<&Path>,
    report: Report<'_>,
) -> Result<RetrievalReport> {
    let mut seconds = BTreeMap::new();
    let started = Instant::now();
    let documents = set.documents.len();
    let id = SourceId::new((ctx.ingest.clock.ulid)());
    let now = (ctx.ingest.clock.now)();
    let new = NewSource {
        id,
        kind: "beir".into(),
        name: set.name.clone(),
        config: serde_json::Value::Null,
        settings: Default::default(),
        now,
    };
    ctx.ingest.store.create_source(new).await?;
    let source = ctx
        .ingest
        .store
        .source_by_name("beir", &set.name)
        .await?
        .ok_or_else(|| anyhow::anyhow!("the source was not stored"))?;
    sync(&ctx.ingest, &source, None, &Corpus(set.documents), report).await?;
    seconds.insert("sync", started.elapsed().as_secs_f64());
    let started = Instant::now();
    let chunks = index_pending(&ctx.ingest, report).await?;
    seconds.insert("index", started.elapsed().as_secs_f64());
    let started = Instant::now();
    let mut legs = BTreeMap::new();
    for (leg, name) in LEGS {
        let (mut rankings, mut millis) = (Vec::new(), Vec::new());
        for (query, text) in &set.queries {
            let started = Instant::now();
            let passages = answer::search(&ctx.answer, &Viewer::everyone(), text, leg, PASSAGES).await?;
            millis.push(started.elapsed().as_secs_f64() * 1e3);
            let mut ranking: Vec<(String, f32)> = Vec::new();
            for passage in passages {
                let document = id_of(&passage.uri);
                if ranking.iter().all(|(known, _)| known != document) {
                    ranking.push((document.to_owned(), passage.score));
                }
            }
            rankings.push((query, ranking));
        }
        if let Some(runs) = runs {
            write_run(&runs.join(format!("{}.{name}.run", set.name)), &rankings)?;
        }
        legs.insert(name, score(&set.judgements, &rankings, &millis));
    }
    seconds.insert("search", started.elapsed().as_secs_f64());
    Ok(RetrievalReport { dataset: set.name, documents, chunks, queries: set.queries.len(), legs, seconds })
}

/// Scores a ranking against the grades of its query.
type Metric = fn(&[String], &BTreeMap<String, u32>) -> f64;
type Rankings<'a> = Vec<(&'a String, Vec<(String, f32)>)>;

fn score(
    judgements: &std::collections::HashMap<String, BTreeMap<String, u32>>,
    rankings: &Rankings<'_>,
    millis: &[f64],
) -> LegScores {
    let over = |metric: Metric| {
        mean(rankings.iter().filter_map(|(query, ranking)| {
            let ids: Vec<String> = ranking.iter().map(|(id, _)| id.clone()).collect();
            judgements.get(*query).map(|grades| metric(&ids, grades))
        }))
    };
    LegScores {
        ndcg_10: over(|ids, grades| ndcg(ids, grades, 10)),
        recall_100: over(|ids, grades| recall(ids, grades, 100)),
        mrr_10: over(|ids, grades| reciprocal_rank(ids, grades, 10)),
        p50_ms: percentile(millis, 0.5),
        p95_ms: percentile(millis, 0.95),
    }
}

/// The format trec_eval reads: query, Q0, document, rank, score, tag.
fn write_run(path: &Path, rankings: &Rankings<'_>) -> Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    let mut file = std::io::BufWriter::new(fs::File::create(path)?);
    for (query, ranking) in rankings {
        for (rank, (document, score)) in ranking.iter().enumerate() {
            writeln!(file, "{query} Q0 {document} {} {score} footnote", rank + 1)?;
        }
    }
    Ok(file.flush()?)
}
