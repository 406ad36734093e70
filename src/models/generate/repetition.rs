//! Notices when a small model has fallen into a loop.

/// Longest repeated unit looked for, in tokens.
const LONGEST_UNIT: usize = 48;
/// Tokens a loop must cover before it counts; short units need more turns.
const LEAST_COVERED: usize = 24;
const LEAST_TURNS: usize = 3;

/// Whether `tokens` ends in the same run of tokens again and again.
pub(super) fn is_looping(tokens: &[u32]) -> bool {
    (1..=LONGEST_UNIT).any(|unit| {
        let turns = LEAST_TURNS.max(LEAST_COVERED.div_ceil(unit));
        let covered = turns * unit;
        let Some(start) = tokens.len().checked_sub(covered) else { return false };
        let tail = &tokens[start..];
        tail[unit..].iter().zip(tail).all(|(later, earlier)| later == earlier)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_are_noticed_and_lists_are_not() {
        assert!(is_looping(&[7; 24]));
        assert!(!is_looping(&[7; 23]));
        let sentence: Vec<u32> = (0..20).collect();
        assert!(is_looping(&sentence.repeat(3)));
        assert!(!is_looping(&sentence.repeat(2)));
        let list: Vec<u32> = (0..20).flat_map(|item| [1, 2, 3, 100 + item]).collect();
        assert!(!is_looping(&list));
        assert!(!is_looping(&[]));
    }
}
