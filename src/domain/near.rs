//! Near-duplicates: a MinHash signature of a text's word triples, whose agreement estimates how much two texts share.
//!
//! Broder, "On the resemblance and containment of documents", 1997; banding as in Leskovec, Rajaraman and Ullman,
//! "Mining of Massive Datasets", chapter 3.

use std::collections::HashSet;

/// Words in a shingle.
const SHINGLE_WORDS: usize = 3;
/// Texts with fewer distinct shingles have no signature: a form letter and its neighbour are then too easily alike.
const MIN_SHINGLES: usize = 40;
/// Longest text that is looked at, in shingles; what follows does not count.
const MAX_SHINGLES: usize = 200_000;
const HASHES: usize = 128;
const ROWS: usize = 8;

/// Estimated share of shingles two texts have in common (Jaccard) from which they are near-duplicates.
pub const NEAR: f32 = 0.8;

/// What stands for a text when it is compared with many others: 128 minima, 4 bytes each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature(Vec<u32>);

impl Signature {
    /// `None` for a text of too few words.
    pub fn of(text: &str) -> Option<Self> {
        let shingles = shingles(text);
        if shingles.len() < MIN_SHINGLES {
            return None;
        }
        let mut minima = vec![u32::MAX; HASHES];
        let seeds: Vec<(u64, u64)> = (0..HASHES as u64).map(|n| (mix(2 * n + 1) | 1, mix(2 * n + 2))).collect();
        for shingle in shingles {
            for (least, (factor, offset)) in minima.iter_mut().zip(&seeds) {
                let hash = (shingle.wrapping_mul(*factor).wrapping_add(*offset) >> 32) as u32;
                *least = (*least).min(hash);
            }
        }
        Some(Self(minima))
    }

    /// Estimated share of common shingles, in 0..=1, with a standard deviation of at most .044.
    pub fn similarity(&self, other: &Self) -> f32 {
        let same = self.0.iter().zip(&other.0).filter(|(a, b)| a == b).count();
        same as f32 / HASHES as f32
    }

    /// Sixteen keys of 63 bits: texts that share .8 of their shingles have one in common with probability .95, at .9 with 1.00,
    /// at .5 with .06. `salt` keeps collections apart that must never meet.
    pub fn bands(&self, salt: i64) -> Vec<i64> {
        let key = |(band, rows): (usize, &[u32])| {
            let seed = mix(salt as u64 ^ mix(band as u64));
            (rows.iter().fold(seed, |hash, row| mix(hash ^ u64::from(*row))) >> 1) as i64
        };
        self.0.chunks(ROWS).enumerate().map(key).collect()
    }

    /// As it is stored: little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|minimum| minimum.to_le_bytes()).collect()
    }

    /// `None` for bytes that are no signature.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (minima, rest) = bytes.as_chunks::<4>();
        let whole = minima.len() == HASHES && rest.is_empty();
        whole.then(|| Self(minima.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect()))
    }
}

/// Hashes of all runs of three words. Case, punctuation, mark-up and line ends make no difference.
fn shingles(text: &str) -> HashSet<u64> {
    let mut last = [0_u64; SHINGLE_WORDS];
    let mut seen = 0;
    let mut found = HashSet::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        last.rotate_left(1);
        last[SHINGLE_WORDS - 1] = word_hash(word);
        seen += 1;
        if seen >= SHINGLE_WORDS {
            found.insert(last.iter().fold(0, |hash, word| mix(hash ^ word)));
        }
        if found.len() >= MAX_SHINGLES {
            break;
        }
    }
    found
}

/// FNV-1a over the word's lower-case characters.
fn word_hash(word: &str) -> u64 {
    word.chars()
        .flat_map(char::to_lowercase)
        .fold(0xcbf2_9ce4_8422_2325, |hash, c| (hash ^ u64::from(u32::from(c))).wrapping_mul(0x0100_0000_01b3))
}

/// The finaliser of SplitMix64: stored signatures depend on it, so it is our own.
fn mix(hash: u64) -> u64 {
    let hash = hash.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(words: std::ops::Range<usize>) -> String {
        words.map(|n| format!("word{n} ")).collect()
    }

    fn similarity(a: &str, b: &str) -> Option<f32> {
        Some(Signature::of(a)?.similarity(&Signature::of(b)?))
    }

    #[test]
    fn agreement_estimates_the_share_of_common_shingles() {
        assert_eq!(similarity(&text(0..500), &text(0..500)), Some(1.0));
        assert!(similarity(&text(0..500), &text(500..1000)).is_some_and(|share| share < 0.02));
        // 898 common shingles of 1098.
        let share = similarity(&text(0..1000), &text(100..1100)).unwrap_or_default();
        assert!((share - 0.818).abs() < 0.1, "{share}");
    }

    #[test]
    fn markup_case_and_lines_make_no_difference_and_short_texts_have_no_signature() {
        let plain = text(0..100);
        let marked = format!("# {}", plain.to_uppercase().replace(' ', "**,\n\n"));
        assert_eq!(similarity(&plain, &marked), Some(1.0));
        assert_eq!(Signature::of(&text(0..41)), None);
        assert!(Signature::of(&text(0..42)).is_some());
    }

    #[test]
    fn bands_of_other_collections_never_meet() {
        let signature = Signature::of(&text(0..100));
        let bands = |salt| signature.as_ref().map(|signature| signature.bands(salt)).unwrap_or_default();
        assert_eq!(bands(1).len(), 16);
        assert!(bands(1).iter().all(|band| *band >= 0 && !bands(2).contains(band)));
    }

    #[test]
    fn a_signature_survives_storing_and_its_bytes_never_change() {
        let signature = Signature::of(&text(0..100));
        let bytes = signature.as_ref().map(Signature::to_bytes).unwrap_or_default();
        assert_eq!(Signature::from_bytes(&bytes), signature);
        assert_eq!(Signature::from_bytes(&bytes[1..]), None);
        assert_eq!(crate::sha256_hex(&bytes)[..16], *"b37e0acb883adb33");
    }
}
