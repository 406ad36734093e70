//! Lists a folder: every file in path order, with what is known before it is opened.

use std::{
    collections::{BTreeSet, HashSet},
    fs::Metadata,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use domain::{EngineError, EngineResult, Since};
use jiff::Timestamp;
use walkdir::{DirEntry, WalkDir};

use super::{
    Settings,
    access::{self, AccessRules},
};
use crate::EXTENSIONS;

/// Files that programs leave behind, besides hidden ones.
const LEFTOVERS: &[&str] = &["Thumbs.db", "desktop.ini"];

/// Seconds after which a file's times can be relied on, also on coarse file systems.
const SETTLED_SECS: i64 = 2;

/// One sync's work: what exists, and who may read it.
#[derive(Debug)]
pub(super) struct Plan {
    /// The folder itself, without links on the way to it.
    pub(super) root: PathBuf,
    /// By external id, ascending.
    pub(super) files: Vec<Found>,
    pub(super) rules: AccessRules,
}

/// A file, or what was found in its place.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    /// Path relative to the folder, with `/`.
    pub(super) id: String,
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    /// Changes whenever the file is written, renamed over or replaced; `None` while it may still be changing.
    pub(super) revision: Option<String>,
    /// Why it is not read.
    pub(super) refusal: Option<String>,
    /// Whether it is held and lies where nothing can be listed now: it may still exist.
    pub(super) is_unlisted: bool,
}

impl Found {
    fn refused(id: String, path: PathBuf, reason: String) -> Self {
        Self { id, path, bytes: 0, revision: None, refusal: Some(reason), is_unlisted: false }
    }
}

/// What the cursor says where the folder has a file of rules.
pub(super) const HAS_RULES: &str = "access.toml";

/// Lists the folder. A folder that is missing, not a folder, or empty is an error: it is far more often
/// a disk that is not mounted than a wish to forget everything.
pub(super) fn plan(settings: &Settings, since: &Since) -> EngineResult<Plan> {
    let shown = settings.path.display();
    let root =
        settings.path.canonicalize().map_err(|error| EngineError::give_up(format!("open folder {shown}: {error}")))?;
    if !root.is_dir() {
        return Err(EngineError::give_up(format!("open folder {shown}: it is not a folder")));
    }
    let had_rules = since.cursor.as_ref().is_some_and(|cursor| cursor.0 == HAS_RULES);
    let rules = AccessRules::read(&root, &settings.readers, had_rules)?;
    let (mut files, mut unlisted, mut met) = (Vec::new(), Vec::new(), BTreeSet::new());
    for entry in
        WalkDir::new(&root).follow_links(false).min_depth(1).into_iter().filter_entry(|entry| !is_skipped(entry))
    {
        match entry {
            Ok(entry) if entry.file_name() == access::FILE_NAME => {
                return Err(EngineError::give_up(format!(
                    "read folder {shown}: {} holds access rules, which count in the root of a folder only: ingest that \
                     folder by itself, or move the rules up",
                    entry.path().display()
                )));
            }
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) => {
                let (id, is_unicode) = external_id(&root, entry.path());
                rules.note(&id, &mut met);
                files.extend(found(&root, &entry, (id, is_unicode), settings));
            }
            Err(error) => {
                let path = error.path().unwrap_or(&root).to_owned();
                if path == root {
                    return Err(EngineError::retry(format!("list folder {shown}: {error}")));
                }
                let reason = error
                    .io_error()
                    .map_or_else(|| "cannot be listed".to_owned(), |io| format!("cannot be listed: {io}"));
                let id = external_id(&root, &path).0;
                unlisted.push(format!("{id}/"));
                files.push(Found::refused(id, path, reason));
            }
        }
    }
    if files.is_empty() {
        return Err(EngineError::give_up(format!(
            "read folder {shown}: it holds no files to read; nothing is changed"
        )));
    }
    let listed: HashSet<String> = files.iter().map(|file| file.id.clone()).collect();
    let is_unlisted = |id: &&String| unlisted.iter().any(|folder| id.starts_with(folder)) && !listed.contains(*id);
    for id in since.ids().filter(is_unlisted) {
        rules.note(id, &mut met);
        let (id, path) = (id.clone(), root.join(id));
        files.push(Found { id, path, bytes: 0, revision: None, refusal: None, is_unlisted: true });
    }
    for path in rules.unmet(&met) {
        let reason =
            format!("the rule for `{path}` matches no file, so it protects nothing: correct its path, or take it out");
        files.push(Found::refused(format!("{}: {path}", access::FILE_NAME), root.join(access::FILE_NAME), reason));
    }
    files.sort();
    files.dedup_by(|a, b| a.id == b.id);
    Ok(Plan { root, files, rules })
}

fn is_skipped(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let is_rules = entry.depth() == 1 && name == access::FILE_NAME;
    entry.depth() > 0 && (is_leftover(&name) || is_rules)
}

/// Whether nobody put a file or folder of that name there to be read: hidden ones, lock files, what desktops leave.
pub(crate) fn is_leftover(name: &str) -> bool {
    name.starts_with('.') || name.starts_with("~$") || LEFTOVERS.contains(&name)
}

fn found(root: &Path, entry: &DirEntry, (id, is_unicode): (String, bool), settings: &Settings) -> Option<Found> {
    let is_included = settings.include.as_ref().is_none_or(|globs| globs.matches(&id));
    if !is_included || settings.exclude.matches(&id) {
        return None;
    }
    let metadata = entry.metadata().ok();
    let bytes = metadata.as_ref().map_or(0, Metadata::len);
    let refusal = if !is_unicode {
        Some("its name is not valid UTF-8".to_owned())
    } else if entry.file_type().is_symlink() {
        // What a link inside the folder leads to is found by itself, under its own rules.
        let leads_inside = entry.path().canonicalize().is_ok_and(|target| target.starts_with(root));
        if leads_inside {
            return None;
        }
        Some("it is a link that leads out of the folder, or nowhere".to_owned())
    } else if !entry.file_type().is_file() {
        Some("it is not a regular file".to_owned())
    } else if bytes > settings.max_file_bytes {
        Some(format!("it has {bytes} bytes, over the limit of {}", settings.max_file_bytes))
    } else {
        unknown_extension(&id)
    };
    let revision = metadata.as_ref().and_then(|metadata| revision(metadata, (settings.clock.now)()));
    Some(Found { id, path: entry.path().to_owned(), bytes, revision, refusal, is_unlisted: false })
}

/// Length, file number and the time of the last change of anything about it, which programs cannot set back.
/// A file just changed may change again before its time does.
fn revision(metadata: &Metadata, now: Timestamp) -> Option<String> {
    let is_settled = metadata.ctime() < now.as_second() - SETTLED_SECS;
    is_settled
        .then(|| format!("{}-{}-{}.{:09}", metadata.len(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec()))
}

/// Why a file is not read, where its name says enough.
pub(crate) fn unknown_extension(id: &str) -> Option<String> {
    let extension = Path::new(id).extension()?.to_string_lossy().to_lowercase();
    let is_known = EXTENSIONS.contains(&extension.as_str());
    (!is_known).then(|| format!("no parser for .{extension} files"))
}

/// The path below `root` with `/`, and whether it is valid Unicode as it stands.
fn external_id(root: &Path, path: &Path) -> (String, bool) {
    let below = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    (parts.join("/"), below.to_str().is_some())
}
