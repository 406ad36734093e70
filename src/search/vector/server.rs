//! Vectors on a Qdrant server or cluster, over gRPC.

use std::time::Duration;

use async_trait::async_trait;
use domain::{
    AccessClassId, ChunkId, EngineError, EngineResult, Hit, IndexChange, VectorEntry, VectorIndex, VectorQuery,
};
use qdrant_client::{
    Payload, Qdrant, QdrantError,
    config::QdrantConfig,
    qdrant::{
        AcornSearchParamsBuilder, Condition, CountPointsBuilder, CreateCollectionBuilder,
        CreateFieldIndexCollectionBuilder, DeletePointsBuilder, Distance, FieldType, Filter, PointId, PointStruct,
        PointsIdsList, QueryPointsBuilder, ScrollPointsBuilder, SearchParamsBuilder, UpsertPointsBuilder, VectorParams,
        VectorParamsBuilder, point_id::PointIdOptions, vectors_config::Config,
    },
};
use secrecy::ExposeSecret;

use super::{ACCESS, DOCUMENT, DOCUMENTS_PER_DELETE, POINTS_PER_SCROLL, POINTS_PER_UPSERT, Point, check, settle};
use crate::{Error, Result, VectorConfig};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A collection on a Qdrant server. Writes wait until they are applied and in the server's log, so there is
/// nothing to flush.
pub struct ServerIndex {
    client: Qdrant,
    collection: String,
    dims: usize,
    exact_below: usize,
    beam: usize,
}

impl ServerIndex {
    /// Connects and creates the collection with its payload indexes when missing. An existing one for other
    /// vectors is [`Error::Collection`]; an unreachable server a retryable [`Error::Engine`].
    pub async fn open(dims: usize, config: &VectorConfig) -> Result<Self> {
        let client = connect(config)?;
        let collection = config.collection.clone();
        let index = Self { client, collection, dims, exact_below: config.exact_below, beam: config.beam };
        index.create_if_missing().await?;
        index.refuse_other_vectors().await?;
        index.index_field(DOCUMENT, FieldType::Keyword).await?;
        index.index_field(ACCESS, FieldType::Integer).await?;
        Ok(index)
    }

    /// Deletes what the database no longer knows: points of a collection that was not built from it alone.
    pub async fn keep_only(&self, known: &[ChunkId]) -> EngineResult<()> {
        let known: std::collections::HashSet<i64> = known.iter().map(|chunk| chunk.0).collect();
        let unknown: Vec<PointId> = self
            .chunk_ids()
            .await?
            .into_iter()
            .filter(|chunk| !known.contains(&chunk.0))
            .map(|chunk| PointId::from(chunk.0.unsigned_abs()))
            .collect();
        for ids in unknown.chunks(POINTS_PER_UPSERT) {
            let points = PointsIdsList { ids: ids.to_vec() };
            let wanted = DeletePointsBuilder::new(&self.collection).points(points).wait(true);
            self.client.delete_points(wanted).await.map_err(|error| failed("delete", &error))?;
        }
        Ok(())
    }

    /// Deletes the collection and everything in it; a missing one is fine.
    pub async fn delete(config: &VectorConfig) -> Result<()> {
        let (client, collection) = (connect(config)?, &config.collection);
        let found = client.collection_exists(collection).await.map_err(|error| failed("connect", &error))?;
        if found {
            client.delete_collection(collection).await.map_err(|error| failed("delete the collection", &error))?;
        }
        Ok(())
    }

    async fn create_if_missing(&self) -> EngineResult<()> {
        if self.exists().await? {
            return Ok(());
        }
        let vectors = VectorParamsBuilder::new(self.dims as u64, Distance::Cosine);
        let wanted = CreateCollectionBuilder::new(&self.collection).vectors_config(vectors);
        match self.client.create_collection(wanted).await {
            // Another replica may have created it meanwhile.
            Err(error) if !self.exists().await? => Err(failed("create the collection", &error)),
            _ => Ok(()),
        }
    }

    async fn exists(&self) -> EngineResult<bool> {
        let found = self.client.collection_exists(&self.collection).await;
        found.map_err(|error| failed("connect", &error))
    }

    async fn refuse_other_vectors(&self) -> Result<()> {
        let found = self.client.collection_info(&self.collection).await;
        let info = found.map_err(|error| failed("describe the collection", &error))?.result;
        let params = info.and_then(|info| info.config).and_then(|config| config.params);
        let reason = match params.and_then(|params| params.vectors_config).and_then(|vectors| vectors.config) {
            Some(Config::Params(VectorParams { size, distance, .. })) => {
                let (size, cosine) = (size as usize, distance == Distance::Cosine as i32);
                if size == self.dims && cosine {
                    return Ok(());
                }
                let kind = if cosine { "" } else { " not compared by cosine" };
                format!("holds vectors of {size} dimensions{kind}, not of {}", self.dims)
            }
            _ => "does not hold one unnamed vector per point".into(),
        };
        Err(Error::Collection { collection: self.collection.clone(), reason })
    }

    async fn index_field(&self, field: &str, kind: FieldType) -> EngineResult<()> {
        let wanted = CreateFieldIndexCollectionBuilder::new(&self.collection, field, kind).wait(true);
        let done = self.client.create_field_index(wanted).await;
        done.map(drop).map_err(|error| failed("index a payload field", &error))
    }

    async fn count(&self, visible: Filter) -> EngineResult<usize> {
        let wanted = CountPointsBuilder::new(&self.collection).filter(visible).exact(false);
        let counted = self.client.count(wanted).await.map_err(|error| failed("count", &error))?;
        Ok(counted.result.map_or(0, |result| result.count as usize))
    }
}

#[async_trait]
impl VectorIndex for ServerIndex {
    async fn apply(&self, changes: Vec<IndexChange<VectorEntry>>) -> EngineResult<()> {
        let settled = settle(changes, self.dims)?;
        let written: Vec<u64> = settled.points.iter().map(|point| point.id).collect();
        let mut points = settled.points.into_iter().map(wire_point).peekable();
        while points.peek().is_some() {
            let batch: Vec<_> = points.by_ref().take(POINTS_PER_UPSERT).collect();
            let wanted = UpsertPointsBuilder::new(&self.collection, batch).wait(true);
            self.client.upsert_points(wanted).await.map_err(|error| failed("upsert", &error))?;
        }
        for documents in settled.documents.chunks(DOCUMENTS_PER_DELETE) {
            let documents = documents.iter().map(ToString::to_string).collect::<Vec<_>>();
            let mut old = Filter::must([Condition::matches(DOCUMENT, documents)]);
            old.must_not = vec![Condition::has_id(written.iter().copied())];
            let wanted = DeletePointsBuilder::new(&self.collection).points(old).wait(true);
            self.client.delete_points(wanted).await.map_err(|error| failed("delete", &error))?;
        }
        Ok(())
    }

    async fn flush(&self) -> EngineResult<()> {
        Ok(())
    }

    async fn search(&self, query: VectorQuery) -> EngineResult<Vec<Hit>> {
        if query.access.is_empty() || query.limit == 0 {
            return Ok(Vec::new());
        }
        check(&query.vector, self.dims, || "search".into())?;
        let visible = visible_to(&query.access);
        let exact = self.count(visible.clone()).await? <= self.exact_below;
        let params = SearchParamsBuilder::default()
            .exact(exact)
            .hnsw_ef(self.beam.max(query.limit) as u64)
            .acorn(AcornSearchParamsBuilder::new(true));
        let wanted = QueryPointsBuilder::new(&self.collection)
            .query(query.vector)
            .filter(visible)
            .params(params)
            .limit(query.limit as u64);
        let found = self.client.query(wanted).await.map_err(|error| failed("search", &error))?;
        let hit = |point: qdrant_client::qdrant::ScoredPoint| Some(Hit { chunk: chunk(point.id)?, score: point.score });
        Ok(found.result.into_iter().filter_map(hit).collect())
    }

    async fn chunk_ids(&self) -> EngineResult<Vec<ChunkId>> {
        let mut chunks = Vec::new();
        let mut next: Option<PointId> = None;
        loop {
            let mut wanted = ScrollPointsBuilder::new(&self.collection)
                .limit(POINTS_PER_SCROLL as u32)
                .with_payload(false)
                .with_vectors(false);
            if let Some(from) = next.take() {
                wanted = wanted.offset(from);
            }
            let page = self.client.scroll(wanted).await.map_err(|error| failed("list chunks", &error))?;
            chunks.extend(page.result.into_iter().filter_map(|point| chunk(point.id)));
            next = page.next_page_offset;
            if next.is_none() {
                chunks.sort_unstable();
                return Ok(chunks);
            }
        }
    }
}

fn connect(config: &VectorConfig) -> Result<Qdrant> {
    let key = config.api_key.as_ref().map(|key| key.expose_secret().to_owned());
    // The client would repeat an unusable key in its error message.
    if key.as_ref().is_some_and(|key| !key.chars().all(|letter| letter.is_ascii_graphic())) {
        let reason = "it may hold visible ASCII characters only".into();
        return Err(Error::Setting { setting: "vector.api_key", reason });
    }
    let mut settings = QdrantConfig::from_url(config.server_url()?).skip_compatibility_check();
    settings.api_key = key;
    settings.timeout = Duration::from_secs(config.timeout_secs.max(1));
    settings.connect_timeout = CONNECT_TIMEOUT;
    let unusable = |error: QdrantError| Error::Setting { setting: "vector.url", reason: error.to_string() };
    settings.build().map_err(unusable)
}

fn visible_to(access: &[AccessClassId]) -> Filter {
    let classes: Vec<i64> = access.iter().map(|class| class.0).collect();
    Filter::must([Condition::matches(ACCESS, classes)])
}

fn wire_point(point: Point) -> PointStruct {
    let mut payload = Payload::new();
    payload.insert(DOCUMENT, point.document.to_string());
    payload.insert(ACCESS, point.access);
    PointStruct::new(point.id, point.vector, payload)
}

fn chunk(id: Option<PointId>) -> Option<ChunkId> {
    match id?.point_id_options? {
        PointIdOptions::Num(number) => i64::try_from(number).ok().map(ChunkId),
        PointIdOptions::Uuid(_) => None,
    }
}

/// The server may be restarting or busy, so every failure is worth another try.
fn failed(task: &str, error: &QdrantError) -> EngineError {
    let reason = match error {
        QdrantError::ResponseError { status } | QdrantError::ResourceExhaustedError { status, .. } => {
            format!("{} ({})", status.message(), status.code())
        }
        other => other.to_string(),
    };
    EngineError::retry(format!("Qdrant server: {task}: {reason}"))
}
