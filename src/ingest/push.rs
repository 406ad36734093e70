//! The push recipe: documents that were handed over, compared, parsed, chunked, stored in one transaction.

use std::collections::{HashMap, HashSet};

use domain::{Change, DocumentId, RawDocument};
use store::{Source, Write};

use crate::{
    Error, IngestContext, Result, SyncSummary,
    diff::{KnownSource, Step},
    language::Tally,
    sync::{cleaner, failed_before, prepare, recipe},
};

/// What a push did, as a whole and to each document.
#[derive(Clone, Debug, PartialEq)]
pub struct Pushed {
    pub summary: SyncSummary,
    /// In the order of the changes; those that named something the store never had are left out.
    pub documents: Vec<PushedDocument>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PushedDocument {
    pub external_id: String,
    /// `None` when it failed and was never read.
    pub document: Option<DocumentId>,
    pub outcome: PushOutcome,
}

#[derive(Clone, Debug, PartialEq)]
pub enum PushOutcome {
    Added,
    /// Its text, title, address or readers.
    Changed,
    Unchanged,
    Deleted,
    /// It could not be read; what the store held before stays.
    Failed {
        reason: String,
    },
}

/// Brings the store in line with `changes`, which name each external id once. The indexes follow by their jobs.
pub async fn push(ctx: &IngestContext, source: &Source, changes: Vec<Change>) -> Result<Pushed> {
    match once(ctx, source, changes.clone()).await {
        // Somebody else pushed the same new id, or took away a text that one here shares: now that is known.
        Err(Error::Store(store::Error::Conflict(_))) => once(ctx, source, changes).await,
        done => done,
    }
}

async fn once(ctx: &IngestContext, source: &Source, changes: Vec<Change>) -> Result<Pushed> {
    let ids: Vec<String> = changes.iter().filter_map(external_id).map(str::to_owned).collect();
    let documents = ctx.store.known_among(&source.id, &ids).await?;
    let failed = failed_before(ctx.store.failures_among(&source.id, &ids).await?);
    let known = KnownSource::new(source.id.clone(), documents, failed, recipe(ctx, &source.settings.clean));
    let steps: Vec<Step> = changes.into_iter().flat_map(|change| known.decide(change)).collect();
    let mut summary = SyncSummary::default();
    let mut languages = Tally::of(ctx.store.source_languages(&source.id).await?);
    let writes = prepare(ctx, &cleaner(source)?, steps, &mut languages, &mut summary, &mut |_| {}).await?;
    let documents = outcomes(&ids, &writes, &known);
    ctx.store.apply_batch(&source.id, writes, source.cursor.clone(), (ctx.clock.now)()).await?;
    summary.failures.sort_by(|a, b| a.external_id.cmp(&b.external_id));
    Ok(Pushed { summary, documents })
}

fn external_id(change: &Change) -> Option<&str> {
    match change {
        Change::Upsert(RawDocument { external_id, .. })
        | Change::Unchanged { external_id, .. }
        | Change::Access { external_id, .. }
        | Change::Delete { external_id }
        | Change::Failed { external_id, .. } => Some(external_id),
        Change::Members { .. } => None,
    }
}

/// What the writes do to each of `ids`, in that order.
fn outcomes(ids: &[String], writes: &[Write], known: &KnownSource) -> Vec<PushedDocument> {
    let names: HashMap<&DocumentId, &str> =
        known.documents.iter().map(|(external_id, known)| (&known.document, external_id.as_str())).collect();
    let mut found: HashMap<&str, (Option<DocumentId>, PushOutcome)> = HashMap::new();
    for write in writes {
        match write {
            Write::Put { external_id, document, .. } => {
                let known = known.documents.contains_key(external_id);
                let outcome = if known { PushOutcome::Changed } else { PushOutcome::Added };
                found.insert(external_id, (Some(document.clone()), outcome));
            }
            Write::Access { document, .. } | Write::Delete { document } => {
                let Some(external_id) = names.get(document) else { continue };
                let is_deleted = matches!(write, Write::Delete { .. });
                let outcome = if is_deleted { PushOutcome::Deleted } else { PushOutcome::Changed };
                found.insert(external_id, (Some(document.clone()), outcome));
            }
            Write::Failed { external_id, reason, .. } => {
                let outcome = PushOutcome::Failed { reason: reason.clone() };
                found.insert(external_id, (live(known, external_id), outcome));
            }
            // Other readers were named before and stay the outcome.
            Write::Seen { external_id, .. } => {
                found.entry(external_id).or_insert_with(|| (live(known, external_id), PushOutcome::Unchanged));
            }
            Write::Gone { external_id } => {
                found.insert(external_id, (None, PushOutcome::Deleted));
            }
            Write::Members { .. } => {}
        }
    }
    let mut told = HashSet::new();
    let first = ids.iter().filter(|id| told.insert(id.as_str()));
    first
        .filter_map(|id| {
            let (document, outcome) = found.remove(id.as_str())?;
            Some(PushedDocument { external_id: id.clone(), document, outcome })
        })
        .collect()
}

fn live(known: &KnownSource, external_id: &str) -> Option<DocumentId> {
    known.documents.get(external_id).filter(|known| known.live).map(|known| known.document.clone())
}
