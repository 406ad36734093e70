//! The keyword index: BM25 over title, context and text of each chunk, in tantivy.

mod analysis;
mod query;
mod schema;
mod writer;

use std::{collections::BTreeSet, path::Path, sync::Arc};

use async_trait::async_trait;
use domain::{ChunkId, EngineError, EngineResult, Hit, IndexChange, KeywordEntry, KeywordIndex, KeywordQuery};
use tantivy::{Index, IndexReader, ReloadPolicy, Searcher, collector::TopDocs, directory::error::LockError};
use tokio::task::spawn_blocking;

use self::{schema::Fields, writer::Writer};
use crate::{Error, KeywordConfig, Result, directory};

/// A tantivy index in a directory of its own. Searches see what was flushed. Clones share one index.
#[derive(Clone)]
pub struct TantivyIndex {
    inner: Arc<Inner>,
}

struct Inner {
    reader: IndexReader,
    fields: Fields,
    config: KeywordConfig,
    writer: Writer,
}

impl TantivyIndex {
    /// Makes a new, empty index in `dir`, which must be missing or empty.
    pub fn create(dir: &Path, config: &KeywordConfig) -> Result<Self> {
        directory::make_empty(dir)?;
        let (schema, fields) = schema::schema();
        let index = Index::create_in_dir(dir, schema).map_err(|error| unopened(dir, error))?;
        Self::over(dir, index, fields, config)
    }

    /// Opens the index in `dir`; [`Error::Unusable`] when it is missing, damaged or of another schema.
    pub fn open(dir: &Path, config: &KeywordConfig) -> Result<Self> {
        if directory::is_empty(dir) {
            return Err(Error::unusable(dir, "there is none"));
        }
        let index = Index::open_in_dir(dir).map_err(|error| unopened(dir, error))?;
        let (schema, fields) = schema::schema();
        if index.schema() != schema {
            return Err(Error::unusable(dir, "it was written by another version"));
        }
        Self::over(dir, index, fields, config)
    }

    fn over(dir: &Path, index: Index, fields: Fields, config: &KeywordConfig) -> Result<Self> {
        analysis::register(&index);
        let writer =
            Writer::open(index.clone(), fields, config.writer_memory_mb).map_err(|error| unopened(dir, error))?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into();
        let reader = reader.map_err(|error| unopened(dir, error))?;
        Ok(Self { inner: Arc::new(Inner { reader, fields, config: config.clone(), writer }) })
    }

    async fn blocking<T: Send + 'static>(
        &self,
        task: &'static str,
        work: impl FnOnce(&Inner) -> EngineResult<T> + Send + 'static,
    ) -> EngineResult<T> {
        let inner = self.inner.clone();
        let done = spawn_blocking(move || work(&inner)).await;
        done.map_err(|error| EngineError::retry(format!("keyword index: {task} stopped: {error}")))?
    }
}

#[async_trait]
impl KeywordIndex for TantivyIndex {
    async fn apply(&self, changes: Vec<IndexChange<KeywordEntry>>) -> EngineResult<()> {
        self.blocking("apply", move |inner| inner.writer.apply(&changes)).await
    }

    async fn flush(&self) -> EngineResult<()> {
        self.blocking("flush", |inner| {
            inner.writer.commit()?;
            inner.reader.reload().map_err(|error| failed("reload", &error))
        })
        .await
    }

    async fn search(&self, query: KeywordQuery) -> EngineResult<Vec<Hit>> {
        if query.access.is_empty() || query.limit == 0 {
            return Ok(Vec::new());
        }
        self.blocking("search", move |inner| inner.search(&query)).await
    }

    async fn chunk_ids(&self) -> EngineResult<Vec<ChunkId>> {
        self.blocking("list chunks", |inner| inner.chunk_ids()).await
    }
}

impl Inner {
    fn search(&self, query: &KeywordQuery) -> EngineResult<Vec<Hit>> {
        let searcher = self.reader.searcher();
        let languages = self.languages(&searcher).map_err(|error| failed("search", &error))?;
        let Some(wanted) = query::build(&query.text, &query.access, &languages, &self.fields, &self.config) else {
            return Ok(Vec::new());
        };
        let limit = query.limit.min(searcher.num_docs() as usize).max(1);
        let found = searcher.search(&wanted, &TopDocs::with_limit(limit).order_by_score());
        let found = found.map_err(|error| failed("search", &error))?;

        let mut hits = Vec::with_capacity(found.len());
        for (score, at) in found {
            let column = searcher.segment_reader(at.segment_ord).fast_fields().i64(schema::CHUNK);
            let chunk = column.map_err(|error| failed("search", &error))?.first(at.doc_id);
            hits.extend(chunk.map(|chunk| Hit { chunk: ChunkId(chunk), score }));
        }
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
        Ok(hits)
    }

    /// Every analysis that terms in the index come from, in order.
    fn languages(&self, searcher: &Searcher) -> tantivy::Result<Vec<String>> {
        let mut languages = BTreeSet::new();
        for segment in searcher.segment_readers() {
            let index = segment.inverted_index(self.fields.language)?;
            let mut terms = index.terms().stream()?;
            while terms.advance() {
                languages.insert(String::from_utf8_lossy(terms.key()).into_owned());
            }
        }
        Ok(languages.into_iter().collect())
    }

    fn chunk_ids(&self) -> EngineResult<Vec<ChunkId>> {
        let mut chunks = Vec::new();
        for segment in self.reader.searcher().segment_readers() {
            let column = segment.fast_fields().i64(schema::CHUNK).map_err(|error| failed("list chunks", &error))?;
            chunks.extend(segment.doc_ids_alive().filter_map(|doc| column.first(doc)).map(ChunkId));
        }
        chunks.sort_unstable();
        Ok(chunks)
    }
}

fn failed(task: &str, error: &tantivy::TantivyError) -> EngineError {
    EngineError::retry(format!("keyword index: {task}: {error}"))
}

fn unopened(dir: &Path, error: tantivy::TantivyError) -> Error {
    match error {
        tantivy::TantivyError::LockFailure(LockError::LockBusy, _) => Error::InUse { dir: dir.to_owned() },
        other => Error::unusable(dir, other.to_string()),
    }
}
