//! The messages between the parser pool and its child processes: length-prefixed bytes and JSON.

use std::io::{self, Read, Write};

use domain::Document;
use serde::{Deserialize, Serialize};

use super::ParseError;

/// Longest file name that is sent; the rest is cut.
pub(super) const MAX_NAME_BYTES: usize = 4_096;

/// What a child answers to one file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Reply {
    pub(super) outcome: Result<Document, ParseError>,
    /// Most memory the child has held so far, in bytes.
    pub(super) peak_memory_bytes: u64,
}

/// Reads `u64` little-endian length and that many bytes; `None` at the end of the stream.
pub(super) fn read(input: &mut impl Read, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 8];
    match input.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        result => result?,
    }
    let length = u64::from_le_bytes(length);
    if length > max_bytes {
        return Err(io::Error::other(format!("a message of {length} bytes is over the limit of {max_bytes}")));
    }
    let mut bytes = Vec::new();
    input.take(length).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(bytes))
}

pub(super) fn write(output: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    output.write_all(&(bytes.len() as u64).to_le_bytes())?;
    output.write_all(bytes)?;
    output.flush()
}

/// A file name that fits into a message.
pub(super) fn short_name(file_name: &str) -> &str {
    let mut end = file_name.len().min(MAX_NAME_BYTES);
    while !file_name.is_char_boundary(end) {
        end -= 1;
    }
    file_name.get(..end).unwrap_or_default()
}
