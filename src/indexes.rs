//! Opens, creates and deletes the two indexes of a generation that the configuration names.

use std::sync::Arc;

use domain::{ChunkId, GenerationId, KeywordIndex, VectorIndex};
use search::{EdgeIndex, Result, SearchConfig, ServerIndex, TantivyIndex, VectorConfig, VectorKind, wipe};

use crate::data_dir::DataDir;

pub struct Indexes {
    pub keyword: Arc<dyn KeywordIndex>,
    pub vector: Arc<dyn VectorIndex>,
    /// The vector index again when it is the one in this process.
    pub edge: Option<Arc<EdgeIndex>>,
}

/// Which indexes: of what settings, where, of which generation, for vectors of how many dimensions.
pub struct Place<'a> {
    pub config: &'a SearchConfig,
    pub data_dir: &'a DataDir,
    pub generation: GenerationId,
    pub dims: usize,
}

impl Indexes {
    /// Existing indexes; `Unusable` when one is missing, broken or of another shape.
    pub async fn open(place: &Place<'_>) -> Result<Self> {
        let dir = place.data_dir.index(place.generation);
        let keyword = Arc::new(TantivyIndex::open(&dir.join("keyword"), &place.config.keyword)?);
        match place.config.vector.kind {
            VectorKind::Edge => {
                Ok(Self::of(keyword, EdgeIndex::open(&dir.join("vector"), place.dims, &place.config.vector)?))
            }
            VectorKind::Server => {
                let vector = Arc::new(ServerIndex::open(place.dims, &place.collection()).await?);
                Ok(Self { keyword, vector, edge: None })
            }
        }
    }

    /// Empty indexes in place of whatever was there. A server's collection may be shared: it keeps the `known` chunks.
    pub async fn create(place: &Place<'_>, known: &[ChunkId]) -> Result<Self> {
        let dir = place.data_dir.index(place.generation);
        let (keyword, vector) = (dir.join("keyword"), dir.join("vector"));
        wipe(&keyword)?;
        let keyword = Arc::new(TantivyIndex::create(&keyword, &place.config.keyword)?);
        match place.config.vector.kind {
            VectorKind::Edge => {
                wipe(&vector)?;
                Ok(Self::of(keyword, EdgeIndex::create(&vector, place.dims, &place.config.vector)?))
            }
            VectorKind::Server => {
                let vector = Arc::new(ServerIndex::open(place.dims, &place.collection()).await?);
                vector.keep_only(known).await?;
                Ok(Self { keyword, vector, edge: None })
            }
        }
    }

    /// Deletes both indexes; close them first.
    pub async fn delete(place: &Place<'_>) -> Result<()> {
        if place.config.vector.kind == VectorKind::Server {
            ServerIndex::delete(&place.collection()).await?;
        }
        wipe(&place.data_dir.index(place.generation))
    }

    fn of(keyword: Arc<TantivyIndex>, edge: EdgeIndex) -> Self {
        let edge = Arc::new(edge);
        Self { keyword, vector: edge.clone(), edge: Some(edge) }
    }
}

impl Place<'_> {
    /// The first generation's collection is the one that is configured, a later one's has its number behind the name.
    fn collection(&self) -> VectorConfig {
        let mut config = self.config.vector.clone();
        if self.generation.0 > 1 {
            config.collection = format!("{}-{}", config.collection, self.generation);
        }
        config
    }
}
