//! One Qdrant Edge shard: the engine's words, all blocking.

use std::{
    fs::{self, File, TryLockError},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use domain::{AccessClassId, ChunkId, Hit, VectorQuery};
use qdrant_edge::{
    AcornSearchParams, Condition, CountRequest, CreateIndex, Distance, EdgeConfig, EdgeConfigBuilder, EdgeShard,
    EdgeVectorParamsBuilder, FieldCondition, FieldIndexOperations, Filter, HasIdCondition, JsonPath, Match, NamedQuery,
    OperationError, OperationResult, PayloadFieldSchema, PayloadSchemaType, PointId, PointInsertOperations,
    PointOperations, PointStruct, QueryEnum, ScrollRequest, SearchParams, SearchRequest, UpdateOperation, Vector,
    VectorInternal, Vectors, WalOptions, WithPayloadInterface, WithVector,
};
use serde_json::json;

use super::{ACCESS, DOCUMENT, DOCUMENTS_PER_DELETE, POINTS_PER_SCROLL, POINTS_PER_UPSERT, Point, Settled};
use crate::{Error, Result, VectorConfig};

/// The vector's name; change it with the payload, and older shards are found unusable.
const VECTOR: &str = "chunk-1";
const LOG_SEGMENT_BYTES: usize = 8 << 20;
/// Finished log files kept before the shard is reopened to drop them (64 MB).
const MAX_LOG_SEGMENTS: usize = 8;

pub(super) struct Shard {
    engine: EdgeShard,
    dir: PathBuf,
    exact_below: usize,
    beam: usize,
}

impl Shard {
    /// Makes a new shard in the empty directory `dir`.
    pub fn create(dir: &Path, dims: usize, config: &VectorConfig) -> Result<Self> {
        let engine = guarded(dir, || EdgeShard::new(dir, layout(dims)))?;
        Self::over(engine, dir, config)
    }

    /// Opens a shard. Changes after its last flush may be missing.
    pub fn load(dir: &Path, dims: usize, config: &VectorConfig) -> Result<Self> {
        match EdgeConfig::load(dir) {
            None => return Err(Error::unusable(dir, "there is none")),
            Some(Err(error)) => return Err(Error::unusable(dir, error.to_string())),
            Some(Ok(found)) if found.vectors != layout(dims).vectors => {
                return Err(Error::unusable(dir, format!("it does not hold vectors of {dims} dimensions")));
            }
            Some(Ok(_)) => {}
        }
        refuse_if_locked(dir)?;
        drop_old_log(dir).map_err(|error| Error::unusable(dir, format!("tidy its log: {error}")))?;
        let engine = guarded(dir, || EdgeShard::load(dir, Some(layout(dims))))?;
        Self::over(engine, dir, config)
    }

    fn over(engine: EdgeShard, dir: &Path, config: &VectorConfig) -> Result<Self> {
        let shard = Self { engine, dir: dir.to_owned(), exact_below: config.exact_below, beam: config.beam };
        guarded(dir, || shard.index_fields())?;
        Ok(shard)
    }

    /// A segment made by the engine itself has no payload index: asked for again after each load and
    /// optimisation, which costs nothing where it exists.
    fn index_fields(&self) -> OperationResult<()> {
        for (field, kind) in [(DOCUMENT, PayloadSchemaType::Keyword), (ACCESS, PayloadSchemaType::Integer)] {
            let field_schema = Some(PayloadFieldSchema::FieldType(kind));
            let index = CreateIndex { field_name: path(field)?, field_schema };
            self.engine.update(UpdateOperation::FieldIndexOperation(FieldIndexOperations::CreateIndex(index)))?;
        }
        Ok(())
    }

    pub fn apply(&self, settled: Settled) -> OperationResult<()> {
        let written: Vec<u64> = settled.points.iter().map(|point| point.id).collect();
        let mut points = settled.points.into_iter().map(engine_point).peekable();
        while points.peek().is_some() {
            let batch = PointInsertOperations::PointsList(points.by_ref().take(POINTS_PER_UPSERT).collect());
            self.engine.update(UpdateOperation::PointOperation(PointOperations::UpsertPoints(batch)))?;
        }
        for documents in settled.documents.chunks(DOCUMENTS_PER_DELETE) {
            let documents = documents.iter().map(ToString::to_string).collect::<Vec<_>>();
            let kept = written.iter().map(|id| PointId::NumId(*id)).collect::<HasIdCondition>();
            let mut old = Filter::new_must(field_match(DOCUMENT, Match::from(documents))?);
            old.must_not = Some(vec![Condition::HasId(kept)]);
            self.engine.update(UpdateOperation::PointOperation(PointOperations::DeletePointsByFilter(old)))?;
        }
        Ok(())
    }

    /// Panics where the engine cannot write: call it where that is caught.
    pub fn flush(&self) {
        self.engine.flush();
    }

    /// Builds the graph over what was written since the last call; minutes for hundreds of thousands.
    pub fn optimize(&self) -> OperationResult<()> {
        self.engine.optimize()?;
        self.index_fields()
    }

    /// Whether the log, which the engine never trims, has grown enough to reopen the shard.
    pub fn should_reopen(&self) -> bool {
        closed_log(&self.dir).is_ok_and(|closed| closed.len() > MAX_LOG_SEGMENTS)
    }

    pub fn search(&self, query: VectorQuery) -> OperationResult<Vec<Hit>> {
        let visible = visible_to(&query.access)?;
        let count = self.engine.count(CountRequest { filter: Some(visible.clone()), exact: false })?;
        let nearest = NamedQuery { query: VectorInternal::from(query.vector), using: Some(VECTOR.into()) };
        let params = SearchParams {
            exact: count <= self.exact_below,
            hnsw_ef: Some(self.beam.max(query.limit)),
            acorn: Some(AcornSearchParams { enable: true, max_selectivity: None }),
            ..SearchParams::default()
        };
        let found = self.engine.search(SearchRequest {
            query: QueryEnum::Nearest(nearest),
            filter: Some(visible),
            params: Some(params),
            limit: query.limit,
            offset: 0,
            with_payload: None,
            with_vector: None,
            score_threshold: None,
        })?;
        Ok(found.iter().filter_map(|point| Some(Hit { chunk: chunk(point.id)?, score: point.score })).collect())
    }

    pub fn chunk_ids(&self) -> OperationResult<Vec<ChunkId>> {
        let mut chunks = Vec::new();
        let mut next = None;
        loop {
            let (page, after) = self.engine.scroll(ScrollRequest {
                offset: next,
                limit: Some(POINTS_PER_SCROLL),
                filter: None,
                with_payload: Some(WithPayloadInterface::Bool(false)),
                with_vector: WithVector::Bool(false),
                order_by: None,
            })?;
            chunks.extend(page.iter().filter_map(|point| chunk(point.id)));
            next = after;
            if next.is_none() {
                return Ok(chunks);
            }
        }
    }
}

fn layout(dims: usize) -> EdgeConfig {
    let vectors = EdgeVectorParamsBuilder::new(dims, Distance::Cosine).build();
    let log = WalOptions { segment_capacity: LOG_SEGMENT_BYTES, ..WalOptions::default() };
    EdgeConfigBuilder::new().vector(VECTOR, vectors).wal_options(log).build()
}

fn engine_point(point: Point) -> qdrant_edge::PointStructPersisted {
    let vector = Vectors::new_named([(VECTOR, Vector::new_dense(point.vector))]);
    PointStruct::new(point.id, vector, json!({ DOCUMENT: point.document.as_str(), ACCESS: point.access })).into()
}

fn visible_to(access: &[AccessClassId]) -> OperationResult<Filter> {
    let classes: Vec<i64> = access.iter().map(|class| class.0).collect();
    Ok(Filter::new_must(field_match(ACCESS, Match::from(classes))?))
}

fn field_match(field: &str, wanted: Match) -> OperationResult<Condition> {
    Ok(Condition::Field(FieldCondition::new_match(path(field)?, wanted)))
}

fn path(field: &str) -> OperationResult<JsonPath> {
    field.parse().map_err(|()| OperationError::service_error(format!("`{field}` is not a payload field")))
}

fn chunk(id: PointId) -> Option<ChunkId> {
    match id {
        PointId::NumId(number) => i64::try_from(number).ok().map(ChunkId),
        PointId::Uuid(_) => None,
    }
}

/// Opening a damaged shard may panic in the engine: that too means it must be rebuilt.
fn guarded<T>(dir: &Path, open: impl FnOnce() -> OperationResult<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(open)) {
        Ok(Ok(opened)) => Ok(opened),
        Ok(Err(error)) if error.to_string().contains("WouldBlock") => Err(Error::InUse { dir: dir.to_owned() }),
        Ok(Err(error)) => Err(Error::unusable(dir, error.to_string())),
        Err(_) => Err(Error::unusable(dir, "the engine broke while it opened it")),
    }
}

fn log_dir(dir: &Path) -> PathBuf {
    dir.join("wal")
}

/// The engine locks its log's directory; asking first gives a clear answer.
fn refuse_if_locked(dir: &Path) -> Result<()> {
    let Ok(log) = File::open(log_dir(dir)) else { return Ok(()) };
    match log.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Error::InUse { dir: dir.to_owned() }),
        _ => Ok(()),
    }
}

/// The engine writes a log but neither reads nor trims it: all finished files but the last may go. The last one
/// stays because the numbering of changes continues from it.
fn drop_old_log(dir: &Path) -> std::io::Result<()> {
    let mut closed = closed_log(dir)?;
    closed.sort_unstable();
    closed.pop();
    closed.into_iter().try_for_each(|(_, file)| fs::remove_file(file))
}

/// Finished log files with the number of their first change.
fn closed_log(dir: &Path) -> std::io::Result<Vec<(u64, PathBuf)>> {
    let mut closed = Vec::new();
    if !log_dir(dir).exists() {
        return Ok(closed);
    }
    for entry in fs::read_dir(log_dir(dir))? {
        let file = entry?.path();
        let name = file.file_name().and_then(|name| name.to_str());
        let first = name.and_then(|name| name.strip_prefix("closed-")).and_then(|number| number.parse().ok());
        closed.extend(first.map(|first| (first, file.clone())));
    }
    Ok(closed)
}
