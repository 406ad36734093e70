//! Times the stages of one answer.

use std::{collections::BTreeMap, time::Instant};

pub struct Stopwatch {
    started: Instant,
    lap: Instant,
    laps: BTreeMap<String, f64>,
}

impl Stopwatch {
    pub fn start() -> Self {
        let now = Instant::now();
        Self { started: now, lap: now, laps: BTreeMap::new() }
    }

    /// Books the time since the last lap under `stage`.
    pub fn lap(&mut self, stage: &str) {
        *self.laps.entry(stage.to_owned()).or_default() += millis(self.lap);
        self.lap = Instant::now();
    }

    /// Milliseconds per stage, and `total`.
    pub fn stop(mut self) -> BTreeMap<String, f64> {
        self.laps.insert("total".into(), millis(self.started));
        self.laps
    }
}

fn millis(since: Instant) -> f64 {
    (since.elapsed().as_secs_f64() * 1e5).round() / 100.0
}
