//! Reads parts out of a zip archive without trusting its sizes.

use std::io::{Cursor, Read};

use zip::{ZipArchive, result::ZipError};

use super::super::{charset, error::Fault};

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

    /// Name of the part that holds the text.
    pub(super) fn main_part(&self) -> Option<String> {
        let names = || self.archive.file_names().filter_map(Result::ok);
        let is_main = |name: &str| name.starts_with("word/document") && name.ends_with(".xml");
        names().find(|name| name == "word/document.xml").or_else(|| names().find(|name| is_main(name))).map(Into::into)
    }

    /// A part's text; `None` where the archive has no such part.
    pub(super) fn read(&mut self, name: &str) -> Result<Option<String>, Fault> {
        let file = match self.archive.by_name(name) {
            Ok(file) => file,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(ZipError::UnsupportedArchive { .. } | ZipError::InvalidPassword) => {
                return Err(Fault::Encrypted);
            }
            Err(error) => return Err(Fault::broken(format!("cannot read {name}: {error}"))),
        };
        let packed = file.compressed_size();
        let by_ratio = RATIO_FREE_BYTES.max(packed.saturating_mul(MAX_RATIO));
        let most = by_ratio.min(self.left as u64);
        let mut bytes = Vec::new();
        file.take(most + 1).read_to_end(&mut bytes).map_err(|error| {
            Fault::broken(format!("cannot unpack {name}: the file is truncated or damaged ({error})"))
        })?;
        if bytes.len() as u64 > most {
            return Err(Fault::over(format!("{name} unpacks to a size"), (self.limit as u64).min(by_ratio)));
        }
        self.left -= bytes.len();
        charset::decode(&bytes).map(Some).ok_or_else(|| Fault::broken(format!("{name} is not text")))
    }
}
