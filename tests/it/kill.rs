//! Killed at any moment of an ingest, the next start converges: SQL and both indexes agree.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    os::unix::process::ExitStatusExt,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::house::{House, path};

const KILLS: u32 = 50;
/// More than a batch holds, so that a sync is cut off between two of them and goes on from its cursor.
const DOCUMENTS: u64 = 72;
/// About what the indexes take to flush.
const FLUSH_MILLIS: u64 = 20;
const SEED: u64 = 0x00f0_07ed;

/// Xorshift64*: the test's own numbers, the same on every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }
}

#[test]
fn fifty_kills_leave_sql_and_both_indexes_in_agreement() -> Result<()> {
    let house = House::new()?;
    let mut numbers = Numbers(SEED);
    let mut present: BTreeSet<u64> = (0..DOCUMENTS).collect();
    for document in 0..DOCUMENTS {
        write(&house, document, 0)?;
    }
    house.ingest()?;
    for document in 0..6 {
        write(&house, document, 99)?;
    }
    let started = Instant::now();
    house.ingest()?;
    // Half of the kills fall anywhere between the start of the process and a little after its usual end, which is measured again
    // whenever a kill came too late: the machine may be busier now than then.
    let mut span = u64::try_from(started.elapsed().as_millis())? + 50;
    let (mut interrupted, mut finished) = (0, 0);
    for round in 1..=KILLS {
        for _ in 0..numbers.below(8) + 1 {
            let document = numbers.below(DOCUMENTS);
            if numbers.below(4) == 0 {
                let _ = std::fs::remove_file(house.documents().join(format!("{document}.md")));
                present.remove(&document);
            } else {
                write(&house, document, round)?;
                present.insert(document);
            }
        }
        // One document always stays: an empty folder is an error.
        write(&house, 0, round)?;
        present.insert(0);
        let before = segments(&house)?;
        let mut child = house.spawn(&["ingest", path(&house.documents())?])?;
        let started = Instant::now();
        if round % 2 == 0 {
            // Every second one in the short time in which the indexes are written and not yet flushed.
            while child.try_wait()?.is_none() && segments(&house)?.is_subset(&before) {
                std::thread::sleep(Duration::from_millis(2));
            }
            std::thread::sleep(Duration::from_millis(numbers.below(FLUSH_MILLIS)));
        } else {
            std::thread::sleep(Duration::from_millis(numbers.below(span)));
        }
        child.kill()?;
        let waited = u64::try_from(started.elapsed().as_millis())?;
        if child.wait()?.signal().is_some() {
            interrupted += 1;
            span += span / 16;
        } else {
            span = waited.max(50);
        }
        finished += u32::from(repair(&house, round)?);
    }
    ensure!(interrupted >= KILLS / 5, "only {interrupted} of {KILLS} kills met a running ingest");
    println!("{interrupted} kills met a running ingest, {finished} left index work");
    ensure!(finished > 0, "no kill left index work for the next start");
    // The first may go on where the last kill cut one off; the second is a whole one and leaves nothing to do.
    house.ingest()?;
    house.ingest()?;
    let last = house.ingest()?;
    let summary = ["unchanged", "added", "changed", "deleted"].map(|key| last["summary"][key].as_u64());
    assert_eq!(summary, [present.len() as u64, 0, 0, 0].map(Some), "{last:#}");
    assert_eq!(house.json(&["doctor"])?["ok"], true);
    Ok(())
}

/// The keyword index's files of stored chunks: a new one begins when the first chunk is handed over.
fn segments(house: &House) -> Result<BTreeSet<OsString>> {
    let files = std::fs::read_dir(house.data_dir().join("index").join("keyword"))?;
    let names: BTreeSet<OsString> = files.map(|file| Ok(file?.file_name())).collect::<Result<_>>()?;
    Ok(names.into_iter().filter(|name| name.to_string_lossy().ends_with(".store")).collect())
}

/// Starts again after a kill: what was left undone is finished, by its jobs and not by building the indexes anew. Says
/// whether anything was left.
fn repair(house: &House, round: u32) -> Result<bool> {
    let output = house.run(&["doctor", "--repair", "--json"])?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(!told.contains("rebuilding the indexes"), "round {round}: {told}");
    let checked: Value = serde_json::from_slice(&output.stdout).with_context(|| format!("round {round}: {told}"))?;
    ensure!(checked["ok"] == true, "round {round}: {checked:#}\n{told}");
    Ok(told.contains("finishing an interrupted run"))
}

fn write(house: &House, document: u64, round: u32) -> Result<()> {
    let body: String = (0..3)
        .map(|n| format!("Rule {n} of version {round} concerns item {document}: keep it for {n} years. "))
        .collect();
    house.write(&format!("{document}.md"), format!("# Document {document}\n\n{body}\n\n## Second part\n\n{body}\n"))
}
