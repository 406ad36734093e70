//! The index recipe: read a document's state from SQL, cut what is not cut, embed, tell both indexes, flush, only then mark it done.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use domain::{DocumentId, GenerationId, IndexChange, KeywordEntry, VectorEntry};
use jiff::SignedDuration;
use store::{Flushed, IndexJob, IndexState, Jobs};

use crate::{
    Error, Generation, IngestContext, OpenGenerations, Progress, Report, Result, chunk::passage_text, cut::cut_missing,
};

/// Jobs claimed at a time.
const JOBS: u64 = 256;
/// Jobs of a generation that is being built: few, so that what changes meanwhile is soon indexed.
const BUILD_JOBS: u64 = 32;
/// Chunks embedded and written between two flushes.
const CHUNKS_PER_FLUSH: u64 = 1024;
/// Chunks embedded between two steps of the progress bar.
const CHUNKS_PER_STEP: usize = 64;
/// How long a worker that is not heard of keeps its jobs, and how often one is heard of.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Works off every job of a changed document, in all open generations, that is due and that no other process has claimed;
/// running one twice is harmless. One caller works at a time, the others wait. Returns how many chunks were indexed.
pub async fn index_pending(ctx: &IngestContext, report: Report<'_>) -> Result<u64> {
    let _working = ctx.indexing.lock().await;
    let total = ctx.store.pending_chunk_count().await?;
    let mut done = 0;
    loop {
        let (open, now) = (ctx.generations.now(), (ctx.clock.now)());
        let jobs = ctx.store.claim_jobs(&ctx.worker, Jobs::Changed(&open.ids()), JOBS, now, now + LEASE).await?;
        if jobs.is_empty() {
            return Ok(done);
        }
        let mut step = |chunks: u64| {
            done += chunks;
            report(Progress::Indexed { done, total: total.max(done) });
        };
        work_off(ctx, &open, jobs, &mut step).await?;
    }
}

/// Indexes some more documents in the generation that is being built. Returns how many; 0 when nothing can be done now.
pub async fn build_some(ctx: &IngestContext, generation: GenerationId) -> Result<usize> {
    let _working = ctx.indexing.lock().await;
    let (open, now) = (ctx.generations.now(), (ctx.clock.now)());
    let jobs = ctx.store.claim_jobs(&ctx.worker, Jobs::Building(generation), BUILD_JOBS, now, now + LEASE).await?;
    let done = jobs.len();
    work_off(ctx, &open, jobs, &mut |_| {}).await?;
    Ok(done)
}

async fn work_off(
    ctx: &IngestContext,
    open: &OpenGenerations,
    jobs: Vec<IndexJob>,
    step: &mut (dyn FnMut(u64) + Send),
) -> Result<()> {
    let claimed: Vec<(DocumentId, GenerationId)> =
        jobs.iter().map(|job| (job.document.clone(), job.generation)).collect();
    let indexing = async {
        for (id, jobs) in by_generation(jobs) {
            let Some(generation) = open.get(id) else { continue };
            for group in groups(jobs) {
                index_claimed(ctx, generation, group, step).await?;
            }
        }
        Ok(())
    };
    let indexed: Result<()> = tokio::select! {
        indexed = indexing => indexed,
        never = keep_alive(ctx) => match never {},
    };
    let given_back = ctx.store.give_back_jobs(&ctx.worker, &claimed).await;
    indexed?;
    Ok(given_back?)
}

/// Tells the store that the work goes on. A database that is away for a moment is no reason to stop.
async fn keep_alive(ctx: &IngestContext) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(HEARTBEAT).await;
        if let Err(error) = ctx.store.renew_jobs(&ctx.worker, (ctx.clock.now)() + LEASE).await {
            tracing::warn!(%error, "renew index jobs");
        }
    }
}

fn by_generation(jobs: Vec<IndexJob>) -> BTreeMap<GenerationId, Vec<IndexJob>> {
    let mut sorted: BTreeMap<GenerationId, Vec<IndexJob>> = BTreeMap::new();
    for job in jobs {
        sorted.entry(job.generation).or_default().push(job);
    }
    sorted
}

type Group = Vec<(IndexJob, IndexState)>;

/// Cuts jobs into groups that are embedded and flushed together.
fn groups(jobs: Vec<IndexJob>) -> Vec<Vec<IndexJob>> {
    let mut groups: Vec<Vec<IndexJob>> = Vec::new();
    let mut room = 0;
    for job in jobs {
        if room < job.chunks || groups.is_empty() {
            groups.push(Vec::new());
            room = CHUNKS_PER_FLUSH;
        }
        room = room.saturating_sub(job.chunks);
        if let Some(group) = groups.last_mut() {
            group.push(job);
        }
    }
    groups
}

async fn index_claimed(
    ctx: &IngestContext,
    generation: &Generation,
    jobs: Vec<IndexJob>,
    step: &mut (dyn FnMut(u64) + Send),
) -> Result<()> {
    let documents: Vec<DocumentId> = jobs.iter().map(|job| job.document.clone()).collect();
    cut_missing(ctx, generation, &documents).await?;
    let states = ctx.store.index_state(generation.id, &documents).await?;
    let mut states: HashMap<_, _> = states.into_iter().map(|state| (state.document.clone(), state)).collect();
    let group: Group = jobs
        .into_iter()
        .filter_map(|job| {
            let state = states.remove(&job.document)?;
            Some((job, state))
        })
        .collect();
    index_or_set_aside(ctx, generation, &group, step).await
}

/// A document that an engine refuses is put off, with the reason, so that it does not hold up the others.
async fn index_or_set_aside(
    ctx: &IngestContext,
    generation: &Generation,
    group: &Group,
    step: &mut (dyn FnMut(u64) + Send),
) -> Result<()> {
    let refused = |error: &Error| matches!(error, Error::Engine(error) if !error.retryable);
    match index_group(ctx, generation, group, step).await {
        Err(error) if refused(&error) => {}
        done => return done,
    }
    for (job, state) in group {
        match index_group(ctx, generation, &vec![(job.clone(), state.clone())], &mut |_| {}).await {
            Err(error) if refused(&error) => {
                tracing::warn!(document = %job.document, generation = %job.generation, %error, "put off");
                let run_after = (ctx.clock.now)() + jiff::SignedDuration::from_mins(10);
                ctx.store.fail_job(job, &error.to_string(), run_after).await?;
            }
            done => done?,
        }
    }
    Ok(())
}

async fn index_group(
    ctx: &IngestContext,
    generation: &Generation,
    group: &Group,
    step: &mut (dyn FnMut(u64) + Send),
) -> Result<()> {
    let vectors = embed(generation, group, step).await?;
    let mut vectors = vectors.into_iter();
    let (mut keyword, mut vector) = (Vec::new(), Vec::new());
    for (_, state) in group {
        let entries: Vec<VectorEntry> = state
            .chunks
            .iter()
            .zip(vectors.by_ref())
            .map(|(chunk, vector)| VectorEntry { chunk: chunk.id, access: state.access, vector })
            .collect();
        keyword.push(change(
            &state.document,
            state
                .chunks
                .iter()
                .map(|chunk| KeywordEntry {
                    chunk: chunk.id,
                    access: state.access,
                    title: state.title.clone(),
                    context: chunk.context.clone(),
                    text: chunk.text.clone(),
                    language: state.language.clone(),
                })
                .collect(),
        ));
        vector.push(change(&state.document, entries));
    }
    let held = ctx.store.renew_jobs(&ctx.worker, (ctx.clock.now)() + LEASE).await?;
    if group.iter().any(|(job, _)| !held.contains(&(job.document.clone(), job.generation))) {
        tracing::warn!("another worker took over what this one was slow to index");
        return Ok(());
    }
    let (keyword, vector) = futures::try_join!(
        async {
            generation.keyword.apply(keyword).await?;
            generation.keyword.flush().await.map(|()| (ctx.clock.now)())
        },
        async {
            generation.vector.apply(vector).await?;
            generation.vector.flush().await.map(|()| (ctx.clock.now)())
        },
    )?;
    let finished: Vec<_> = group.iter().map(|(job, _)| (job.document.clone(), job.seq)).collect();
    ctx.store.finish_jobs(&ctx.worker, generation.id, &finished, Flushed { keyword, vector }).await?;
    Ok(())
}

/// One vector per chunk of the group, in order. Heading path and text are embedded together.
async fn embed(generation: &Generation, group: &Group, step: &mut (dyn FnMut(u64) + Send)) -> Result<Vec<Vec<f32>>> {
    let texts: Vec<String> = group
        .iter()
        .flat_map(|(_, state)| &state.chunks)
        .map(|chunk| passage_text(&chunk.context, &chunk.text))
        .collect();
    let mut vectors = Vec::with_capacity(texts.len());
    for texts in texts.chunks(CHUNKS_PER_STEP) {
        vectors.extend(generation.embedder.embed_passages(texts).await?);
        step(texts.len() as u64);
    }
    Ok(vectors)
}

fn change<E>(document: &DocumentId, entries: Vec<E>) -> IndexChange<E> {
    let document = document.clone();
    if entries.is_empty() { IndexChange::Remove { document } } else { IndexChange::Replace { document, entries } }
}
