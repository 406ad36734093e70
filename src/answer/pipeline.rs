//! The answer recipe: retrieve, compose, generate, cite, judge. Every mouth (CLI, API, eval) calls this one function.

use std::sync::Arc;

use domain::{
    Answer, AnswerEvent, AnswerId, Claim, Generator, GeneratorProfile, Leg, Passage, Prompt, Question, Stage, Viewer,
};
use serde_json::json;
use tokio::sync::mpsc;

use crate::{
    AnswerContext, Evidence, Result,
    abstain::nearest,
    cite::{DraftSentence, cite},
    compose::{compose, prompt_hash},
    footnotes::{Footnotes, footnotes, marked_text},
    generate::generate,
    newest::prefer_newest,
    rerank::rerank,
    retrieve::{Copies, Retrieved, name_others, retrieve},
    stopwatch::Stopwatch,
};

/// Passages read to weigh the evidence; the best of them are answered from.
const WEIGHED: usize = 24;

const NO_ANSWER: &str = "I found nothing in the documents you can read that answers this.";

/// Answers `question` from what `viewer` may read. Events go to `watcher` as they happen, `done` last.
pub async fn answer(
    ctx: &AnswerContext,
    viewer: &Viewer,
    question: &Question,
    watcher: Option<&mpsc::Sender<AnswerEvent>>,
) -> Result<Answer> {
    let watcher = Watcher(watcher);
    let mut stopwatch = Stopwatch::start();
    watcher.tell(AnswerEvent::Status { stage: Stage::Retrieving }).await;
    let found = find(ctx, viewer, question).await?;
    let mut passages: Vec<Passage> = found.passages.iter().take(ctx.config.retrieve.passages).cloned().collect();
    name_others(ctx, viewer, &mut passages).await?;
    stopwatch.lap("retrieve");
    watcher.tell(AnswerEvent::Passages { passages: passages.clone() }).await;

    let evidence = Evidence::of(question, &found, &*ctx.embedder).await?;
    stopwatch.lap("weigh");
    let mut draft = Draft::default();
    if !passages.is_empty() && evidence.score() >= ctx.config.abstain.threshold {
        watcher.tell(AnswerEvent::Status { stage: Stage::Generating }).await;
        draft = write(ctx, &*ctx.generator, question, &passages, &watcher, &mut stopwatch).await?;
        if draft.footnotes.sentences.is_empty() {
            let withheld = std::mem::take(&mut draft.footnotes.withheld);
            draft = write(ctx, &*ctx.quoter, question, &passages, &watcher, &mut stopwatch).await?;
            draft.footnotes.withheld.splice(0..0, withheld);
        }
    }

    let Draft { mut footnotes, prompt, writer } = draft;
    let writer = writer.unwrap_or_else(|| ctx.generator.profile().clone());
    locate_pages(ctx, viewer, &mut footnotes).await?;
    let abstained = footnotes.sentences.is_empty();
    let mut answer = Answer {
        id: AnswerId::new((ctx.clock.ulid)()),
        answer: if abstained { NO_ANSWER.to_owned() } else { marked_text(&footnotes.sentences) },
        abstained,
        sentences: footnotes.sentences,
        withheld: footnotes.withheld,
        citations: footnotes.citations,
        nearest: if abstained { nearest(&passages) } else { Vec::new() },
        passages,
        model: writer.model.clone(),
        prompt_hash: prompt_hash(),
        timings_ms: Default::default(),
    };
    announce(&answer, &watcher).await;
    keep(ctx, viewer, question, &answer, prompt.as_deref(), &writer, evidence).await?;
    stopwatch.lap("keep");
    answer.timings_ms = stopwatch.stop();
    watcher.tell(AnswerEvent::Done(Box::new(answer.clone()))).await;
    Ok(answer)
}

/// What the abstention before an answer would be decided from.
pub async fn evidence(ctx: &AnswerContext, viewer: &Viewer, question: &Question) -> Result<Evidence> {
    let found = find(ctx, viewer, question).await?;
    Ok(Evidence::of(question, &found, &*ctx.embedder).await?)
}

async fn find(ctx: &AnswerContext, viewer: &Viewer, question: &Question) -> Result<Retrieved> {
    let mut found = retrieve(ctx, viewer, question.as_str(), Leg::Hybrid, Copies::OnePerGroup, WEIGHED).await?;
    if let Some(reranker) = &ctx.reranker {
        found.passages = rerank(&**reranker, question, found.passages).await?;
    }
    found.passages = prefer_newest(question.as_str(), found.passages);
    Ok(found)
}

/// Tells events to whoever watches; one who left is no error, the caller drops the future instead.
pub struct Watcher<'a>(Option<&'a mpsc::Sender<AnswerEvent>>);

impl Watcher<'_> {
    pub async fn tell(&self, event: AnswerEvent) {
        if let Some(sender) = self.0 {
            let _ = sender.send(event).await;
        }
    }
}

#[derive(Default)]
struct Draft {
    footnotes: Footnotes,
    /// Who wrote what is shown.
    writer: Option<GeneratorProfile>,
    prompt: Option<Arc<Prompt>>,
}

/// One generator's attempt: composed, generated, cited, judged.
async fn write(
    ctx: &AnswerContext,
    generator: &dyn Generator,
    question: &Question,
    passages: &[Passage],
    watcher: &Watcher<'_>,
    stopwatch: &mut Stopwatch,
) -> Result<Draft> {
    let prompt = Arc::new(compose(question, passages, generator, ctx.config.retrieve.answer_tokens)?);
    stopwatch.lap("compose");
    if prompt.passages.is_empty() {
        return Ok(Draft::default());
    }
    let text = generate(generator, &prompt, watcher).await?;
    stopwatch.lap("generate");
    watcher.tell(AnswerEvent::Status { stage: Stage::Judging }).await;
    let sentences = cite(&text, prompt.passages.len());
    let claims: Vec<Claim> = sentences.iter().map(claim).collect();
    let judgements = ctx.judge.judge(&claims, passages).await?;
    stopwatch.lap("judge");
    let footnotes = footnotes(&sentences, &judgements, passages);
    Ok(Draft { footnotes, writer: Some(generator.profile().clone()), prompt: Some(prompt) })
}

fn claim(sentence: &DraftSentence) -> Claim {
    Claim { text: sentence.text.clone(), cited: sentence.cited.clone() }
}

/// A passage may run over a page break: the page of a quote is looked up where the quote starts.
async fn locate_pages(ctx: &AnswerContext, viewer: &Viewer, footnotes: &mut Footnotes) -> Result<()> {
    for citation in footnotes.citations.iter_mut().filter(|citation| citation.page.is_some()) {
        let version = ctx.store.version_text(viewer, &citation.document_id, Some(&citation.version)).await?;
        let page = version.pages.iter().rev().find(|page| page.start <= citation.span.start);
        citation.page = page.map(|page| page.number).or(citation.page);
    }
    Ok(())
}

async fn announce(answer: &Answer, watcher: &Watcher<'_>) {
    for citation in &answer.citations {
        watcher.tell(AnswerEvent::Citation(citation.clone())).await;
    }
    for (index, sentence) in answer.sentences.iter().enumerate() {
        watcher.tell(AnswerEvent::Verdict { index, sentence: sentence.clone() }).await;
    }
}

/// Stores the answer with what it was made from.
async fn keep(
    ctx: &AnswerContext,
    viewer: &Viewer,
    question: &Question,
    answer: &Answer,
    prompt: Option<&Prompt>,
    generator: &GeneratorProfile,
    evidence: Evidence,
) -> Result<()> {
    let evidence = json!({
        "evidence": evidence,
        "evidence_score": evidence.score(),
        "system": prompt.map(|prompt| &prompt.system),
        "user": prompt.map(|prompt| &prompt.user),
        "seed": prompt.map(|prompt| prompt.seed),
        "prompt_hash": answer.prompt_hash,
        "generator": generator,
        "embedder": ctx.embedder.profile(),
        "generation": ctx.generation,
        "principals": viewer.principals,
    });
    // Named for whoever asks now; what is stored must not outlive the documents it names.
    let mut kept = answer.clone();
    kept.passages.iter_mut().for_each(|passage| passage.also_in.clear());
    kept.citations.iter_mut().for_each(|citation| citation.also_in.clear());
    let stored = store::StoredAnswer {
        id: answer.id.clone(),
        question: question.as_str().to_owned(),
        answer: serde_json::to_value(kept).unwrap_or_default(),
        evidence,
        created_at: (ctx.clock.now)(),
        erased_at: None,
    };
    let drawn_from = answer.passages.iter().map(|passage| passage.document_id.clone()).collect();
    Ok(ctx.store.save_answer(viewer, stored, &drawn_from).await?)
}
