//! Reads parts out of a zip archive without trusting its sizes.

use std::io::{Cursor, Read};

use zip::{ZipArchive, read::ZipFile, result::ZipError};

use super::{charset, error::Fault};

const MAX_ENTRIES: usize = 10_000;
/// A part may unpack to this many times its packed size, beyond a size where that matters.
const MAX_RATIO: u64 = 400;
const RATIO_FREE_BYTES: u64 = 8 << 20;

pub(super) struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// Bytes that may still be unpacked, over all parts.
    left: usize,
    limit: usize,
}

impl<'a> Package<'a> {
    pub(super) fn open(bytes: &'a [u8], max_unpacked_bytes: usize) -> Result<Self, Fault> {
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| match error {
            ZipError::InvalidArchive(_) => Fault::broken(format!("the file is truncated or damaged ({error})")),
            error => Fault::broken(format!("cannot open the archive: {error}")),
        })?;
        if archive.len() > MAX_ENTRIES {
            return Err(Fault::TooLarge {
                what: format!("its {} archive entries are", archive.len()),
                limit: MAX_ENTRIES.to_string(),
            });
        }
        Ok(Self { archive, left: max_unpacked_bytes, limit: max_unpacked_bytes })
    }

    /// Names of all parts in the order of the archive; one that cannot be read as text is empty.
    pub(super) fn names(&self) -> Vec<String> {
        self.archive.file_names().map(|name| name.unwrap_or_default().into_owned()).collect()
    }

    /// A part's text; `None` where the archive has no such part.
    pub(super) fn read(&mut self, name: &str) -> Result<Option<String>, Fault> {
        let Some(bytes) = self.read_bytes(name)? else { return Ok(None) };
        charset::decode(&bytes).map(Some).ok_or_else(|| Fault::broken(format!("{name} is not text")))
    }

    /// A part's bytes; `None` where the archive has no such part.
    pub(super) fn read_bytes(&mut self, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        match self.archive.by_name(name) {
            Ok(file) => unpack(file, name, &mut self.left, self.limit).map(Some),
            Err(ZipError::FileNotFound) => Ok(None),
            Err(error) => Err(fault(name, error)),
        }
    }

    /// The bytes of the part with this place in [`Package::names`].
    pub(super) fn read_at(&mut self, index: usize, name: &str) -> Result<Vec<u8>, Fault> {
        let file = self.archive.by_index(index).map_err(|error| fault(name, error))?;
        unpack(file, name, &mut self.left, self.limit)
    }

    /// Unpacks every part once and throws it away, for readers that would unpack without a limit.
    pub(super) fn check_sizes(&mut self) -> Result<(), Fault> {
        for (index, name) in self.names().into_iter().enumerate() {
            self.read_at(index, &name)?;
        }
        Ok(())
    }
}

fn unpack(file: ZipFile<'_, Cursor<&[u8]>>, name: &str, left: &mut usize, limit: usize) -> Result<Vec<u8>, Fault> {
    let by_ratio = RATIO_FREE_BYTES.max(file.compressed_size().saturating_mul(MAX_RATIO));
    let most = by_ratio.min(*left as u64);
    let mut bytes = Vec::new();
    file.take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Fault::broken(format!("cannot unpack {name}: the file is truncated or damaged ({error})")))?;
    if bytes.len() as u64 > most {
        return Err(Fault::over(format!("{name} unpacks to a size"), (limit as u64).min(by_ratio)));
    }
    *left -= bytes.len();
    Ok(bytes)
}

fn fault(name: &str, error: ZipError) -> Fault {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => Fault::Encrypted,
        error => Fault::broken(format!("cannot read {name}: {error}")),
    }
}

/// A zip archive made of these parts, for tests.
#[cfg(test)]
pub(super) fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        if zip.start_file(*name, zip::write::SimpleFileOptions::default()).is_ok() {
            zip.write_all(bytes).ok();
        }
    }
    zip.finish().map(Cursor::into_inner).unwrap_or_default()
}
