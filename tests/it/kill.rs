//! Killed at any moment of an ingest, the next start converges: SQL and both indexes agree.

use std::time::Duration;

use anyhow::Result;

use crate::house::House;

const KILLS: u32 = 50;
const DOCUMENTS: u64 = 24;
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
    for document in 0..DOCUMENTS {
        write(&house, document, 0)?;
    }
    house.ingest()?;
    for document in 0..6 {
        write(&house, document, 99)?;
    }
    let started = std::time::Instant::now();
    house.ingest()?;
    // Kills fall anywhere between the start of the process and a little after its usual end.
    let span = u64::try_from(started.elapsed().as_millis())? + 50;
    let mut interrupted = 0;
    for round in 1..=KILLS {
        for _ in 0..numbers.below(12) + 1 {
            let document = numbers.below(DOCUMENTS);
            if numbers.below(4) == 0 {
                let _ = std::fs::remove_file(house.documents().join(format!("{document}.md")));
            } else {
                write(&house, document, round)?;
            }
        }
        // One document always stays: an empty folder is an error.
        write(&house, 0, round)?;
        let mut child = house.spawn(&["ingest", crate::house::path(&house.documents())?])?;
        std::thread::sleep(Duration::from_millis(numbers.below(span)));
        if child.try_wait()?.is_none() {
            interrupted += 1;
        }
        child.kill()?;
        child.wait()?;
        let checked = house.json(&["doctor", "--repair"])?;
        assert_eq!(checked["ok"], true, "round {round}: {checked:#}");
    }
    assert!(interrupted >= KILLS / 2, "only {interrupted} of {KILLS} kills met a running ingest");
    house.ingest()?;
    assert_eq!(house.json(&["doctor"])?["ok"], true);
    Ok(())
}

fn write(house: &House, document: u64, round: u32) -> Result<()> {
    let body: String = (0..12)
        .map(|n| format!("Rule {n} of version {round} concerns item {document}: keep it for {n} years. "))
        .collect();
    house.write(&format!("{document}.md"), format!("# Document {document}\n\n{body}\n\n## Second part\n\n{body}\n"))
}
