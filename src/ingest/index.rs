//! The index recipe: read a document's state from SQL, embed, tell both indexes, flush, only then mark it done.

use domain::{DocumentId, IndexChange, KeywordEntry, VectorEntry};
use store::{IndexJob, IndexState};

use crate::{Error, IngestContext, Progress, Report, Result, chunk::passage_text};

/// Jobs read at a time.
const JOBS: u64 = 256;
/// Chunks embedded and written between two flushes.
const CHUNKS_PER_FLUSH: usize = 1024;
/// Chunks embedded between two steps of the progress bar.
const CHUNKS_PER_STEP: usize = 64;

/// Works off every pending job; running it twice is harmless. Returns how many chunks were indexed.
pub async fn index_pending(ctx: &IngestContext, report: Report<'_>) -> Result<u64> {
    let total = ctx.store.pending_chunk_count().await?;
    let mut done = 0;
    loop {
        let jobs = ctx.store.pending_jobs(JOBS, (ctx.clock.now)()).await?;
        if jobs.is_empty() {
            return Ok(done);
        }
        let documents: Vec<DocumentId> = jobs.iter().map(|job| job.document.clone()).collect();
        let states = ctx.store.index_state(&documents).await?;
        for group in groups(jobs, states) {
            index_or_set_aside(ctx, &group, &mut |chunks| {
                done += chunks;
                report(Progress::Indexed { done, total: total.max(done) });
            })
            .await?;
        }
    }
}

type Group = Vec<(IndexJob, IndexState)>;

/// Pairs jobs with states and cuts them into groups that are flushed together.
fn groups(jobs: Vec<IndexJob>, states: Vec<IndexState>) -> Vec<Group> {
    let mut states: std::collections::HashMap<_, _> =
        states.into_iter().map(|state| (state.document.clone(), state)).collect();
    let mut groups: Vec<Group> = Vec::new();
    let mut room = 0;
    for job in jobs {
        let Some(state) = states.remove(&job.document) else { continue };
        if room < state.chunks.len() || groups.is_empty() {
            groups.push(Vec::new());
            room = CHUNKS_PER_FLUSH;
        }
        room = room.saturating_sub(state.chunks.len());
        if let Some(group) = groups.last_mut() {
            group.push((job, state));
        }
    }
    groups
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
                })
                .collect(),
        ));
        vector.push(change(&state.document, entries));
    }
    futures::try_join!(
        async {
            ctx.keyword.apply(keyword).await?;
            ctx.keyword.flush().await
        },
        async {
            ctx.vector.apply(vector).await?;
            ctx.vector.flush().await
        },
    )?;
    let finished: Vec<_> = group.iter().map(|(job, _)| (job.document.clone(), job.seq)).collect();
    ctx.store.finish_jobs(&finished).await?;
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
