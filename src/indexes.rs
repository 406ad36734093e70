//! Opens and creates the two indexes that the configuration names.

use std::sync::Arc;

use domain::{ChunkId, KeywordIndex, VectorIndex};
use search::{EdgeIndex, Result, SearchConfig, ServerIndex, TantivyIndex, VectorKind, wipe};

use crate::data_dir::DataDir;

pub struct Indexes {
    pub keyword: Arc<dyn KeywordIndex>,
    pub vector: Arc<dyn VectorIndex>,
    /// The vector index again when it is the one in this process.
    pub edge: Option<Arc<EdgeIndex>>,
}

impl Indexes {
    /// Existing indexes; `Unusable` when one is missing, broken or of another shape.
    pub async fn open(config: &SearchConfig, data_dir: &DataDir, dims: usize) -> Result<Self> {
        let keyword = Arc::new(TantivyIndex::open(&data_dir.keyword_index(), &config.keyword)?);
        match config.vector.kind {
            VectorKind::Edge => Ok(Self::of(keyword, EdgeIndex::open(&data_dir.vector_index(), dims, &config.vector)?)),
            VectorKind::Server => {
                let vector = Arc::new(ServerIndex::open(dims, &config.vector).await?);
                Ok(Self { keyword, vector, edge: None })
            }
        }
    }

    /// Empty indexes in place of whatever was there. A server's collection may be shared: it keeps the `known` chunks.
    pub async fn create(config: &SearchConfig, data_dir: &DataDir, dims: usize, known: &[ChunkId]) -> Result<Self> {
        wipe(&data_dir.keyword_index())?;
        let keyword = Arc::new(TantivyIndex::create(&data_dir.keyword_index(), &config.keyword)?);
        match config.vector.kind {
            VectorKind::Edge => {
                wipe(&data_dir.vector_index())?;
                Ok(Self::of(keyword, EdgeIndex::create(&data_dir.vector_index(), dims, &config.vector)?))
            }
            VectorKind::Server => {
                let vector = Arc::new(ServerIndex::open(dims, &config.vector).await?);
                vector.keep_only(known).await?;
                Ok(Self { keyword, vector, edge: None })
            }
        }
    }

    fn of(keyword: Arc<TantivyIndex>, edge: EdgeIndex) -> Self {
        let edge = Arc::new(edge);
        Self { keyword, vector: edge.clone(), edge: Some(edge) }
    }
}
