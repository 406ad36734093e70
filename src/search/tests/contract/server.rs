//! What only the client of a Qdrant server must keep: it refuses other collections and says what is wrong.

use domain::{AccessClassId, ChunkId, VectorIndex, VectorQuery};
use footnote_search::{Error, ServerIndex, VectorConfig};

use crate::{
    engines::{DIMS, Entry, server_config, vector, vector_change},
    qdrant_server::QdrantServer,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_for_other_vectors_is_refused() {
    let server = QdrantServer::start(None).await;
    let config = server_config(&server.url, "footnote");
    ServerIndex::open(DIMS, &config).await.unwrap();
    let refused = ServerIndex::open(DIMS + 1, &config).await.err().unwrap();
    assert!(matches!(refused, Error::Collection { .. }));
    let wanted = format!(
        "Qdrant collection `footnote` holds vectors of {DIMS} dimensions, not of {}: \
         configure another collection name or delete it",
        DIMS + 1
    );
    assert_eq!(refused.to_string(), wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_answer_is_worth_another_try() {
    let config = server_config("http://127.0.0.1:9", "footnote");
    match ServerIndex::open(DIMS, &config).await.err().unwrap() {
        Error::Engine(error) => assert!(error.retryable && error.message.contains("connect"), "{error}"),
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_went_away_is_worth_another_try() {
    let server = QdrantServer::start(None).await;
    let index = ServerIndex::open(DIMS, &server_config(&server.url, "footnote")).await.unwrap();
    server.stop().await;
    let failed = index.apply(vec![vector_change((1, &[(1, 1, "apple")]))]).await;
    assert!(failed.is_err_and(|error| error.retryable));
    // Also for someone who sees nothing: that is how a server tells whether it is ready.
    let query = VectorQuery { vector: vector("apple"), access: vec![AccessClassId(0)], limit: 1 };
    assert!(index.search(query).await.is_err_and(|error| error.retryable));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_is_sent_and_never_shown() {
    let server = QdrantServer::start(Some("secret-key")).await;
    let mut config = server_config(&server.url, "footnote");
    assert!(ServerIndex::open(DIMS, &config).await.is_err());
    config.api_key = Some("secret-key".into());
    ServerIndex::open(DIMS, &config).await.unwrap();
    config.api_key = Some("secret\nkey".into());
    let refused = ServerIndex::open(DIMS, &config).await.err().unwrap().to_string();
    assert!(refused.contains("vector.api_key") && !refused.contains("secret"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_address_is_named() {
    let refused = ServerIndex::open(DIMS, &VectorConfig::default()).await.err().unwrap().to_string();
    assert!(refused.contains("vector.url"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_chunks_go_in_batches_and_come_back_in_pages() {
    let server = QdrantServer::start(None).await;
    let index = ServerIndex::open(DIMS, &server_config(&server.url, "footnote")).await.unwrap();
    let rows: Vec<Entry> = (0..12_000).map(|chunk| (chunk, 1, "apple")).collect();
    index.apply(vec![vector_change((1, &rows))]).await.unwrap();
    let expected: Vec<ChunkId> = (0..12_000).map(ChunkId).collect();
    assert_eq!(index.chunk_ids().await.unwrap(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_database_knows_is_kept() {
    let server = QdrantServer::start(None).await;
    let config = server_config(&server.url, "footnote");
    let index = ServerIndex::open(DIMS, &config).await.unwrap();
    let rows: Vec<Entry> = (1..=600).map(|chunk| (chunk, 1, "apple")).collect();
    index.apply(vec![vector_change((1, &rows)), vector_change((2, &[(601, 1, "bridge")]))]).await.unwrap();
    // 700 was never stored: to be known is not to be there.
    let known = [3, 9, 300, 601, 700].map(ChunkId);
    index.keep_only(&known).await.unwrap();
    let kept = [3, 9, 300, 601].map(ChunkId);
    assert_eq!(index.chunk_ids().await.unwrap(), kept);
    index.keep_only(&known).await.unwrap();
    assert_eq!(ServerIndex::open(DIMS, &config).await.unwrap().chunk_ids().await.unwrap(), kept);
    index.keep_only(&[]).await.unwrap();
    assert_eq!(index.chunk_ids().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_collection_is_gone_and_its_neighbour_is_not() {
    let server = QdrantServer::start(None).await;
    let (one, two) = (server_config(&server.url, "footnote"), server_config(&server.url, "footnote-2"));
    for config in [&one, &two] {
        let index = ServerIndex::open(DIMS, config).await.unwrap();
        index.apply(vec![vector_change((1, &[(1, 1, "apple")]))]).await.unwrap();
    }
    ServerIndex::delete(&one).await.unwrap();
    ServerIndex::delete(&one).await.unwrap();
    assert_eq!(ServerIndex::open(DIMS, &one).await.unwrap().chunk_ids().await.unwrap(), []);
    assert_eq!(ServerIndex::open(DIMS, &two).await.unwrap().chunk_ids().await.unwrap(), [ChunkId(1)]);
}
