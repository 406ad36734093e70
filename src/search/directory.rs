//! What both on-disk indexes do with their directory: recognise an empty one, and wipe one that must be rebuilt.

use std::{fs, io::ErrorKind, path::Path};

use domain::EngineError;

use crate::{Error, Result};

/// Removes an index and all its files. Close its handle first; a missing directory is fine.
pub fn wipe(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(EngineError::retry(format!("remove index {}: {error}", dir.display())).into())
        }
        _ => Ok(()),
    }
}

/// Makes `dir` for a new index; one that already holds files is refused.
pub(crate) fn make_empty(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).map_err(|error| EngineError::retry(format!("create {}: {error}", dir.display())))?;
    if is_empty(dir) {
        return Ok(());
    }
    Err(Error::unusable(dir, "it already holds files"))
}

/// Whether `dir` is missing or holds nothing.
pub(crate) fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).map_or(true, |mut entries| entries.next().is_none())
}
