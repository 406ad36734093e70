//! The generations of the indexes in this process: opened, followed, built, switched to, deleted.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, PoisonError},
};

use anyhow::{Context, Result};
use domain::{Embedder, EngineError, GenerationId};
use ingest::{ChunkConfig, Generation, Generations, IngestContext, OpenGenerations, build_some};
use search::EdgeIndex;
use store::{GenerationState, IndexGeneration, Store};

use crate::{
    config::Config,
    data_dir::DataDir,
    indexes::{Indexes, Place},
    output,
    wiring::clock,
};

/// Chunks deleted in one transaction.
const CHUNKS_PER_DELETION: u64 = 5_000;
/// One in so many documents may be refused by an engine in indexes that are to answer.
const REFUSED_SHARE: u64 = 50;

/// What the settings ask for, and what there is.
pub struct Shelf {
    config: Config,
    data_dir: DataDir,
    models_dir: PathBuf,
    store: Store,
    embedder: Arc<dyn Embedder>,
    open: Generations,
    edges: std::sync::Mutex<BTreeMap<GenerationId, Arc<EdgeIndex>>>,
    /// No longer open, perhaps still in use by a question: its files go when it is not.
    closing: std::sync::Mutex<BTreeMap<GenerationId, Generation>>,
    /// One at a time follows what the database says.
    following: tokio::sync::Mutex<()>,
}

/// Where the settings stand to the generations there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// They are those of the live generation.
    Live,
    /// A generation by them is being built.
    Building,
    /// They are those of the previous generation, which can be gone back to.
    Previous,
    /// There is no generation by them.
    Missing,
}

/// What a step of the building came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    /// Some more documents are in the new indexes.
    Built,
    /// The new generation is live.
    Switched(GenerationId),
    /// There is nothing to build, or nothing can be done now.
    Idle,
}

/// Opens the live generation; what is damaged is set up anew and filled by index jobs. The other generations are opened too.
pub async fn open(config: Config, data_dir: DataDir, models_dir: PathBuf, store: Store) -> Result<Shelf> {
    let embedder = models::open_embedder(&config.models, &models_dir)?;
    let chunking = serde_json::to_value(&config.ingest.chunk)?;
    let mut live = store.live_generation().await?;
    if live.profile.is_none() || live.chunking.is_none() {
        store.record_recipe(live.id, embedder.profile(), &chunking).await?;
        live = store.live_generation().await?;
    }
    let opener = Opener { config: &config, data_dir: &data_dir, models_dir: &models_dir, embedder: &embedder };
    let holds_nothing = !wants(&config, &*embedder, &live) && store.counts().await?.live == 0;
    let found = match opener.embedder_of(&live).await {
        Err(error) if is_passing(&error) => return Err(error.context("open the embedder of the live indexes")),
        Err(error) => {
            eprintln!("building the indexes anew: {}", output::one_line(&error));
            None
        }
        Ok(found) => Some(found).filter(|_| !holds_nothing),
    };
    let found = match found {
        Some(found) => found,
        None => {
            store.replace_generations(embedder.profile(), &chunking, (clock().now)()).await?;
            live = store.live_generation().await?;
            Arc::clone(&embedder)
        }
    };
    let (generation, edge) = opener.usable(&store, &live, found).await?;
    let shelf = Shelf::of(config, data_dir, models_dir, store, embedder, generation, edge);
    shelf.wipe_strangers().await?;
    shelf.follow().await?;
    Ok(shelf)
}

/// Opens what can be opened and changes nothing. `None` when nothing was ever indexed.
pub async fn inspect(config: Config, data_dir: DataDir, models_dir: PathBuf, store: Store) -> Result<Option<Shelf>> {
    let live = store.live_generation().await?;
    if live.profile.is_none() {
        return Ok(None);
    }
    let embedder = models::open_embedder(&config.models, &models_dir)?;
    let opener = Opener { config: &config, data_dir: &data_dir, models_dir: &models_dir, embedder: &embedder };
    let (generation, edge) = opener.as_it_is(&live, opener.embedder_of(&live).await?).await?;
    let mut others = Vec::new();
    for row in store.generations().await?.iter().filter(|row| is_kept(row) && row.id != live.id) {
        if let Ok(embedder) = opener.embedder_of(row).await
            && let Ok((generation, _)) = opener.as_it_is(row, embedder).await
        {
            others.push(generation);
        }
    }
    let shelf = Shelf::of(config, data_dir, models_dir, store, embedder, generation.clone(), edge);
    shelf.open.replace(generation, others);
    Ok(Some(shelf))
}

/// Whether both indexes hold exactly the chunks of their generation; differences that a job will mend are none.
pub async fn agree(store: &Store, generation: &Generation) -> Result<bool> {
    if store.job_count(generation.id).await? > 0 {
        return Ok(true);
    }
    let truth = store.chunk_ids(generation.id).await?;
    Ok(generation.keyword.chunk_ids().await? == truth && generation.vector.chunk_ids().await? == truth)
}

/// Whether a generation was made by the settings of today.
fn wants(config: &Config, embedder: &dyn Embedder, row: &IndexGeneration) -> bool {
    row.profile.as_ref() == Some(embedder.profile()) && chunking(row).ok().as_ref() == Some(&config.ingest.chunk)
}

fn chunking(row: &IndexGeneration) -> Result<ChunkConfig> {
    let recorded = row.chunking.clone().with_context(|| format!("generation {} says not how it was cut", row.id))?;
    serde_json::from_value(recorded).with_context(|| format!("read how generation {} was cut", row.id))
}

/// Whether it may be over in a moment: a server that does not answer.
fn is_passing(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<EngineError>().is_some_and(|error| error.retryable))
}

fn is_kept(row: &IndexGeneration) -> bool {
    row.state != GenerationState::Dropping
}

impl Shelf {
    fn of(
        config: Config,
        data_dir: DataDir,
        models_dir: PathBuf,
        store: Store,
        embedder: Arc<dyn Embedder>,
        live: Generation,
        edge: Option<Arc<EdgeIndex>>,
    ) -> Self {
        let edges = edge.into_iter().map(|edge| (live.id, edge)).collect::<BTreeMap<_, _>>();
        Self {
            config,
            data_dir,
            models_dir,
            store,
            embedder,
            open: Generations::new(live),
            edges: edges.into(),
            closing: Default::default(),
            following: Default::default(),
        }
    }

    /// What is open, for those who write; it changes as generations come and go.
    pub fn generations(&self) -> Generations {
        self.open.clone()
    }

    pub fn live(&self) -> Generation {
        self.open.now().live.clone()
    }

    /// Builds the search graph of a generation's vectors, where they are in this process.
    pub async fn optimize(&self, id: GenerationId) -> Result<()> {
        let edge = self.edges.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        match edge {
            Some(edge) => Ok(edge.optimize().await?),
            None => Ok(()),
        }
    }

    pub async fn wanted(&self) -> Result<Wanted> {
        let rows = self.store.generations().await?;
        let ours = rows.iter().filter(|row| wants(&self.config, &*self.embedder, row)).map(|row| row.state);
        let ours: Vec<GenerationState> = ours.collect();
        Ok(match ours.as_slice() {
            states if states.contains(&GenerationState::Live) => Wanted::Live,
            states if states.contains(&GenerationState::Building) => Wanted::Building,
            states if states.contains(&GenerationState::Previous) => Wanted::Previous,
            _ => Wanted::Missing,
        })
    }

    /// Begins a generation by the settings of today where there is none. One that is being built by other settings is given up.
    pub async fn begin_wanted(&self) -> Result<Wanted> {
        for row in self.store.generations().await? {
            if row.state == GenerationState::Building && !wants(&self.config, &*self.embedder, &row) {
                self.store.give_up_generation(row.id).await?;
            }
        }
        let wanted = self.wanted().await?;
        if wanted == Wanted::Missing {
            let chunking = serde_json::to_value(&self.config.ingest.chunk)?;
            self.store.begin_generation(self.embedder.profile(), &chunking, (clock().now)()).await?;
        }
        Ok(wanted)
    }

    /// Opens, closes and exchanges what the database says, whoever wrote it there.
    pub async fn follow(&self) -> Result<()> {
        let _alone = self.following.lock().await;
        let now = self.open.now();
        let (mut live, mut others) = (None, Vec::new());
        for row in self.store.generations().await?.iter().filter(|row| is_kept(row)) {
            let opened = match now.get(row.id) {
                Some(generation) => Ok(generation.clone()),
                None => self.open_one(row).await,
            };
            match opened {
                Ok(generation) if row.state == GenerationState::Live => live = Some(generation),
                Ok(generation) => others.push(generation),
                // The one that answered until now goes on.
                Err(error) if row.state == GenerationState::Live => return Err(error),
                Err(error) => {
                    tracing::warn!(generation = %row.id, error = %output::one_line(&error), "open the indexes");
                }
            }
        }
        let live = live.context("no generation of the indexes is live")?;
        self.open.replace(live, others);
        self.close(&now);
        Ok(())
    }

    /// Does some of the work that is left of building a generation, switches to it when nothing is, and deletes those that were
    /// given up.
    pub async fn advance(&self, ctx: &IngestContext) -> Result<Advance> {
        self.follow().await?;
        self.delete_given_up().await?;
        let rows = self.store.generations().await?;
        let Some(row) = rows.iter().find(|row| row.state == GenerationState::Building) else {
            return Ok(Advance::Idle);
        };
        let open = self.open.now();
        let Some(generation) = open.get(row.id) else { return Ok(Advance::Idle) };
        if let Some(reason) = self.data_dir.lacks_space(self.config.ingest.min_free_bytes) {
            anyhow::bail!("build new indexes: {reason}");
        }
        if build_some(ctx, row.id).await? > 0 {
            return Ok(Advance::Built);
        }
        let progress = self.store.generation_progress(row.id).await?;
        if progress.left > 0 {
            return Ok(Advance::Idle);
        }
        // Indexes that an engine refuses to fill must not answer.
        anyhow::ensure!(
            progress.refused * REFUSED_SHARE <= progress.documents,
            "build new indexes: {} of {} documents were refused; the old ones go on answering",
            progress.refused,
            progress.documents
        );
        self.optimize(row.id).await?;
        generation.embedder.embed_query("warm up").await?;
        self.store.switch_generation(row.id, (clock().now)()).await?;
        self.follow().await?;
        Ok(Advance::Switched(row.id))
    }

    /// Deletes the chunks and indexes of generations that were given up and that no question uses any more.
    pub async fn delete_given_up(&self) -> Result<()> {
        for row in self.store.generations().await?.iter().filter(|row| row.state == GenerationState::Dropping) {
            if !self.is_closed(row.id).await? {
                continue;
            }
            while self.store.delete_chunks(row.id, CHUNKS_PER_DELETION).await? {}
            Indexes::delete(&self.place(row.id, 0)).await?;
            self.store.forget_generation(row.id, (clock().now)()).await?;
        }
        Ok(())
    }

    /// Folders of generations that the database does not know: it was exchanged, or another process forgot them.
    async fn wipe_strangers(&self) -> Result<()> {
        let known: Vec<GenerationId> = self.store.generations().await?.into_iter().map(|row| row.id).collect();
        for id in self.data_dir.indexed().into_iter().filter(|id| !known.contains(id)) {
            search::wipe(&self.data_dir.index(id))?;
        }
        Ok(())
    }

    async fn open_one(&self, row: &IndexGeneration) -> Result<Generation> {
        let opener = self.opener();
        let embedder = match opener.embedder_of(row).await {
            Ok(embedder) => embedder,
            Err(error) if is_passing(&error) => return Err(error),
            Err(error) => {
                self.store.give_up_generation(row.id).await?;
                return Err(error.context("it was given up"));
            }
        };
        let (generation, edge) = opener.usable(&self.store, row, embedder).await?;
        if let Some(edge) = edge {
            self.edges.lock().unwrap_or_else(PoisonError::into_inner).insert(row.id, edge);
        }
        Ok(generation)
    }

    fn close(&self, before: &OpenGenerations) {
        let now = self.open.now();
        let gone = before.all().filter(|generation| now.get(generation.id).is_none());
        let mut closing = self.closing.lock().unwrap_or_else(PoisonError::into_inner);
        for generation in gone {
            closing.insert(generation.id, generation.clone());
            self.edges.lock().unwrap_or_else(PoisonError::into_inner).remove(&generation.id);
        }
    }

    /// Whether nobody holds the indexes of a generation any more.
    async fn is_closed(&self, id: GenerationId) -> Result<bool> {
        let last = {
            let mut closing = self.closing.lock().unwrap_or_else(PoisonError::into_inner);
            match closing.get(&id) {
                None => return Ok(self.open.now().get(id).is_none()),
                Some(held) if Arc::strong_count(&held.keyword) > 1 || Arc::strong_count(&held.vector) > 1 => {
                    return Ok(false);
                }
                Some(_) => closing.remove(&id),
            }
        };
        // Waits for the threads that write.
        tokio::task::spawn_blocking(move || drop(last)).await?;
        Ok(true)
    }

    fn opener(&self) -> Opener<'_> {
        let Self { config, data_dir, models_dir, embedder, .. } = self;
        Opener { config, data_dir, models_dir, embedder }
    }

    fn place(&self, generation: GenerationId, dims: usize) -> Place<'_> {
        Place { config: &self.config.search, data_dir: &self.data_dir, generation, dims }
    }
}

/// What opening needs.
struct Opener<'a> {
    config: &'a Config,
    data_dir: &'a DataDir,
    models_dir: &'a PathBuf,
    /// The one that is configured.
    embedder: &'a Arc<dyn Embedder>,
}

type Opened = (Generation, Option<Arc<EdgeIndex>>);

impl Opener<'_> {
    /// The embedder that a generation's vectors were made by. One that is not the configured one is asked for a sign of life.
    async fn embedder_of(&self, row: &IndexGeneration) -> Result<Arc<dyn Embedder>> {
        let profile = row.profile.as_ref().with_context(|| format!("generation {} names no embedder", row.id))?;
        if profile == self.embedder.profile() {
            return Ok(Arc::clone(self.embedder));
        }
        let embedder = models::open_recorded_embedder(&self.config.models, self.models_dir, profile)?;
        embedder.embed_query("sign of life").await?;
        Ok(embedder)
    }

    async fn as_it_is(&self, row: &IndexGeneration, embedder: Arc<dyn Embedder>) -> Result<Opened> {
        let indexes = Indexes::open(&self.place(row.id, &*embedder)).await?;
        generation(row, embedder, indexes)
    }

    /// A generation with its indexes; where they are missing, damaged or hold something else than SQL says, with new ones that
    /// jobs fill.
    async fn usable(&self, store: &Store, row: &IndexGeneration, embedder: Arc<dyn Embedder>) -> Result<Opened> {
        let place = self.place(row.id, &*embedder);
        let reason = match Indexes::open(&place).await {
            Ok(indexes) => {
                let opened = generation(row, Arc::clone(&embedder), indexes)?;
                if agree(store, &opened.0).await? {
                    return Ok(opened);
                }
                "they do not hold what the database says".to_owned()
            }
            Err(search::Error::Unusable { reason, .. }) => reason,
            Err(error) => return Err(error.into()),
        };
        if row.state == GenerationState::Previous {
            store.give_up_generation(row.id).await?;
            anyhow::bail!("the previous indexes were given up: {reason}");
        }
        let known = store.chunk_ids(row.id).await?;
        if !known.is_empty() {
            eprintln!("rebuilding the indexes: {reason}");
        }
        // Asked for first: whatever happens now, the new indexes will be filled.
        store.enqueue_all(row.id, (clock().now)()).await?;
        generation(row, embedder, Indexes::create(&place, &known).await?)
    }

    fn place(&self, generation: GenerationId, embedder: &dyn Embedder) -> Place<'_> {
        Place { config: &self.config.search, data_dir: self.data_dir, generation, dims: embedder.profile().dims }
    }
}

fn generation(row: &IndexGeneration, embedder: Arc<dyn Embedder>, indexes: Indexes) -> Result<Opened> {
    let Indexes { keyword, vector, edge } = indexes;
    Ok((Generation { id: row.id, chunking: chunking(row)?, embedder, keyword, vector }, edge))
}
