//! What only the in-process vector index must keep: it survives optimising, damage and bad vectors.

use std::{
    fs,
    path::{Path, PathBuf},
};

use domain::{AccessClassId, ChunkId, IndexChange, VectorEntry, VectorIndex, VectorQuery};
use footnote_search::{EdgeIndex, Error, VectorConfig, wipe};
use tempfile::TempDir;

use crate::engines::{DIMS, Entry, document, vector, vector_change};

#[tokio::test(flavor = "multi_thread")]
async fn optimising_loses_nothing() {
    let home = TempDir::new().unwrap();
    let dir = home.path().join("index");
    let index = EdgeIndex::create(&dir, DIMS, &VectorConfig::default()).unwrap();
    let rows: Vec<Entry> = (0..1_500).map(|chunk| (chunk, chunk % 3, "apple bridge")).collect();
    let changes = rows.chunks(10).enumerate().map(|(n, rows)| vector_change((n as u32, rows)));
    index.apply(changes.collect()).await.unwrap();
    index.flush().await.unwrap();
    // A fifth deleted makes the engine rebuild the segment.
    index.apply((0..50).map(|n| vector_change((n, &[]))).collect()).await.unwrap();
    index.optimize().await.unwrap();
    let expected: Vec<ChunkId> = (500..1_500).map(ChunkId).collect();
    assert_eq!(index.chunk_ids().await.unwrap(), expected);

    index.apply(vec![vector_change((50, &[(9_000, 1, "desert")]))]).await.unwrap();
    index.flush().await.unwrap();
    drop(index);
    let index = EdgeIndex::open(&dir, DIMS, &VectorConfig::default()).unwrap();
    let query = VectorQuery { vector: vector("desert"), access: vec![AccessClassId(1)], limit: 1 };
    assert_eq!(index.search(query).await.unwrap()[0].chunk, ChunkId(9_000));
    assert_eq!(index.chunk_ids().await.unwrap().len(), 991);
}

#[tokio::test(flavor = "multi_thread")]
async fn its_log_does_not_grow_for_ever() {
    let home = TempDir::new().unwrap();
    let dir = home.path().join("index");
    let dims = 1024;
    let index = EdgeIndex::create(&dir, dims, &VectorConfig::default()).unwrap();
    let row = |chunk: i64| VectorEntry { chunk: ChunkId(chunk), access: AccessClassId(1), vector: vec![0.5; dims] };
    for round in 0..12_i64 {
        let entries = (0..2_000).map(|n| row(n + round % 2)).collect();
        index.apply(vec![IndexChange::Replace { document: document(1), entries }]).await.unwrap();
        index.flush().await.unwrap();
    }
    let closed = fs::read_dir(dir.join("wal")).unwrap().map(|entry| entry.unwrap().file_name());
    let closed = closed.filter(|name| name.to_string_lossy().starts_with("closed-")).count();
    assert!(closed <= 10, "{closed} log files");
    assert_eq!(index.chunk_ids().await.unwrap().len(), 2_000);
    drop(index);
    let index = EdgeIndex::open(&dir, dims, &VectorConfig::default()).unwrap();
    index.apply(vec![IndexChange::Replace { document: document(1), entries: vec![row(7)] }]).await.unwrap();
    assert_eq!(index.chunk_ids().await.unwrap(), [ChunkId(7)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_vectors_are_refused_and_change_nothing() {
    let home = TempDir::new().unwrap();
    let index = EdgeIndex::create(&home.path().join("index"), DIMS, &VectorConfig::default()).unwrap();
    index.apply(vec![vector_change((1, &[(1, 1, "apple")]))]).await.unwrap();
    for vector in [vec![], vec![1.0; DIMS + 1], vec![f32::NAN; DIMS], vec![f32::INFINITY; DIMS]] {
        let entries = vec![VectorEntry { chunk: ChunkId(2), access: AccessClassId(1), vector: vector.clone() }];
        let refused = index.apply(vec![IndexChange::Replace { document: document(1), entries }]).await;
        assert!(refused.is_err_and(|error| !error.retryable));
        assert!(index.search(VectorQuery { vector, access: vec![AccessClassId(1)], limit: 1 }).await.is_err());
    }
    assert_eq!(index.chunk_ids().await.unwrap(), [ChunkId(1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_cannot_be_used_is_told_apart() {
    let home = TempDir::new().unwrap();
    let dir = home.path().join("index");
    let config = VectorConfig::default();
    let unusable = |what: &str| match EdgeIndex::open(&dir, DIMS, &config) {
        Err(error) => assert!(error.is_unusable(), "{what}: {error}"),
        Ok(_) => panic!("{what}: opened"),
    };
    unusable("missing");
    fs::create_dir(&dir).unwrap();
    unusable("empty");
    fs::write(dir.join("edge_config.json"), "{").unwrap();
    unusable("damaged");
    assert!(EdgeIndex::create(&dir, DIMS, &config).is_err_and(|error| error.is_unusable()));

    wipe(&dir).unwrap();
    let index = EdgeIndex::create(&dir, DIMS + 1, &config).unwrap();
    assert!(matches!(EdgeIndex::open(&dir, DIMS + 1, &config), Err(Error::InUse { .. })), "second open");
    drop(index);
    unusable("other dimensions");
    assert!(EdgeIndex::open(&dir, DIMS + 1, &config).is_ok());
}

/// Whatever is done to a file of the index, opening it answers, and the process lives.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_never_brings_the_process_down() {
    let home = TempDir::new().unwrap();
    let whole = home.path().join("whole");
    let index = EdgeIndex::create(&whole, DIMS, &VectorConfig::default()).unwrap();
    index.apply(vec![vector_change((1, &[(1, 1, "apple"), (2, 1, "bridge")]))]).await.unwrap();
    index.flush().await.unwrap();
    drop(index);

    let mut files = Vec::new();
    list(&whole, &mut files);
    for (n, file) in files.iter().enumerate() {
        let bytes = fs::read(file).unwrap();
        for (how, left) in [("emptied", &bytes[..0]), ("halved", &bytes[..bytes.len() / 2])] {
            let dir = home.path().join(format!("{how}-{n}"));
            copy(&whole, &dir);
            fs::write(dir.join(file.strip_prefix(&whole).unwrap()), left).unwrap();
            match EdgeIndex::open(&dir, DIMS, &VectorConfig::default()) {
                Err(error) => assert!(error.is_unusable(), "{how} {}: {error}", file.display()),
                Ok(index) => {
                    drop(index.chunk_ids().await);
                    let query = VectorQuery { vector: vector("apple"), access: vec![AccessClassId(1)], limit: 1 };
                    drop(index.search(query).await);
                    drop(index.apply(vec![vector_change((2, &[(3, 1, "candle")]))]).await);
                    drop(index.flush().await);
                }
            }
            wipe(&dir).unwrap();
        }
    }
}

fn list(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { list(&path, files) } else { files.push(path) }
    }
}

fn copy(from: &Path, to: &Path) {
    let mut files = Vec::new();
    list(from, &mut files);
    for file in files {
        let target = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&file, &target).unwrap();
    }
}
