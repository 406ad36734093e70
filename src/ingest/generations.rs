//! The generations of the indexes that this process has open: what documents are cut, embedded and indexed for.

use std::sync::{Arc, PoisonError, RwLock};

use domain::{Embedder, GenerationId, KeywordIndex, VectorIndex};

use crate::ChunkConfig;

/// A pair of indexes with what decides what they hold.
#[derive(Clone)]
pub struct Generation {
    pub id: GenerationId,
    pub chunking: ChunkConfig,
    pub embedder: Arc<dyn Embedder>,
    pub keyword: Arc<dyn KeywordIndex>,
    pub vector: Arc<dyn VectorIndex>,
}

/// The open generations, the live one first. Clones share them; they are replaced as a whole, so that whoever holds some
/// works with one consistent set.
#[derive(Clone)]
pub struct Generations(Arc<RwLock<Arc<OpenGenerations>>>);

/// The generations that were open at one moment.
pub struct OpenGenerations {
    pub live: Generation,
    /// The one being built and the one before, where there are such.
    pub others: Vec<Generation>,
}

impl Generations {
    pub fn new(live: Generation) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(OpenGenerations { live, others: Vec::new() }))))
    }

    pub fn now(&self) -> Arc<OpenGenerations> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn replace(&self, live: Generation, others: Vec<Generation>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(OpenGenerations { live, others });
    }
}

impl OpenGenerations {
    pub fn all(&self) -> impl Iterator<Item = &Generation> {
        std::iter::once(&self.live).chain(&self.others)
    }

    pub fn get(&self, id: GenerationId) -> Option<&Generation> {
        self.all().find(|generation| generation.id == id)
    }

    pub fn ids(&self) -> Vec<GenerationId> {
        self.all().map(|generation| generation.id).collect()
    }
}
