//! Fuses keyword and vector hits: each leg scaled to 0..=1 over its own list, then weighted.
//!
//! A convex combination of min-max normalised scores keeps what ranks throw away, how much better the first is
//! (Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", 2023). The weight is the query's own:
//! of a few words each may be missing where its meaning is not, of many most will stand in the right passage.

use std::collections::HashMap;

use domain::{ChunkId, Hit, terms};

use crate::FuseConfig;

/// Share of the keyword leg for a question, in 0..=1.
pub fn keyword_weight(question: &str, config: &FuseConfig) -> f32 {
    let is_identifier =
        |word: &str| word.chars().any(|c| c.is_ascii_digit()) && word.chars().any(|c| c.is_alphabetic() || c == '_');
    if question.split_whitespace().any(is_identifier) {
        return config.keyword_most;
    }
    let words = terms(question).len() as f32;
    (config.keyword_base + config.keyword_per_word * words).min(config.keyword_most)
}

/// Best first; every score is in 0..=1, ties broken by chunk so that the order is reproducible.
pub fn fuse(keyword: &[Hit], vector: &[Hit], keyword_weight: f32) -> Vec<Hit> {
    let mut fused: HashMap<ChunkId, f32> = HashMap::new();
    for (leg, weight) in [(keyword, keyword_weight), (vector, 1.0 - keyword_weight)] {
        for hit in normalise(leg) {
            *fused.entry(hit.chunk).or_default() += weight * hit.score;
        }
    }
    ranked(fused)
}

/// Scales a list to 0..=1. A chunk outside the list counts 0, as much as the list's last.
pub fn normalise(hits: &[Hit]) -> Vec<Hit> {
    let best = hits.iter().map(|hit| hit.score).fold(f32::MIN, f32::max);
    let worst = hits.iter().map(|hit| hit.score).fold(f32::MAX, f32::min);
    let width = best - worst;
    let scale = |score: f32| if width > f32::EPSILON { (score - worst) / width } else { 1.0 };
    hits.iter().map(|hit| Hit { chunk: hit.chunk, score: scale(hit.score) }).collect()
}

fn ranked(scores: HashMap<ChunkId, f32>) -> Vec<Hit> {
    let mut hits: Vec<Hit> = scores.into_iter().map(|(chunk, score)| Hit { chunk, score }).collect();
    hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
    hits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(scores: &[(i64, f32)]) -> Vec<Hit> {
        scores.iter().map(|&(chunk, score)| Hit { chunk: ChunkId(chunk), score }).collect()
    }

    fn order(hits: &[Hit]) -> Vec<i64> {
        hits.iter().map(|hit| hit.chunk.0).collect()
    }

    #[test]
    fn found_by_both_beats_found_by_one() {
        let fused = fuse(&hits(&[(1, 9.0), (2, 8.0), (3, 1.0)]), &hits(&[(2, 0.9), (4, 0.8), (5, 0.1)]), 0.5);
        assert_eq!(fused[0].chunk, ChunkId(2));
    }

    #[test]
    fn more_words_and_identifiers_favour_the_keyword_leg() {
        let config = FuseConfig::default();
        let weight = |question| keyword_weight(question, &config);
        assert!(weight("parental leave") < weight("how long is parental leave for adoptive fathers in Canada"));
        assert_eq!(weight("what does E-4512 mean"), config.keyword_most);
    }

    #[test]
    fn one_empty_leg_keeps_the_other_leg_s_order() {
        let fused = fuse(&[], &hits(&[(7, 0.9), (3, 0.5), (5, 0.4)]), 0.5);
        assert_eq!(order(&fused), [7, 3, 5]);
    }

    #[test]
    fn equal_scores_are_ordered_by_chunk() {
        let fused = fuse(&hits(&[(9, 1.0), (4, 1.0)]), &[], 0.5);
        assert_eq!(order(&fused), [4, 9]);
    }

    proptest::proptest! {
        #[test]
        fn scores_stay_in_range_and_nothing_is_lost(a in proptest::collection::vec((0i64..50, -5f32..50.0), 0..40), b in proptest::collection::vec((0i64..50, -1f32..1.0), 0..40)) {
            let unique = |list: Vec<(i64, f32)>| list.into_iter().collect::<HashMap<_, _>>().into_iter().collect::<Vec<_>>();
            let (a, b) = (unique(a), unique(b));
            let fused = fuse(&hits(&a), &hits(&b), 0.6);
            let all: std::collections::BTreeSet<i64> = a.iter().chain(&b).map(|pair| pair.0).collect();
            assert_eq!(all.len(), fused.len());
            assert!(fused.iter().all(|hit| (0.0..=1.0001).contains(&hit.score)));
        }
    }
}
