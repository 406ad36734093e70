//! Remembers vectors of short texts: selector and judge look at the same sentences.

use std::sync::Arc;

use moka::sync::Cache;
use sha2::{Digest, Sha256};

pub(super) struct VectorCache(Cache<[u8; 32], Arc<[f32]>>);

impl VectorCache {
    pub fn new(vectors: u64) -> Self {
        Self(Cache::new(vectors))
    }

    pub fn get(&self, text: &str) -> Option<Vec<f32>> {
        self.0.get(&key(text)).map(|vector| vector.to_vec())
    }

    pub fn put(&self, text: &str, vector: &[f32]) {
        self.0.insert(key(text), vector.into());
    }
}

fn key(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
