//! Asks every golden question as its asker would and scores the answers.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use domain::{Answer, Citation, Question, Span, Viewer, slice};
use serde::Serialize;

use crate::{
    EvalContext, Golden, Kind,
    metrics::{mean, percentile},
};

/// What became of one question.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    pub id: String,
    pub kind: Kind,
    pub split: String,
    pub question: String,
    pub abstained: bool,
    /// Every expected phrase is in the answer.
    pub correct: bool,
    /// At least one citation is of an expected document.
    pub document_cited: bool,
    /// Share of the citations that are of expected documents.
    pub citation_precision: f64,
    /// Share of the needed documents that are cited.
    pub citation_recall: f64,
    pub citations: usize,
    /// Citations whose quote stands at its range of its version, character for character.
    pub verbatim: usize,
    /// Passages, quotes and documents shown that the asker must not see.
    pub leaks: usize,
    pub millis: f64,
    pub retrieve_millis: f64,
    pub answer: String,
    /// What the abstention decision was made from.
    pub evidence: answer::Evidence,
}

/// Shares are in 0..=1 and over the questions they concern.
#[derive(Clone, Debug, Serialize)]
pub struct AnswerReport {
    pub questions: usize,
    pub model: String,
    pub accuracy: f64,
    pub document_cited: f64,
    pub citation_precision: f64,
    pub citation_recall: f64,
    pub quotes: usize,
    pub quotes_verbatim: f64,
    pub unanswerable_refused: f64,
    pub restricted_refused: f64,
    pub answerable_refused: f64,
    pub leaks: usize,
    pub latency_ms: BTreeMap<&'static str, f64>,
    pub retrieve_ms: BTreeMap<&'static str, f64>,
}

/// Every question, in order; `done` is told after each.
pub async fn evaluate_answers(
    ctx: &EvalContext,
    suite: &[Golden],
    done: &(dyn Fn(usize) + Send + Sync),
) -> Result<Vec<Outcome>> {
    let hidden: BTreeSet<&str> = suite
        .iter()
        .filter(|golden| golden.kind == Kind::Restricted)
        .flat_map(|golden| &golden.documents)
        .map(String::as_str)
        .collect();
    if let Some(first) = suite.first() {
        // The first answer also opens files and warms caches; its time is not what users wait for.
        ask(ctx, first).await?;
    }
    let mut outcomes = Vec::new();
    for (index, golden) in suite.iter().enumerate() {
        let answer = ask(ctx, golden).await?;
        outcomes.push(outcome(ctx, golden, answer, &hidden).await?);
        done(index + 1);
    }
    Ok(outcomes)
}

impl AnswerReport {
    pub fn of(outcomes: &[Outcome], model: &str) -> Self {
        let answerable = || outcomes.iter().filter(|o| o.kind.is_answerable());
        let answered = || answerable().filter(|o| !o.abstained);
        let refused = |kind| mean(outcomes.iter().filter(|o| o.kind == kind).map(|o| share(o.abstained)));
        let quotes: usize = outcomes.iter().map(|o| o.citations).sum();
        let verbatim: usize = outcomes.iter().map(|o| o.verbatim).sum();
        let spread =
            |millis: Vec<f64>| BTreeMap::from([("p50", percentile(&millis, 0.5)), ("p95", percentile(&millis, 0.95))]);
        Self {
            questions: outcomes.len(),
            model: model.to_owned(),
            accuracy: mean(answerable().map(|o| share(o.correct))),
            document_cited: mean(answerable().map(|o| share(o.document_cited))),
            citation_precision: mean(answered().map(|o| o.citation_precision)),
            citation_recall: mean(answerable().map(|o| o.citation_recall)),
            quotes,
            quotes_verbatim: if quotes == 0 { 0.0 } else { verbatim as f64 / quotes as f64 },
            unanswerable_refused: refused(Kind::Unanswerable),
            restricted_refused: refused(Kind::Restricted),
            answerable_refused: mean(answerable().map(|o| share(o.abstained))),
            leaks: outcomes.iter().map(|o| o.leaks).sum(),
            latency_ms: spread(outcomes.iter().map(|o| o.millis).collect()),
            retrieve_ms: spread(outcomes.iter().map(|o| o.retrieve_millis).collect()),
        }
    }
}

fn share(yes: bool) -> f64 {
    if yes { 1.0 } else { 0.0 }
}

fn viewer(golden: &Golden) -> Viewer {
    Viewer::everyone().with_groups(&golden.groups)
}

async fn ask(ctx: &EvalContext, golden: &Golden) -> Result<Answer> {
    let question = Question::new(&golden.question).map_err(anyhow::Error::msg)?;
    Ok(answer::answer(&ctx.answer, &viewer(golden), &question, None).await?)
}

async fn outcome(ctx: &EvalContext, golden: &Golden, answer: Answer, hidden: &BTreeSet<&str>) -> Result<Outcome> {
    let mut verbatim = 0;
    for citation in &answer.citations {
        verbatim += usize::from(is_verbatim(ctx, golden, citation).await?);
    }
    let right = |uri: &str| golden.documents.iter().chain(&golden.any_documents).any(|path| names(uri, path));
    let right_citations = answer.citations.iter().filter(|citation| right(&citation.uri)).count();
    let cited = golden
        .documents
        .iter()
        .filter(|path| answer.citations.iter().any(|citation| names(&citation.uri, path)))
        .count();
    let shown = answer
        .passages
        .iter()
        .map(|p| &p.uri)
        .chain(answer.citations.iter().map(|c| &c.uri))
        .chain(answer.nearest.iter().map(|n| &n.uri))
        .chain(answer.passages.iter().flat_map(|p| &p.also_in).map(|other| &other.uri))
        .chain(answer.citations.iter().flat_map(|c| &c.also_in).map(|other| &other.uri));
    let forbidden = |uri: &str| match golden.kind {
        Kind::Restricted => golden.documents.iter().any(|path| names(uri, path)),
        _ => golden.groups.is_empty() && hidden.iter().any(|path| names(uri, path)),
    };
    let leaks = shown.filter(|uri| forbidden(uri)).count();
    let question = Question::new(&golden.question).map_err(anyhow::Error::msg)?;
    Ok(Outcome {
        id: golden.id.clone(),
        kind: golden.kind,
        split: golden.split.clone(),
        question: golden.question.clone(),
        abstained: answer.abstained,
        correct: !answer.abstained && golden.phrases.iter().all(|phrase| phrase.is_in(&answer.answer)),
        document_cited: right_citations > 0,
        citation_precision: right_citations as f64 / answer.citations.len().max(1) as f64,
        citation_recall: if golden.documents.is_empty() {
            share(right_citations > 0)
        } else {
            cited as f64 / golden.documents.len() as f64
        },
        citations: answer.citations.len(),
        verbatim,
        leaks,
        millis: answer.timings_ms.get("total").copied().unwrap_or(0.0),
        retrieve_millis: answer.timings_ms.get("retrieve").copied().unwrap_or(0.0),
        answer: answer.answer,
        evidence: answer::evidence(&ctx.answer, &viewer(golden), &question).await?,
    })
}

/// Reads the version again through the store's door and compares the characters.
async fn is_verbatim(ctx: &EvalContext, golden: &Golden, citation: &Citation) -> Result<bool> {
    let version =
        ctx.answer.store.version_text(&viewer(golden), &citation.document_id, Some(&citation.version)).await?;
    let Span { start, end } = citation.span;
    Ok(start < end && slice(&version.text, citation.span) == citation.quote)
}

fn names(uri: &str, path: &str) -> bool {
    uri.strip_suffix(path).is_some_and(|rest| rest.ends_with('/'))
}
