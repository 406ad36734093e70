//! What every index must do, whatever its engine.

use crate::engines::{Engine, Entry};

const ALL: &[i64] = &[1, 2, 3];

pub async fn finds_the_best_first(engine: &Engine) {
    let index = engine.open().await;
    let rows: &[Entry] = &[(1, 1, "apple bridge bridge candle"), (2, 1, "apple apple apple bridge"), (3, 1, "desert")];
    index.write(&[(1, rows)]).await;
    assert_eq!(index.find("apple", ALL, 2).await, [2, 1]);
    assert_eq!(index.find("desert", ALL, 1).await, [3]);
}

pub async fn keeps_the_limit(engine: &Engine) {
    let index = engine.open().await;
    let rows: Vec<Entry> = (1..=20).map(|chunk| (chunk, 1, "apple bridge")).collect();
    index.write(&[(1, &rows)]).await;
    assert_eq!(index.find("apple", ALL, 5).await.len(), 5);
    assert_eq!(index.find("apple", ALL, 1_000).await.len(), 20);
    assert!(index.find("apple", ALL, 0).await.is_empty());
}

pub async fn answers_when_empty(engine: &Engine) {
    let index = engine.open().await;
    assert!(index.find("apple", ALL, 10).await.is_empty());
    assert!(index.chunks().await.is_empty());
    index.write(&[]).await;
    index.write(&[(1, &[])]).await;
    assert!(index.chunks().await.is_empty());
}

pub async fn replaces_what_a_document_had(engine: &Engine) {
    let index = engine.open().await;
    index.write(&[(1, &[(1, 1, "apple"), (2, 1, "apple"), (3, 1, "bridge")]), (2, &[(4, 1, "apple")])]).await;
    index.write(&[(1, &[(5, 1, "candle")])]).await;
    assert_eq!(index.chunks().await, [4, 5]);
    assert_eq!(index.find("apple", ALL, 1).await, [4]);
    assert_eq!(index.find("candle", ALL, 1).await, [5]);

    index.write(&[(1, &[(5, 1, "desert"), (6, 1, "engine")])]).await;
    assert_eq!(index.chunks().await, [4, 5, 6]);
    assert_eq!(index.find("desert", ALL, 1).await, [5]);
}

pub async fn removes_a_document(engine: &Engine) {
    let index = engine.open().await;
    index.write(&[(1, &[(1, 1, "apple"), (2, 1, "bridge")]), (2, &[(3, 1, "apple")])]).await;
    index.write(&[(1, &[])]).await;
    assert_eq!(index.chunks().await, [3]);
    assert_eq!(index.find("apple bridge", ALL, 10).await, [3]);
    index.write(&[(2, &[]), (9, &[])]).await;
    assert!(index.find("apple", ALL, 10).await.is_empty());
}

pub async fn counts_the_last_change_of_a_document(engine: &Engine) {
    let index = engine.open().await;
    index.write(&[(1, &[(1, 1, "apple")]), (2, &[(2, 1, "apple")]), (1, &[(3, 1, "apple")]), (2, &[])]).await;
    assert_eq!(index.chunks().await, [3]);
}

pub async fn may_apply_a_change_twice(engine: &Engine) {
    let index = engine.open().await;
    for _ in 0..2 {
        index.write(&[(1, &[(1, 1, "apple"), (2, 1, "bridge")])]).await;
    }
    assert_eq!(index.chunks().await, [1, 2]);
    assert_eq!(index.find("apple", ALL, 1).await, [1]);
}

pub async fn shows_only_what_the_viewer_may_see(engine: &Engine) {
    let index = engine.open().await;
    let rows: &[Entry] = &[(1, 1, "apple bridge"), (2, 2, "apple bridge candle"), (3, 3, "apple apple bridge")];
    index.write(&[(1, rows)]).await;
    for (access, expected) in
        [(&[1][..], &[1][..]), (&[2], &[2]), (&[1, 2], &[1, 2]), (&[2, 3, 9], &[2, 3]), (&[9], &[])]
    {
        let mut found = index.find("apple", access, 10).await;
        found.sort_unstable();
        assert_eq!(found, expected, "seen by {access:?}");
    }
    assert!(index.find("apple", &[], 10).await.is_empty());
}

pub async fn moves_a_chunk_to_another_access_class(engine: &Engine) {
    let index = engine.open().await;
    index.write(&[(1, &[(1, 1, "apple")])]).await;
    index.write(&[(1, &[(1, 2, "apple")])]).await;
    assert!(index.find("apple", &[1], 10).await.is_empty());
    assert_eq!(index.find("apple", &[2], 10).await, [1]);
}

pub async fn keeps_what_was_flushed(engine: &Engine) {
    let index = engine.open().await;
    index.write(&[(1, &[(1, 1, "apple"), (2, 2, "bridge")]), (2, &[(3, 1, "candle")])]).await;
    index.write(&[(2, &[])]).await;
    drop(index);
    let index = engine.open().await;
    assert_eq!(index.chunks().await, [1, 2]);
    assert_eq!(index.find("bridge", &[2], 1).await, [2]);
    index.write(&[(1, &[(4, 1, "desert")])]).await;
    assert_eq!(index.chunks().await, [4]);
}

/// Odd chunks are class 1, even ones class 2: no search may ever show the other.
pub async fn searches_beside_writes(engine: &Engine) {
    let index = engine.open().await;
    let mut searches = Vec::new();
    for class in [1, 2, 1, 2] {
        let index = index.clone();
        searches.push(tokio::spawn(async move {
            for _ in 0..60 {
                let found = index.find("apple", &[class], 10).await;
                assert!(found.iter().all(|chunk| chunk % 2 == class % 2), "class {class} saw {found:?}");
            }
        }));
    }
    for round in 0..15 {
        let first = i64::from(round) * 4 + 1;
        let rows: Vec<Entry> = (first..first + 4).map(|chunk| (chunk, 2 - chunk % 2, "apple bridge")).collect();
        index.write(&[(round % 5, &rows)]).await;
    }
    for search in searches {
        search.await.unwrap();
    }
    assert_eq!(index.chunks().await.len(), 20);
}
