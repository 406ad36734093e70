//! The index recipe: read a document's state from SQL, embed, tell both indexes, flush, only then mark it done.

use std::{collections::HashMap, time::Duration};

use domain::{DocumentId, IndexChange, KeywordEntry, VectorEntry};
use jiff::SignedDuration;
use store::{Flushed, IndexJob, IndexState};

use crate::{Error, IngestContext, Progress, Report, Result, chunk::passage_text};

/// Jobs claimed at a time.
const JOBS: u64 = 256;
/// Chunks embedded and written between two flushes.
const CHUNKS_PER_FLUSH: u64 = 1024;
/// Chunks embedded between two steps of the progress bar.
const CHUNKS_PER_STEP: usize = 64;
/// How long a worker that is not heard of keeps its jobs, and how often one is heard of.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Works off every job that is due and that no other process has claimed; running one twice is harmless. One caller works
/// at a time, the others wait. Returns how many chunks were indexed.
pub async fn index_pending(ctx: &IngestContext, report: Report<'_>) -> Result<u64> {
    let _working = ctx.indexing.lock().await;
    let total = ctx.store.pending_chunk_count().await?;
    let mut done = 0;
    loop {
        let now = (ctx.clock.now)();
        let jobs = ctx.store.claim_jobs(&ctx.worker, JOBS, now, now + LEASE).await?;
        if jobs.is_empty() {
            return Ok(done);
        }
        let mut step = |chunks| {
            done += chunks;
            report(Progress::Indexed { done, total: total.max(done) });
        };
        tokio::select! {
            indexed = index_claimed(ctx, groups(jobs), &mut step) => indexed?,
            never = keep_alive(ctx) => match never {},
        }
    }
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
    groups: Vec<Vec<IndexJob>>,
    step: &mut (dyn FnMut(u64) + Send),
) -> Result<()> {
    for jobs in groups {
        let documents: Vec<DocumentId> = jobs.iter().map(|job| job.document.clone()).collect();
        let states = ctx.store.index_state(&documents).await?;
        let mut states: HashMap<_, _> = states.into_iter().map(|state| (state.document.clone(), state)).collect();
        let group: Group = jobs
            .into_iter()
            .filter_map(|job| {
                let state = states.remove(&job.document)?;
                Some((job, state))
            })
            .collect();
        index_or_set_aside(ctx, &group, step).await?;
    }
    Ok(())
}

/// A document that an engine refuses is put off, with the reason, so that it does not hold up the others.
async fn index_or_set_aside(ctx: &IngestContext, group: &Group, step: &mut (dyn FnMut(u64) + Send)) -> Result<()> {
    let refused = |error: &Error| matches!(error, Error::Engine(error) if !error.retryable);
    match index_group(ctx, group, step).await {
        Err(error) if refused(&error) => {}
        done => return done,
    }
    for (job, state) in group {
        match index_group(ctx, &vec![(job.clone(), state.clone())], &mut |_| {}).await {
            Err(error) if refused(&error) => {
                tracing::warn!(document = %job.document, %error, "put off");
                let run_after = (ctx.clock.now)() + jiff::SignedDuration::from_mins(10);
                ctx.store.fail_job(&job.document, job.seq, &error.to_string(), run_after).await?;
            }
            done => done?,
        }
    }
    Ok(())
}

async fn index_group(ctx: &IngestContext, group: &Group, step: &mut (dyn FnMut(u64) + Send)) -> Result<()> {
    let vectors = embed(ctx, group, step).await?;
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
    if group.iter().any(|(job, _)| !held.contains(&job.document)) {
        tracing::warn!("another worker took over what this one was slow to index");
        return Ok(());
    }
    let (keyword, vector) = futures::try_join!(
        async {
            ctx.keyword.apply(keyword).await?;
            ctx.keyword.flush().await.map(|()| (ctx.clock.now)())
        },
        async {
            ctx.vector.apply(vector).await?;
            ctx.vector.flush().await.map(|()| (ctx.clock.now)())
        },
    )?;
    let finished: Vec<_> = group.iter().map(|(job, _)| (job.document.clone(), job.seq)).collect();
    ctx.store.finish_jobs(&ctx.worker, &finished, Flushed { keyword, vector }).await?;
    Ok(())
}

/// One vector per chunk of the group, in order. Heading path and text are embedded together.
async fn embed(ctx: &IngestContext, group: &Group, step: &mut (dyn FnMut(u64) + Send)) -> Result<Vec<Vec<f32>>> {
    let texts: Vec<String> = group
        .iter()
        .flat_map(|(_, state)| &state.chunks)
        .map(|chunk| passage_text(&chunk.context, &chunk.text))
        .collect();
    let mut vectors = Vec::with_capacity(texts.len());
    for texts in texts.chunks(CHUNKS_PER_STEP) {
        vectors.extend(ctx.embedder.embed_passages(texts).await?);
        step(texts.len() as u64);
    }
    Ok(vectors)
}

fn change<E>(document: &DocumentId, entries: Vec<E>) -> IndexChange<E> {
    let document = document.clone();
    if entries.is_empty() { IndexChange::Remove { document } } else { IndexChange::Replace { document, entries } }
}
