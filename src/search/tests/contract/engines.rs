//! Each engine behind one face: entries are words, so that one suite fits keywords and vectors.

use std::sync::Arc;

use domain::{
    AccessClassId, ChunkId, DocumentId, IndexChange, KeywordEntry, KeywordIndex, KeywordQuery, Language, VectorEntry,
    VectorIndex, VectorQuery,
};
use footnote_search::{EdgeIndex, KeywordConfig, ServerIndex, TantivyIndex, VectorConfig, VectorKind};
use tempfile::TempDir;

use crate::qdrant_server::QdrantServer;

/// The words that vectors are made of, an axis each.
const WORDS: [&str; 6] = ["apple", "bridge", "candle", "desert", "engine", "forest"];
pub const DIMS: usize = WORDS.len();

/// A chunk: number, access class, text.
pub type Entry<'a> = (i64, i64, &'a str);

pub enum Engine {
    Tantivy(TempDir),
    Edge(TempDir),
    Server { config: VectorConfig, _serving: Option<QdrantServer> },
}

#[derive(Clone)]
pub enum Index {
    Keyword(Arc<dyn KeywordIndex>),
    Vector(Arc<dyn VectorIndex>),
}

pub async fn tantivy() -> Option<Engine> {
    let dir = TempDir::new().unwrap();
    TantivyIndex::create(&dir.path().join("index"), &KeywordConfig::default()).unwrap();
    Some(Engine::Tantivy(dir))
}

pub async fn edge() -> Option<Engine> {
    let dir = TempDir::new().unwrap();
    EdgeIndex::create(&dir.path().join("index"), DIMS, &VectorConfig::default()).unwrap();
    Some(Engine::Edge(dir))
}

/// The client over real gRPC, the test's own server behind it.
pub async fn server() -> Option<Engine> {
    let server = QdrantServer::start(None).await;
    let config = server_config(&server.url, "footnote");
    Some(Engine::Server { config, _serving: Some(server) })
}

/// A server of yours, when `QDRANT_URL` names one; each test makes and leaves a collection of its own.
pub async fn real_server() -> Option<Engine> {
    let url = std::env::var("QDRANT_URL").ok()?;
    let name = TempDir::new().unwrap().path().file_name().unwrap().to_string_lossy().into_owned();
    let mut config = server_config(&url, &format!("footnote-test-{name}"));
    config.api_key = std::env::var("QDRANT_API_KEY").ok().map(Into::into);
    Some(Engine::Server { config, _serving: None })
}

pub fn server_config(url: &str, collection: &str) -> VectorConfig {
    let (url, collection) = (Some(url.into()), collection.into());
    VectorConfig { kind: VectorKind::Server, url, collection, ..VectorConfig::default() }
}

impl Engine {
    /// Opens the index; drop the last handle first.
    pub async fn open(&self) -> Index {
        match self {
            Self::Tantivy(dir) => {
                let index = TantivyIndex::open(&dir.path().join("index"), &KeywordConfig::default());
                Index::Keyword(Arc::new(index.unwrap()))
            }
            Self::Edge(dir) => {
                let index = EdgeIndex::open(&dir.path().join("index"), DIMS, &VectorConfig::default());
                Index::Vector(Arc::new(index.unwrap()))
            }
            Self::Server { config, .. } => Index::Vector(Arc::new(ServerIndex::open(DIMS, config).await.unwrap())),
        }
    }
}

impl Index {
    /// Applies changes, a document and its entries each (none: removed), and makes them durable.
    pub async fn write(&self, changes: &[(u32, &[Entry<'_>])]) {
        match self {
            Self::Keyword(index) => {
                index.apply(changes.iter().map(|change| keyword_change(*change)).collect()).await.unwrap();
                index.flush().await.unwrap();
            }
            Self::Vector(index) => {
                index.apply(changes.iter().map(|change| vector_change(*change)).collect()).await.unwrap();
                index.flush().await.unwrap();
            }
        }
    }

    pub async fn find(&self, text: &str, access: &[i64], limit: usize) -> Vec<i64> {
        let access = access.iter().map(|class| AccessClassId(*class)).collect();
        let hits = match self {
            Self::Keyword(index) => index.search(KeywordQuery { text: text.into(), access, limit }).await,
            Self::Vector(index) => index.search(VectorQuery { vector: vector(text), access, limit }).await,
        };
        let hits = hits.unwrap();
        assert!(hits.windows(2).all(|pair| pair[0].score >= pair[1].score), "best first: {hits:?}");
        hits.iter().map(|hit| hit.chunk.0).collect()
    }

    pub async fn chunks(&self) -> Vec<i64> {
        let chunks = match self {
            Self::Keyword(index) => index.chunk_ids().await,
            Self::Vector(index) => index.chunk_ids().await,
        };
        chunks.unwrap().iter().map(|chunk| chunk.0).collect()
    }
}

pub fn document(number: u32) -> DocumentId {
    format!("doc_{number:026}").parse().unwrap()
}

pub fn keyword_change((number, entries): (u32, &[Entry<'_>])) -> IndexChange<KeywordEntry> {
    let entry = |(chunk, access, text): &Entry<'_>| KeywordEntry {
        chunk: ChunkId(*chunk),
        access: AccessClassId(*access),
        title: String::new(),
        context: String::new(),
        text: (*text).to_owned(),
        language: Some(Language::new("eng")),
    };
    change(number, entries.iter().map(entry).collect())
}

pub fn vector_change((number, entries): (u32, &[Entry<'_>])) -> IndexChange<VectorEntry> {
    let entry = |(chunk, access, text): &Entry<'_>| VectorEntry {
        chunk: ChunkId(*chunk),
        access: AccessClassId(*access),
        vector: vector(text),
    };
    change(number, entries.iter().map(entry).collect())
}

fn change<E>(number: u32, entries: Vec<E>) -> IndexChange<E> {
    let document = document(number);
    if entries.is_empty() { IndexChange::Remove { document } } else { IndexChange::Replace { document, entries } }
}

/// How often each word occurs, at unit length.
pub fn vector(text: &str) -> Vec<f32> {
    let counts = WORDS.map(|word| text.split_whitespace().filter(|found| *found == word).count() as f32);
    let length = counts.iter().map(|count| count * count).sum::<f32>().sqrt().max(f32::EPSILON);
    counts.iter().map(|count| count / length).collect()
}
