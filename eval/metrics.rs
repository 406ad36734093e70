//! Ranking metrics as trec_eval computes them, and percentiles.

use std::collections::BTreeMap;

type Grades = BTreeMap<String, u32>;

/// Normalised discounted cumulative gain of the first `k`: gain is the grade, discount log2(rank + 1).
pub fn ndcg(ranking: &[String], grades: &Grades, k: usize) -> f64 {
    let gains = ranking.iter().take(k).map(|id| grades.get(id).copied().unwrap_or(0));
    let mut ideal: Vec<u32> = grades.values().copied().collect();
    ideal.sort_unstable_by(|a, b| b.cmp(a));
    let best = dcg(ideal.into_iter().take(k));
    if best == 0.0 { 0.0 } else { dcg(gains) / best }
}

/// Share of the relevant documents among the first `k`.
pub fn recall(ranking: &[String], grades: &Grades, k: usize) -> f64 {
    let relevant = grades.values().filter(|grade| **grade > 0).count();
    let found = ranking.iter().take(k).filter(|id| is_relevant(id, grades)).count();
    if relevant == 0 { 0.0 } else { found as f64 / relevant as f64 }
}

/// One over the rank of the first relevant document within `k`, or 0.
pub fn reciprocal_rank(ranking: &[String], grades: &Grades, k: usize) -> f64 {
    let first = ranking.iter().take(k).position(|id| is_relevant(id, grades));
    first.map_or(0.0, |rank| 1.0 / (rank + 1) as f64)
}

/// The value that `share` (in 0..=1) of the values do not exceed; nearest rank.
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let rank = (share * values.len() as f64).ceil() as usize;
    values.get(rank.max(1) - 1).copied().unwrap_or(0.0)
}

pub fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    for value in values {
        sum += value;
        count += 1;
    }
    if count == 0 { 0.0 } else { sum / f64::from(count) }
}

fn dcg(gains: impl Iterator<Item = u32>) -> f64 {
    gains.enumerate().map(|(rank, gain)| f64::from(gain) / (rank as f64 + 2.0).log2()).sum()
}

fn is_relevant(id: &str, grades: &Grades) -> bool {
    grades.get(id).is_some_and(|grade| *grade > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grades() -> Grades {
        Grades::from([("a".into(), 2), ("b".into(), 1), ("c".into(), 0)])
    }

    fn ranking(ids: &str) -> Vec<String> {
        ids.chars().map(String::from).collect()
    }

    #[test]
    fn a_perfect_ranking_scores_one_and_order_matters() {
        assert_eq!(ndcg(&ranking("abc"), &grades(), 10), 1.0);
        // (1/log2(2) + 2/log2(3)) / (2/log2(2) + 1/log2(3)) = 0.8597
        assert!((ndcg(&ranking("ba"), &grades(), 10) - 0.8597).abs() < 1e-4);
    }

    #[test]
    fn recall_and_reciprocal_rank_count_relevant_ones_only() {
        assert_eq!(recall(&ranking("cxa"), &grades(), 3), 0.5);
        assert_eq!(reciprocal_rank(&ranking("cxa"), &grades(), 10), 1.0 / 3.0);
        assert_eq!(reciprocal_rank(&ranking("cxa"), &grades(), 2), 0.0);
    }

    #[test]
    fn percentiles_are_nearest_rank() {
        let values = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert_eq!((percentile(&values, 0.5), percentile(&values, 0.95), percentile(&[], 0.5)), (3.0, 5.0, 0.0));
    }
}
