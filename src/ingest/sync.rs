//! The sync recipe: a connector's batches, compared, parsed, chunked, each stored in one transaction with its cursor.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use domain::{
    Batch, Chunk, CleanRule, Connector, Document, DocumentId, EngineError, GenerationId, Principal, RawDocument,
    Signature, Since, VersionHash, sha256_hex,
};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use store::{Failure, Source, SyncClaim, Write};

use crate::{
    IngestContext, Progress, Report, Result,
    clean::{Cleaned, Cleaner},
    cut::cut_apart,
    diff::{Failed, KnownSource, Step, said_once},
    language::{Tally, language},
};

/// Bump when parsing changes what it makes of the same bytes.
const PARSER_VERSION: u32 = 3;

/// Why a document is not stored that the cleaning rules leave nothing of.
const NOTHING_LEFT: &str = "the source's cleaning rules leave no text";

/// What a sync did; every failure is named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SyncSummary {
    pub added: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub deleted: u64,
    /// Documents whose readers alone changed.
    pub access_changed: u64,
    /// Documents whose very text another one holds for the same readers; indexed once.
    pub duplicates: u64,
    pub chunks: u64,
    /// How many items the source holds, where it was listed completely.
    pub listed: Option<u64>,
    pub failures: Vec<SyncFailure>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SyncFailure {
    pub external_id: String,
    pub reason: String,
}

impl SyncSummary {
    /// Adds the documents of the source that an index refused, once the indexes have been at work.
    pub async fn name_put_off(&mut self, ctx: &IngestContext, source: &Source) -> Result<()> {
        let put_off = ctx.store.put_off(&source.id).await?;
        let named = put_off.into_iter().map(|(external_id, reason)| SyncFailure { external_id, reason });
        self.failures.extend(named);
        Ok(())
    }
}

/// Brings the store in line with what `connector` reports from the source's cursor on. The indexes follow by their jobs.
/// With a `claim` nothing is stored once another worker has the sync.
pub async fn sync(
    ctx: &IngestContext,
    source: &Source,
    claim: Option<&SyncClaim>,
    connector: &dyn Connector,
    report: Report<'_>,
) -> Result<SyncSummary> {
    let cleaner = cleaner(source)?;
    let documents = ctx.store.known_documents(&source.id).await?;
    let failed = failed_before(ctx.store.failures(Some(&source.id)).await?);
    let mut known = KnownSource::new(source.id.clone(), documents, failed, recipe(ctx, &source.settings.clean));
    let mut languages = Tally::of(ctx.store.source_languages(&source.id).await?);
    let mut summary = SyncSummary::default();
    let mut visited = 0;
    let mut since = Since { cursor: source.cursor.clone(), held: Arc::new(known.held()) };
    if source.recipe.as_deref() != Some(&known.recipe) {
        // A cursor would pass over what has to be read anew.
        ctx.store.start_over(&source.id, &known.recipe).await?;
        since.cursor = None;
    }
    let mut batches = connector.changes(since);
    while let Some(batch) = batches.next().await {
        let Batch { changes, cursor, listing, total } = batch?;
        let mut steps: Vec<Step> = said_once(changes).into_iter().flat_map(|change| known.decide(change)).collect();
        if let Some(listing) = &listing {
            summary.listed = Some(listing.len() as u64);
        }
        steps.extend(known.gone(listing.as_deref().unwrap_or_default()));
        let mut seen = |name: &str| {
            visited += 1;
            report(Progress::Visited { done: visited, total, name: name.to_owned() });
        };
        let writes = prepare(ctx, &cleaner, steps, &mut languages, &mut summary, &mut seen).await?;
        let now = (ctx.clock.now)();
        known.learn(&writes);
        match claim {
            Some(claim) => ctx.store.apply_claimed_batch(claim, writes, cursor, now).await?,
            None => ctx.store.apply_batch(&source.id, writes, cursor, now).await?,
        }
    }
    summary.failures.sort_by(|a, b| a.external_id.cmp(&b.external_id));
    Ok(summary)
}

/// What failed before is not parsed again, as long as it is the same.
pub(crate) fn failed_before(failures: Vec<Failure>) -> HashMap<String, Failed> {
    let failed = |failure: Failure| {
        let Failure { external_id, raw_hash, revision, reason, .. } = failure;
        (external_id, Failed { raw_hash, revision, reason })
    };
    failures.into_iter().map(failed).collect()
}

/// The source's cleaning rules, ready to apply.
pub(crate) fn cleaner(source: &Source) -> Result<Arc<Cleaner>> {
    Ok(Arc::new(Cleaner::new(&source.settings.clean).map_err(EngineError::give_up)?))
}

/// Everything but the bytes that decides which text is stored for them. How it is cut is a matter of the indexes' generations.
pub(crate) fn recipe(ctx: &IngestContext, clean: &[CleanRule]) -> String {
    sha256_hex(format!("{PARSER_VERSION} {:?} {clean:?}", ctx.config.limits).as_bytes())
}

/// Parses what must be parsed, several files at once, and turns every step into a write.
pub(crate) async fn prepare(
    ctx: &IngestContext,
    cleaner: &Arc<Cleaner>,
    steps: Vec<Step>,
    languages: &mut Tally,
    summary: &mut SyncSummary,
    seen: &mut (dyn FnMut(&str) + Send),
) -> Result<Vec<Write>> {
    let mut writes = Vec::new();
    let mut puts = Vec::new();
    for step in steps {
        match step {
            Step::Parse { raw, raw_hash, document } => puts.push((raw, raw_hash, document)),
            Step::Access { document, readers } => {
                summary.access_changed += 1;
                writes.push(Write::Access { document, readers });
            }
            Step::Delete { document } => {
                summary.deleted += 1;
                writes.push(Write::Delete { document });
            }
            Step::Same { external_id, revision } => {
                summary.unchanged += 1;
                seen(&external_id);
                writes.push(Write::Seen { external_id, revision });
            }
            Step::Failed { external_id, raw_hash, revision, reason } => {
                seen(&external_id);
                let name = external_id.clone();
                writes.push(failed(Broken { external_id, name, raw_hash, revision, reason }, summary));
            }
            Step::Members { group, members } => writes.push(Write::Members { group, members }),
            Step::Gone { external_id } => writes.push(Write::Gone { external_id }),
            Step::Nothing => {}
        }
    }
    let parsed = stream::iter(puts).map(|(raw, raw_hash, document)| parse(ctx, cleaner, raw, raw_hash, document));
    let mut parsed: Vec<Parsed> =
        parsed.buffered(ctx.parsers.workers()).inspect_ok(|parsed| seen(parsed.name())).try_collect().await?;
    settle_languages(&mut parsed, languages);
    let mut texts = HashMap::new();
    for parsed in parsed {
        writes.push(match parsed {
            Parsed::Text(prepared) => deduplicated(ctx, *prepared, &mut texts, summary).await?,
            Parsed::Broken(broken) => failed(broken, summary),
        });
    }
    Ok(writes)
}

enum Parsed {
    /// A document ready to store.
    Text(Box<Prepared>),
    Broken(Broken),
}

/// Without hash and revision it is tried again next time.
struct Broken {
    external_id: String,
    name: String,
    raw_hash: Option<String>,
    revision: Option<String>,
    reason: String,
}

/// A parsed document with all that is stored of it.
struct Prepared {
    document: DocumentId,
    /// Whether the store had it before.
    known: bool,
    title: String,
    media_type: String,
    raw_hash: String,
    /// Without its bytes.
    raw: RawDocument,
    parsed: Document,
    generation: GenerationId,
    chunks: Vec<Chunk>,
}

impl Parsed {
    fn name(&self) -> &str {
        match self {
            Parsed::Text(prepared) => &prepared.raw.external_id,
            Parsed::Broken(broken) => &broken.external_id,
        }
    }
}

async fn parse(
    ctx: &IngestContext,
    cleaner: &Arc<Cleaner>,
    mut raw: RawDocument,
    raw_hash: String,
    known: Option<DocumentId>,
) -> Result<Parsed> {
    let bytes = std::mem::take(&mut raw.bytes);
    let parsed = match ctx.parsers.parse(&raw.file_name, bytes).await {
        Ok(parsed) => parsed,
        Err(error) => {
            let RawDocument { external_id, file_name: name, revision, .. } = raw;
            let is_final = !error.is_retryable();
            let (raw_hash, revision) = (is_final.then_some(raw_hash), revision.filter(|_| is_final));
            return Ok(Parsed::Broken(Broken { external_id, name, raw_hash, revision, reason: error.to_string() }));
        }
    };
    let title = raw.title.clone().or_else(|| parsed.title.clone()).unwrap_or_else(|| raw.file_name.clone());
    let (parsed, _) = cleaned(cleaner, parsed).await?;
    // For the generation that answers; the others' chunks are cut by the index jobs.
    let live = ctx.generations.now().live.clone();
    let generation = live.id;
    let (parsed, chunks) = cut_apart(live, parsed, title.clone()).await?;
    if chunks.is_empty() && parsed.text.is_empty() {
        let RawDocument { external_id, file_name: name, revision, .. } = raw;
        let reason = format!("clean {name}: {NOTHING_LEFT}");
        return Ok(Parsed::Broken(Broken { external_id, name, raw_hash: Some(raw_hash), revision, reason }));
    }
    Ok(Parsed::Text(Box::new(Prepared {
        known: known.is_some(),
        document: known.unwrap_or_else(|| DocumentId::new((ctx.clock.ulid)())),
        title,
        media_type: media_type(&raw.file_name),
        raw_hash,
        raw,
        parsed,
        generation,
        chunks,
    })))
}

/// A text that is too short to tell is taken to be in the language of most of its source.
fn settle_languages(parsed: &mut [Parsed], languages: &mut Tally) {
    let texts = || parsed.iter().filter_map(|one| if let Parsed::Text(text) = one { Some(text) } else { None });
    for text in texts() {
        languages.count(text.parsed.language.as_ref());
    }
    let most = languages.most();
    for one in parsed {
        if let Parsed::Text(text) = one
            && text.parsed.language.is_none()
        {
            text.parsed.language.clone_from(&most);
        }
    }
}

fn media_type(file_name: &str) -> String {
    mime_guess::from_path(file_name).first_or_text_plain().to_string()
}

/// Cleans a parsed document and notes its language and its signature.
pub(crate) async fn cleaned(cleaner: &Arc<Cleaner>, mut parsed: Document) -> Result<(Document, Cleaned)> {
    let cleaner = Arc::clone(cleaner);
    let cleaned = tokio::task::spawn_blocking(move || {
        let cleaned = cleaner.clean(&mut parsed);
        parsed.language = language(&parsed.text);
        parsed.signature = Signature::of(&parsed.text);
        (parsed, cleaned)
    });
    Ok(cleaned.await?)
}

type Texts = HashMap<(VersionHash, BTreeSet<Principal>), DocumentId>;

/// The very same text for the same readers is indexed once; the store keeps the chunks should the first one go.
async fn deduplicated(
    ctx: &IngestContext,
    prepared: Prepared,
    texts: &mut Texts,
    summary: &mut SyncSummary,
) -> Result<Write> {
    let Prepared { document, known, title, media_type, raw_hash, raw, parsed, generation, chunks } = prepared;
    let readers: BTreeSet<Principal> = raw.readers.into_iter().collect();
    let version = VersionHash::of(&parsed.text);
    let stored = ctx.store.document_by_text(&version, &readers).await?;
    let first = texts.entry((version, readers.clone())).or_insert_with(|| stored.unwrap_or_else(|| document.clone()));
    let duplicate_of = (*first != document).then(|| first.clone());
    match duplicate_of {
        Some(_) => summary.duplicates += 1,
        None => summary.chunks += chunks.len() as u64,
    }
    *(if known { &mut summary.changed } else { &mut summary.added }) += 1;
    Ok(Write::Put {
        document,
        external_id: raw.external_id,
        uri: raw.uri,
        title,
        media_type,
        raw_hash,
        revision: raw.revision,
        modified_at: raw.modified_at,
        readers,
        parsed,
        generation,
        chunks,
        duplicate_of,
    })
}

fn failed(broken: Broken, summary: &mut SyncSummary) -> Write {
    let Broken { external_id, name, raw_hash, revision, reason } = broken;
    summary.failures.push(SyncFailure { external_id: external_id.clone(), reason: reason.clone() });
    Write::Failed { external_id, name, raw_hash, revision, reason }
}
