//! Fails a run whose quality fell below what `thresholds.toml` demands.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Figure name (as in the JSON report, nested names joined by a dot) to its bound.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    #[serde(default)]
    pub at_least: BTreeMap<String, f64>,
    #[serde(default)]
    pub at_most: BTreeMap<String, f64>,
}

/// One line per figure that misses its bound, or that the report lacks.
pub fn violations(report: &impl Serialize, thresholds: &Thresholds) -> Vec<String> {
    let report = serde_json::to_value(report).unwrap_or_default();
    let value =
        |name: &str| name.split('.').try_fold(&report, |value, key| value.get(key)).and_then(serde_json::Value::as_f64);
    let low = thresholds.at_least.iter().filter_map(|(name, bound)| match value(name) {
        Some(value) if value >= *bound => None,
        Some(value) => Some(format!("{name} is {value:.4}, must be at least {bound}")),
        None => Some(format!("{name} is not in the report")),
    });
    let high = thresholds.at_most.iter().filter_map(|(name, bound)| match value(name) {
        Some(value) if value <= *bound => None,
        Some(value) => Some(format!("{name} is {value:.4}, must be at most {bound}")),
        None => Some(format!("{name} is not in the report")),
    });
    low.chain(high).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_bound_and_a_missing_figure_are_named() -> anyhow::Result<()> {
        let report = serde_json::json!({"accuracy": 0.8, "latency_ms": {"p95": 120.0}});
        let thresholds: Thresholds =
            toml::from_str("[at_least]\naccuracy = 0.9\nrecall = 0.1\n[at_most]\n\"latency_ms.p95\" = 300")?;
        assert_eq!(
            violations(&report, &thresholds),
            ["accuracy is 0.8000, must be at least 0.9", "recall is not in the report"]
        );
        Ok(())
    }
}
