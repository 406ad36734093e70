//! Configuration to contexts: names the concrete engines but the indexes, the clock and the id maker.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use answer::{AnswerContext, CurrentContext, ExtractiveGenerator};
use anyhow::{Context, Result};
use connectors::{Http, Parts, SourceConfig, folder::FolderConfig};
use domain::{Clock, Connector, EmbedderProfile, Generator, Principal, SourceId};
use ingest::{Cleaner, Ended, IngestContext, ParserPool, Report, Schedule, Worker, index_pending};
use models::GeneratorConfig;
use search::VectorKind;
use secrecy::ExposeSecret;
use serde_json::Value;
use store::{NewSource, Source, SourceSettings, Store};
use tokio::sync::Notify;

use crate::{
    commands::{Global, ingest::Bars},
    config::Config,
    data_dir::{DataDir, DataDirLock, default_models_dir},
    generations::{self, Advance, Shelf, Wanted},
    output, secrets,
    source_kinds::Kinds,
};

/// First argument that makes this program a parser: it reads files from standard input and nothing else.
pub const PARSE_WORKER: &str = "parse-worker";

/// Chunks indexed in one go after which the vector graph is built at once.
const OPTIMIZE_AFTER: u64 = 1_000;

/// How often an indexer looks for what is due.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// What an unconfigured Footnote runs on.
const DEFAULT_MODELS: [&str; 2] = ["all-minilm-l6-v2", "smollm2-135m-instruct"];

/// A generator named on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum GeneratorChoice {
    /// The best supported sentences, verbatim; no language model
    Extractive,
    /// The local language model
    Candle,
    /// The configured OpenAI-compatible server
    Openai,
}

/// The opened workspace: configuration, store, engines.
pub struct House {
    config: Config,
    data_dir: DataDir,
    models_dir: PathBuf,
    shelf: Shelf,
    ingest: IngestContext,
    _lock: DataDirLock,
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn clock() -> Clock {
    Clock { now: jiff::Timestamp::now, ulid: ulid::Ulid::new }
}

pub fn parse_worker() -> ExitCode {
    match ingest::parse::run_worker() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// The flag, else the configuration, else the user's caches.
pub fn models_dir(global: &Global) -> Result<PathBuf> {
    let data_dir = DataDir::new(global.data_dir.clone())?;
    configured_models_dir(global, &Config::read(global.config.as_deref(), &data_dir.config_file())?)
}

fn configured_models_dir(global: &Global, config: &Config) -> Result<PathBuf> {
    global.models_dir.clone().or_else(|| config.models.dir.clone()).map_or_else(default_models_dir, Ok)
}

/// Fetches the named models, or the defaults; what is there already is checked and kept.
pub fn pull_models(dir: &Path, names: &[String]) -> Result<Vec<String>> {
    let defaults = DEFAULT_MODELS.map(String::from).to_vec();
    let names: Vec<String> = if names.is_empty() { defaults } else { names.to_vec() };
    let mut tell = |step: &str| eprintln!("{step}");
    names.iter().map(|name| Ok(models::pull(name, dir, &mut tell)?.name)).collect()
}

/// Names of the models that agree with their hashes; the first that does not is the error.
pub fn verify_models(dir: &Path) -> Result<Vec<String>> {
    let checked = models::verify(dir)?;
    anyhow::ensure!(!checked.is_empty(), "no models in {}", dir.display());
    checked.into_iter().map(|(name, result)| result.map(|()| name).map_err(Into::into)).collect()
}

impl House {
    /// Takes the data directory for `command` and opens every engine.
    pub async fn open(global: &Global, command: &str) -> Result<Self> {
        let data_dir = DataDir::new(global.data_dir.clone())?;
        let config = Config::read(global.config.as_deref(), &data_dir.config_file())?;
        Self::open_in(data_dir, config, global, command).await
    }

    /// A workspace in the empty folder `dir` with the user's settings, but its own database and indexes.
    pub async fn open_apart(global: &Global, dir: &Path, command: &str) -> Result<Self> {
        let users = DataDir::new(global.data_dir.clone())?;
        let mut config = Config::read(global.config.as_deref(), &users.config_file())?;
        config.store.url = None;
        config.search.vector.kind = VectorKind::Edge;
        Self::open_in(DataDir::new(Some(dir.to_owned()))?, config, global, command).await
    }

    /// The workspace as it is: an index that cannot be used is an error and stays as it is.
    pub async fn inspect(global: &Global, command: &str) -> Result<Self> {
        let data_dir = DataDir::new(global.data_dir.clone())?;
        let config = Config::read(global.config.as_deref(), &data_dir.config_file())?;
        let lock = data_dir.lock(command)?;
        let store = open_store(&config, &data_dir).await?;
        let models_dir = configured_models_dir(global, &config)?;
        let found = generations::inspect(config.clone(), data_dir.clone(), models_dir.clone(), store.clone()).await?;
        let Some(shelf) = found else {
            drop((lock, store));
            return Self::open_in(data_dir, config, global, command).await;
        };
        Self::assemble(config, data_dir, models_dir, shelf, store, lock)
    }

    async fn open_in(data_dir: DataDir, config: Config, global: &Global, command: &str) -> Result<Self> {
        let lock = data_dir.lock(command)?;
        let models_dir = configured_models_dir(global, &config)?;
        let store = open_store(&config, &data_dir).await?;
        if !store.is_postgres() {
            // Whoever held something here has lost the data directory to this process.
            store.release_leases().await?;
        }
        let shelf = generations::open(config.clone(), data_dir.clone(), models_dir.clone(), store.clone()).await?;
        Self::assemble(config, data_dir, models_dir, shelf, store, lock)
    }

    fn assemble(
        config: Config,
        data_dir: DataDir,
        models_dir: PathBuf,
        shelf: Shelf,
        store: Store,
        lock: DataDirLock,
    ) -> Result<Self> {
        let ingest = IngestContext {
            store,
            parsers: Arc::new(parser_pool(&config)?),
            generations: shelf.generations(),
            config: config.ingest.clone(),
            clock: clock(),
            worker: format!("{}-{}", std::process::id(), (clock().ulid)()),
            indexing: Arc::default(),
        };
        Ok(Self { config, data_dir, models_dir, shelf, ingest, _lock: lock })
    }

    /// The database alone, also while another process serves the workspace.
    pub async fn open_store_only(global: &Global) -> Result<Store> {
        let data_dir = DataDir::new(global.data_dir.clone())?;
        let config = Config::read(global.config.as_deref(), &data_dir.config_file())?;
        open_store(&config, &data_dir).await
    }

    /// What indexes are built by when they are built now: the embedder's profile and how documents are cut.
    pub fn index_settings(global: &Global) -> Result<(EmbedderProfile, Value)> {
        let data_dir = DataDir::new(global.data_dir.clone())?;
        let config = Config::read(global.config.as_deref(), &data_dir.config_file())?;
        let models_dir = configured_models_dir(global, &config)?;
        let embedder = models::open_embedder(&config.models, &models_dir)?;
        Ok((embedder.profile().clone(), serde_json::to_value(&config.ingest.chunk)?))
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    pub fn store(&self) -> &Store {
        &self.ingest.store
    }

    pub fn ingest_context(&self) -> &IngestContext {
        &self.ingest
    }

    /// Finishes what an interrupted run left undone.
    pub async fn converge(&self) -> Result<()> {
        if self.store().pending_job_count().await? > 0 {
            eprintln!("finishing an interrupted run");
            let bars = Bars::default();
            let indexed = self.index_due(&|progress| bars.show(&progress)).await;
            bars.clear();
            self.settle(indexed?).await?;
            anyhow::ensure!(
                generations::agree(self.store(), &self.shelf.live()).await?,
                "the indexes do not hold what the database says: run the command again to rebuild them"
            );
        }
        Ok(())
    }

    /// Loads what the first question would otherwise wait for.
    pub async fn warm_up(&self) -> Result<()> {
        self.shelf.live().embedder.embed_query("warm up").await?;
        Ok(())
    }

    /// After a large load the vector graph is built, so that searches stay fast. `false` while `indexed` is too few.
    pub async fn settle(&self, indexed: u64) -> Result<bool> {
        if indexed < OPTIMIZE_AFTER {
            return Ok(false);
        }
        self.shelf.optimize(self.shelf.live().id).await?;
        Ok(true)
    }

    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Says so where the settings ask for other indexes than those that answer: only some commands build them.
    pub async fn mention_settings(&self) -> Result<()> {
        if self.shelf.wanted().await? == Wanted::Missing {
            eprintln!(
                "the indexes were built by other settings (chunks or embedder): `footnote reindex run` builds them by those of \
                 today, and so does `footnote serve` in the background"
            );
        }
        Ok(())
    }

    /// One step of building indexes, or of following what other commands decided about them; the answers come from what is
    /// live then.
    pub async fn advance(&self, current: &CurrentContext) -> Result<Advance> {
        let done = self.shelf.advance(&self.ingest).await;
        let (live, before) = (self.shelf.live(), current.now());
        if live.id != before.generation {
            live.embedder.embed_query("warm up").await?;
            let quoter: Arc<dyn Generator> = Arc::new(ExtractiveGenerator::new(Arc::clone(&live.embedder)));
            let has_none = Arc::ptr_eq(&before.generator, &before.quoter);
            current.replace(AnswerContext {
                generation: live.id,
                judge: models::open_judge(&self.config.models, Arc::clone(&live.embedder))?,
                embedder: live.embedder,
                keyword: live.keyword,
                vector: live.vector,
                generator: if has_none { Arc::clone(&quoter) } else { Arc::clone(&before.generator) },
                quoter,
                ..AnswerContext::clone(&before)
            });
        }
        done
    }

    pub async fn answer_context(&self, choice: Option<GeneratorChoice>) -> Result<AnswerContext> {
        let mut models = self.config.models.clone();
        models.generator = match (choice, models.generator) {
            (None, configured) => configured,
            (Some(GeneratorChoice::Extractive), _) => GeneratorConfig::default(),
            (Some(GeneratorChoice::Candle), GeneratorConfig::Candle(candle)) => GeneratorConfig::Candle(candle),
            (Some(GeneratorChoice::Candle), _) => GeneratorConfig::Candle(models::CandleConfig::default()),
            (Some(GeneratorChoice::Openai), GeneratorConfig::OpenAi(server)) => GeneratorConfig::OpenAi(server),
            (Some(GeneratorChoice::Openai), _) => {
                anyhow::bail!("no server is configured: set [models.generator] kind = \"openai\" with url and model")
            }
        };
        let live = self.shelf.live();
        let quoter: Arc<dyn Generator> = Arc::new(ExtractiveGenerator::new(Arc::clone(&live.embedder)));
        Ok(AnswerContext {
            store: self.store().clone(),
            generation: live.id,
            judge: models::open_judge(&models, Arc::clone(&live.embedder))?,
            embedder: live.embedder,
            keyword: live.keyword,
            vector: live.vector,
            reranker: models::open_reranker(&models, &self.models_dir)?,
            generator: models::open_generator(&models, &self.models_dir)?.unwrap_or_else(|| Arc::clone(&quoter)),
            quoter,
            config: self.config.answer.clone(),
            clock: clock(),
        })
    }

    /// What the server asks about sources.
    pub fn source_kinds(&self) -> Arc<dyn server::SourceKinds> {
        let min_free_bytes = self.config.ingest.min_free_bytes;
        Arc::new(Kinds { data_dir: self.data_dir.clone(), min_free_bytes })
    }

    /// The folder as a source. What it was told before stays, unless `readers` are named now.
    pub async fn folder_source(&self, path: &Path, readers: Vec<Principal>) -> Result<(Source, Box<dyn Connector>)> {
        let name = path.display().to_string();
        let readers = (!readers.is_empty()).then_some(readers);
        let source = match self.store().source_by_name(FolderConfig::KIND, &name).await? {
            Some(mut source) => {
                if readers.is_some() && readers != source.settings.access {
                    source.settings.access = readers;
                    self.store().set_source(&source.id, &source.config, &source.settings).await?;
                }
                source
            }
            None => {
                let config = serde_json::to_value(FolderConfig::new(path))?;
                let access = readers.or_else(|| Some(vec![Principal::everyone()]));
                let settings = SourceSettings { access, ..SourceSettings::default() };
                let (id, now) = (SourceId::new((clock().ulid)()), (clock().now)());
                let new = NewSource { id: id.clone(), kind: FolderConfig::KIND.into(), name, config, settings, now };
                self.store().create_source(new).await?;
                self.store().source(&id).await?
            }
        };
        let connector = self.connector(&source)?;
        Ok((source, connector))
    }

    /// Opens the connector of a source.
    pub fn connector(&self, source: &Source) -> Result<Box<dyn Connector>> {
        open_connector(&self.config, &self.data_dir, source)
    }

    /// Runs the sync that is due, or that of `only`; see [`ingest::run_due`].
    pub async fn run_due(&self, only: Option<&SourceId>, report: Report<'_>) -> Result<Option<Ended>> {
        let open = |source: &Source| self.connector(source).map_err(|error| output::one_line(&error));
        let obstacle = || self.data_dir.lacks_space(self.config.ingest.min_free_bytes);
        let worker = Worker { open: &open, obstacle: &obstacle };
        let ended = ingest::run_due(&self.ingest, &worker, only, report).await?;
        if let Some(Ended { source, is_removed: true, .. }) = &ended {
            self.data_dir.forget_source_work(source)?;
        }
        Ok(ended)
    }

    /// Works off the index jobs that are due; see [`index_pending`].
    pub async fn index_due(&self, report: Report<'_>) -> Result<u64> {
        Ok(index_pending(&self.ingest, report).await?)
    }

    /// Indexes beside `work`, and after it what is left, which alone is reported. Returns how many chunks were indexed.
    pub async fn index_beside<T>(&self, work: impl Future<Output = T>, report: Report<'_>) -> Result<(T, u64)> {
        let is_done = Notify::new();
        let work = async {
            let done = work.await;
            is_done.notify_one();
            done
        };
        let beside = async {
            let mut indexed = 0;
            loop {
                indexed += self.index_due(&|_| {}).await?;
                tokio::select! {
                    () = tokio::time::sleep(BETWEEN_LOOKS) => {}
                    () = is_done.notified() => return anyhow::Ok(indexed),
                }
            }
        };
        let (done, indexed) = futures::join!(work, beside);
        let indexed = indexed? + self.index_due(report).await?;
        self.settle(indexed).await?;
        Ok((done, indexed))
    }
}

/// Adds a source whose settings open a connector.
pub async fn add_source(
    global: &Global,
    store: &Store,
    kind: &str,
    name: String,
    config: Value,
    settings: SourceSettings,
) -> Result<Source> {
    let data_dir = DataDir::new(global.data_dir.clone())?;
    let read = Config::read(global.config.as_deref(), &data_dir.config_file())?;
    let (id, now) = (SourceId::new((clock().ulid)()), (clock().now)());
    let new = NewSource { id: id.clone(), kind: kind.into(), name, config, settings, now };
    open_connector(&read, &data_dir, &new.clone().into())?;
    store.create_source(new).await?;
    Ok(store.source(&id).await?)
}

/// Gives a source the settings it has in `source`, with which it opens. When they decide more than its rhythm and pace,
/// its next sync starts over.
pub async fn set_source(global: &Global, store: &Store, source: &Source) -> Result<()> {
    let data_dir = DataDir::new(global.data_dir.clone())?;
    let read = Config::read(global.config.as_deref(), &data_dir.config_file())?;
    open_connector(&read, &data_dir, source)?;
    let before = store.source(&source.id).await?;
    let SourceSettings { schedule, hours, paused, requests_per_second, requests_at_once, .. } = source.settings.clone();
    let paced = SourceSettings { schedule, hours, paused, requests_per_second, requests_at_once, ..before.settings };
    if paced == source.settings && before.config == source.config {
        store.set_settings(&source.id, &source.settings).await?;
    } else {
        store.set_source(&source.id, &source.config, &source.settings).await?;
    }
    let now = (clock().now)();
    let schedule = source.settings.schedule.as_deref();
    let schedule = schedule.and_then(|rhythm| Schedule::parse(rhythm, source.settings.hours.as_deref()).ok());
    let next = schedule.and_then(|schedule| schedule.next(now, source.id.as_str()));
    store.schedule_sync(&source.id, next).await?;
    Ok(())
}

fn open_connector(config: &Config, data_dir: &DataDir, source: &Source) -> Result<Box<dyn Connector>> {
    let kind = connectors::kind(&source.kind)
        .with_context(|| format!("source {}: no connector is called {}", source.name, source.kind))?;
    Cleaner::new(&source.settings.clean)
        .map_err(anyhow::Error::msg)
        .with_context(|| format!("source {}", source.name))?;
    let settings = secrets::resolved(kind, source.config.clone())?;
    let http = Http::new(config.connectors.http.clone(), clock())?;
    let parts = Parts {
        http: source.settings.requests_per_second.map_or(http.clone(), |most| http.paced(most)),
        at_once: source.settings.requests_at_once,
        readers: source.settings.access.clone(),
        clock: clock(),
        work_dir: data_dir.source_work(&source.id),
    };
    kind.open(settings, parts).with_context(|| format!("source {}", source.name))
}

async fn open_store(config: &Config, data_dir: &DataDir) -> Result<Store> {
    let url = config.store.url(data_dir.root())?;
    Store::open_with(url.expose_secret(), config.store.max_connections).await.context("open the database")
}

fn parser_pool(config: &Config) -> Result<ParserPool> {
    let program = std::env::current_exe().context("find this program's own path")?;
    let fitting = config.ingest.parse_memory_bytes / config.ingest.limits.max_memory_bytes.max(1);
    let fitting = usize::try_from(fitting).unwrap_or(usize::MAX);
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(4).min(fitting).max(1);
    Ok(ParserPool::new(program, vec![PARSE_WORKER.into()], config.ingest.limits.clone(), workers))
}
