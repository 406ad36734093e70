//! The folder that holds everything: database, indexes, configuration. One process at a time.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use domain::{GenerationId, SourceId};

const FIRST_GENERATION: GenerationId = GenerationId(1);

/// Where things lie under the data directory.
#[derive(Clone, Debug)]
pub struct DataDir {
    root: PathBuf,
}

/// Held as long as this process may write; released when dropped.
pub struct DataDirLock {
    _file: File,
}

/// Another process has the data directory.
#[derive(Debug, thiserror::Error)]
#[error("the data directory {} is in use by {holder}: stop it or choose another --data-dir", root.display())]
pub struct InUse {
    root: PathBuf,
    holder: String,
}

impl DataDir {
    /// `dir`, or the platform's data directory for Footnote.
    pub fn new(dir: Option<PathBuf>) -> anyhow::Result<Self> {
        let root = match dir {
            Some(dir) => dir,
            None => project_dirs()?.data_dir().to_owned(),
        };
        fs::create_dir_all(&root).with_context(|| format!("create the data directory {}", root.display()))?;
        Ok(Self { root: root.canonicalize().unwrap_or(root) })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn config_file(&self) -> PathBuf {
        self.root.join("footnote.toml")
    }

    /// Where the indexes of a generation lie; those of the first are where they were before there were generations.
    pub fn index(&self, generation: GenerationId) -> PathBuf {
        match generation {
            FIRST_GENERATION => self.root.join("index"),
            GenerationId(number) => self.root.join("indexes").join(number.to_string()),
        }
    }

    /// The generations that have a folder.
    pub fn indexed(&self) -> Vec<GenerationId> {
        let names = fs::read_dir(self.root.join("indexes")).into_iter().flatten().flatten();
        let numbers = names.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).map(GenerationId);
        numbers.chain(self.root.join("index").exists().then_some(FIRST_GENERATION)).collect()
    }

    /// What a source's connector keeps to save work; it may be deleted at any time.
    pub fn source_work(&self, source: &SourceId) -> PathBuf {
        self.root.join("sources").join(source.as_str())
    }

    /// Removes what is kept to save work for a source that is no more.
    pub fn forget_source_work(&self, source: &SourceId) -> anyhow::Result<()> {
        let dir = self.source_work(source);
        match std::fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("remove {}", dir.display()))
            }
            _ => Ok(()),
        }
    }

    /// Why nothing more may be written: less than `least` bytes are free. A full disk kills engines that map their files.
    pub fn lacks_space(&self, least: u64) -> Option<String> {
        let free = fs4::available_space(&self.root).ok()?;
        let megabytes = |bytes: u64| bytes >> 20;
        (free < least).then(|| {
            format!(
                "only {} MB are free in {}, and ingest.min_free_bytes keeps {} MB",
                megabytes(free),
                self.root.display(),
                megabytes(least)
            )
        })
    }

    /// Refuses at once when another process has the directory.
    pub fn lock(&self, command: &str) -> anyhow::Result<DataDirLock> {
        let path = self.root.join("footnote.lock");
        let opened = OpenOptions::new().create(true).read(true).write(true).truncate(false).open(&path);
        let mut file = opened.with_context(|| format!("open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                return Err(InUse { root: self.root.clone(), holder: holder.trim().to_owned() }.into());
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(|| format!("lock {}", path.display())),
        }
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "`footnote {command}` (process {})", std::process::id())?;
        Ok(DataDirLock { _file: file })
    }
}

/// Where models lie unless told otherwise: they can be fetched again, so with the user's caches.
pub fn default_models_dir() -> anyhow::Result<PathBuf> {
    Ok(project_dirs()?.cache_dir().join("models"))
}

fn project_dirs() -> anyhow::Result<directories::ProjectDirs> {
    directories::ProjectDirs::from("", "", "footnote").context("find your home directory: name one with --data-dir")
}
