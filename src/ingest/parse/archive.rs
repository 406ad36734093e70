//! ZIP, TAR and gzip: every member as a section headed by its path. Nothing is written anywhere.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::{Draft, error::Fault, nest::Nest, package::Package};

/// A gzip stream may unpack to this many times its size, beyond a size where that matters.
const MAX_RATIO: usize = 400;
const RATIO_FREE_BYTES: usize = 8 << 20;
/// Where a tar header says what it is.
const TAR_MAGIC: (usize, &[u8]) = (257, b"ustar");
/// Members' headings.
const LEVEL: u8 = 1;

pub(super) fn parse_zip(bytes: &[u8], nest: &mut Nest<'_>) -> Result<Draft, Fault> {
    let mut package = Package::open(bytes, nest.bytes_left())?;
    let mut draft = Draft::default();
    for (index, path) in package.names().into_iter().enumerate() {
        if is_clutter(&path) {
            continue;
        }
        match package.read_at(index, &path) {
            Ok(member) => add(&path, &member, &mut draft, nest)?,
            Err(Fault::Encrypted) => draft.note(format!("{path} is encrypted and was left out")),
            Err(Fault::Broken(detail)) => draft.note(format!("a part was left out: {detail}")),
            Err(fault) => return Err(fault),
        }
    }
    finish(draft)
}

pub(super) fn parse_tar(bytes: &[u8], nest: &mut Nest<'_>) -> Result<Draft, Fault> {
    let mut draft = Draft::default();
    let broken = |error: std::io::Error| Fault::broken(format!("the archive is truncated or damaged ({error})"));
    for entry in tar::Archive::new(bytes).entries().map_err(broken)? {
        let mut entry = match entry {
            Ok(entry) => entry,
            // What comes before damage is kept.
            Err(error) if draft.is_blank() => return Err(broken(error)),
            Err(error) => {
                draft.note(format!("the archive is truncated or damaged ({error})"));
                break;
            }
        };
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if !entry.header().entry_type().is_file() || is_clutter(&path) {
            continue;
        }
        let member = read_bounded(&mut entry, nest.bytes_left(), nest.limits.max_unpacked_bytes)?;
        add(&path, &member, &mut draft, nest)?;
    }
    finish(draft)
}

/// A gzip stream holds one file, often a tar.
pub(super) fn parse_gzip(file_name: &str, bytes: &[u8], nest: &mut Nest<'_>) -> Result<Draft, Fault> {
    let by_ratio = RATIO_FREE_BYTES.max(bytes.len().saturating_mul(MAX_RATIO));
    let most = nest.bytes_left().min(by_ratio);
    let unpacked = read_bounded(&mut MultiGzDecoder::new(bytes), most, most)?;
    if is_tar(&unpacked) {
        nest.take(unpacked.len())?;
        return parse_tar(&unpacked, nest);
    }
    let name = file_name.strip_suffix(".gz").or(file_name.strip_suffix(".GZ")).unwrap_or(file_name);
    let mut draft = Draft::default();
    add(name, &unpacked, &mut draft, nest)?;
    finish(draft)
}

pub(super) fn is_tar(bytes: &[u8]) -> bool {
    let (at, magic) = TAR_MAGIC;
    bytes.get(at..at + magic.len()) == Some(magic)
}

fn read_bounded(input: &mut impl Read, most: usize, limit: usize) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let read = input.take(most as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| Fault::broken(format!("the archive is truncated or damaged ({error})")))?;
    if bytes.len() > most {
        return Err(Fault::over("what it unpacks to is", limit as u64));
    }
    Ok(bytes)
}

fn add(path: &str, member: &[u8], draft: &mut Draft, nest: &mut Nest<'_>) -> Result<(), Fault> {
    draft.push("\n\n");
    nest.add(path, member, LEVEL, draft)
}

/// Folders, and what operating systems put into archives by themselves.
fn is_clutter(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.is_empty() || path.starts_with("__MACOSX/") || matches!(name, ".DS_Store" | "Thumbs.db" | "desktop.ini")
}

fn finish(draft: Draft) -> Result<Draft, Fault> {
    if draft.is_blank() {
        let why = draft.first_note().unwrap_or("it has no members").to_owned();
        return Err(Fault::NoText(format!("none of its members gives text ({why})")));
    }
    Ok(draft)
}

#[cfg(test)]
mod tests;
