//! Plain text: the characters as they are, decoded and cleaned.

use super::{Draft, charset, error::Fault};

pub(super) fn parse(bytes: &[u8]) -> Result<Draft, Fault> {
    let mut draft = Draft::default();
    draft.push(&charset::decode(bytes).ok_or_else(|| Fault::broken("it holds binary data, not text"))?);
    Ok(draft)
}
