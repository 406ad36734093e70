//! `footnote eval`: measures retrieval and answers in a workspace of its own.

use std::{io::Write, path::PathBuf};

use anyhow::{Context, bail};
use eval::{AnswerReport, Beir, EvalContext, Thresholds, evaluate_answers, evaluate_retrieval, read_suite, violations};
use serde::Serialize;
use serde_json::json;

use super::{Global, ingest::Bars};
use crate::{
    output,
    wiring::{GeneratorChoice, House},
};

#[derive(clap::Subcommand)]
pub enum Eval {
    /// Rank a BEIR collection with each leg (corpus.jsonl, queries.jsonl, qrels/test.tsv)
    Retrieval {
        /// Folder of the collection
        #[arg(long, value_name = "DIR")]
        beir: PathBuf,
        /// Write TREC run files here
        #[arg(long, value_name = "DIR")]
        runs: Option<PathBuf>,
    },
    /// Ask the questions of a suite and score the answers
    Answers {
        /// Questions, one JSON object per line
        #[arg(long, value_name = "FILE")]
        suite: PathBuf,
        /// Folder to ingest for it [default: sample/workspace beside the suite's folder]
        #[arg(long, value_name = "DIR")]
        documents: Option<PathBuf>,
        /// Who writes the answers
        #[arg(long, value_enum)]
        generator: Option<GeneratorChoice>,
        /// Only questions of this split
        #[arg(long, value_name = "NAME")]
        split: Option<String>,
        /// Write one JSON object per question here
        #[arg(long, value_name = "FILE")]
        details: Option<PathBuf>,
        /// Fail when a figure misses its bound in this file
        #[arg(long, value_name = "FILE")]
        gate: Option<PathBuf>,
    },
}

pub async fn run(global: &Global, args: Eval) -> anyhow::Result<()> {
    // A fresh workspace, deleted afterwards: an evaluation neither sees nor changes the user's documents.
    let temporary = tempfile::tempdir()?;
    let house = House::open_apart(global, temporary.path(), "eval").await?;
    match args {
        Eval::Retrieval { beir, runs } => {
            let ctx = context(&house, Some(GeneratorChoice::Extractive)).await?;
            let bars = Bars::default();
            let report =
                evaluate_retrieval(&ctx, Beir::read(&beir)?, runs.as_deref(), &|progress| bars.show(&progress)).await;
            bars.clear();
            let report = report?;
            if global.json {
                return output::json(&report);
            }
            output::text(&format!(
                "{}: {} documents, {} chunks, {} queries",
                report.dataset, report.documents, report.chunks, report.queries
            ))?;
            report.legs.iter().try_for_each(|(leg, s)| {
                output::text(&format!(
                    "{leg:8} nDCG@10 {:.4}  recall@100 {:.4}  MRR@10 {:.4}  p95 {:.1} ms",
                    s.ndcg_10, s.recall_100, s.mrr_10, s.p95_ms
                ))
            })
        }
        Eval::Answers { suite, documents, generator, split, details, gate } => {
            let documents = documents.unwrap_or_else(|| beside(&suite));
            let documents =
                documents.canonicalize().with_context(|| format!("open the folder {}", documents.display()))?;
            let mut golden = read_suite(&suite)?;
            golden.retain(|golden| split.as_ref().is_none_or(|split| *split == golden.split));
            let ctx = context(&house, generator).await?;
            ingest_folder(&house, &documents).await?;
            let bar = output::bar(Some(golden.len() as u64), "questions");
            let outcomes = evaluate_answers(&ctx, &golden, &|done| bar.set_position(done as u64)).await;
            bar.finish_and_clear();
            let outcomes = outcomes?;
            if let Some(path) = details {
                let mut file = std::fs::File::create(&path).with_context(|| format!("write {}", path.display()))?;
                outcomes.iter().try_for_each(|outcome| writeln!(file, "{}", json!(outcome)))?;
            }
            let report = AnswerReport::of(&outcomes, &ctx.answer.generator.profile().model);
            print(global, &report)?;
            gate.map_or(Ok(()), |path| check(&path, &report))
        }
    }
}

fn beside(suite: &std::path::Path) -> PathBuf {
    let folder = suite.parent().unwrap_or(std::path::Path::new("."));
    folder.join("../sample/workspace")
}

async fn context(house: &House, generator: Option<GeneratorChoice>) -> anyhow::Result<EvalContext> {
    Ok(EvalContext { ingest: house.ingest_context().clone(), answer: house.answer_context(generator).await? })
}

async fn ingest_folder(house: &House, path: &std::path::Path) -> anyhow::Result<()> {
    let (source, connector) = house.folder_source(path, Vec::new()).await?;
    let bars = Bars::default();
    let summary =
        ingest::sync(house.ingest_context(), &source, None, &*connector, &|progress| bars.show(&progress)).await?;
    ingest::index_pending(house.ingest_context(), &|progress| bars.show(&progress)).await?;
    bars.clear();
    match summary.failures.first() {
        None => Ok(()),
        Some(failure) => bail!(
            "{} documents could not be read, the first is {}: {}",
            summary.failures.len(),
            failure.external_id,
            failure.reason
        ),
    }
}

fn print(global: &Global, report: &impl Serialize) -> anyhow::Result<()> {
    if global.json {
        return output::json(report);
    }
    let report = serde_json::to_value(report)?;
    let figures = report.as_object().into_iter().flatten();
    figures.into_iter().try_for_each(|(name, value)| output::text(&format!("{name:22} {value}")))
}

fn check(path: &std::path::Path, report: &impl Serialize) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    let thresholds: Thresholds = toml::from_str(&text).with_context(|| format!("read {}", path.display()))?;
    let missed = violations(report, &thresholds);
    if missed.is_empty() { Ok(()) } else { bail!("quality gate {}: {}", path.display(), missed.join("; ")) }
}
