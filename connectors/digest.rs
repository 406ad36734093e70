//! Names a state by its content, for systems that have no name for it.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// 128 bits of a hash over `parts`, as text; where one part ends and the next begins counts.
pub(crate) fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(16).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
