//! Prints latency and recall@10 of the in-process vector index by the share of chunks a viewer may see.
//!
//! `cargo run --release -p footnote-search --example vector_recall -- [VECTORS] [exact=20000] [beam=128]`

use std::{error::Error, time::Instant};

use domain::{AccessClassId, ChunkId, IndexChange, VectorEntry, VectorIndex, VectorQuery};
use footnote_search::{EdgeIndex, VectorConfig};

const DIMS: usize = 384;
const QUERIES: usize = 100;
/// Access classes 0..1000, one vector in a thousand each.
const CLASSES: usize = 1_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (mut config, mut count) = (VectorConfig::default(), 20_000);
    for argument in std::env::args().skip(1) {
        match argument.split_once('=') {
            Some(("exact", value)) => config.exact_below = value.parse()?,
            Some(("beam", value)) => config.beam = value.parse()?,
            _ => count = argument.parse()?,
        }
    }
    let home = tempfile::tempdir()?;
    let index = EdgeIndex::create(&home.path().join("vectors"), DIMS, &config)?;
    let vectors: Vec<Vec<f32>> = (0..count).map(|n| clustered(n, count)).collect();

    let started = Instant::now();
    for first in (0..count).step_by(1_000) {
        let change = |n: usize| {
            let (chunk, access) = (ChunkId(n as i64), AccessClassId((n % CLASSES) as i64));
            let entries = vec![VectorEntry { chunk, access, vector: vectors[n].clone() }];
            let document = format!("doc_{n:026}").parse()?;
            Ok(IndexChange::Replace { document, entries })
        };
        let changes: Result<Vec<_>, Box<dyn Error>> = (first..(first + 1_000).min(count)).map(change).collect();
        index.apply(changes?).await?;
    }
    index.flush().await?;
    println!("applied {count} in {:.1} s", started.elapsed().as_secs_f64());
    let started = Instant::now();
    index.optimize().await?;
    println!("optimised in {:.1} s", started.elapsed().as_secs_f64());

    for classes in [1_000, 300, 100, 30, 10, 1] {
        let access: Vec<_> = (0..classes).map(AccessClassId).collect();
        let (mut times, mut found, mut wanted) = (Vec::new(), 0, 0);
        for n in 0..QUERIES {
            let near = clustered(n * 7_919 % count, count);
            let vector: Vec<f32> = near.iter().zip(noise(n as u64 + 77)).map(|(x, shift)| x + 0.02 * shift).collect();
            let best = nearest(&vectors, &vector, classes as usize);
            let query = VectorQuery { vector, access: access.clone(), limit: 10 };
            let asked = Instant::now();
            let hits = index.search(query).await?;
            times.push(asked.elapsed().as_secs_f64() * 1e3);
            wanted += best.len();
            found += best.iter().filter(|chunk| hits.iter().any(|hit| hit.chunk == **chunk)).count();
        }
        times.sort_by(f64::total_cmp);
        let recall = found as f64 / wanted.max(1) as f64;
        let share = classes as f64 / CLASSES as f64;
        let (p50, p95) = (times[QUERIES / 2], times[QUERIES * 95 / 100]);
        println!("visible {share:.3}: p50 {p50:.2} p95 {p95:.2} ms, recall@10 {recall:.3}");
    }
    Ok(())
}

fn nearest(vectors: &[Vec<f32>], query: &[f32], classes: usize) -> Vec<ChunkId> {
    let dot = |vector: &[f32]| vector.iter().zip(query).map(|(a, b)| a * b).sum::<f32>();
    let visible = vectors.iter().enumerate().filter(|(n, _)| n % CLASSES < classes);
    let mut scored: Vec<(f32, usize)> = visible.map(|(n, vector)| (dot(vector), n)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.iter().take(10).map(|(_, n)| ChunkId(*n as i64)).collect()
}

/// A unit vector near one of `count / 50` centres.
fn clustered(n: usize, count: usize) -> Vec<f32> {
    let centre = noise((n.wrapping_mul(2_654_435_761) % (count / 50 + 1)) as u64);
    let vector: Vec<f32> = centre.zip(noise(n as u64 + 1_000_000)).map(|(x, shift)| x + 0.6 * shift).collect();
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.into_iter().map(|x| x / length).collect()
}

/// Xorshift numbers in -0.5..0.5.
fn noise(seed: u64) -> impl Iterator<Item = f32> {
    let mut state = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..DIMS).map(move |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1_u64 << 24) as f32 - 0.5
    })
}
