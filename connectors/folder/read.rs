//! Reads the files of a plan, a bounded batch at a time.

use std::{
    fs::File,
    io::{self, Read},
    path::{Component, Path},
};

use domain::{Batch, Change, Cursor, RawDocument, Since};
use jiff::Timestamp;
use rustix::fs::{CWD, Mode, OFlags, openat};
use url::Url;

use super::{
    Settings,
    walk::{Found, HAS_RULES, Plan},
};

const MAX_BATCH_FILES: usize = 64;
const MAX_BATCH_BYTES: u64 = 16 << 20;

/// The batch that starts at file number `first`, and the number of the file after it.
/// The last batch has the whole listing. A sync that was cut off starts over, and what it had read is recognised by its
/// revision: the cursor only says whether there are rules, so that they are missed once they are gone.
pub(super) fn batch(settings: &Settings, plan: &Plan, since: &Since, first: usize) -> (Batch, usize) {
    let mut changes = Vec::new();
    let mut bytes = 0;
    let mut next = first;
    for file in plan.files.iter().skip(first).take(MAX_BATCH_FILES) {
        let size = if file.refusal.is_some() { 0 } else { file.bytes };
        if !changes.is_empty() && bytes + size > MAX_BATCH_BYTES {
            break;
        }
        bytes += size;
        next += 1;
        changes.push(change(settings, plan, since, file));
    }
    let is_last = next >= plan.files.len();
    let ids = || plan.files.iter().map(|file| file.id.clone()).collect();
    let batch = Batch {
        changes,
        cursor: plan.rules.is_there.then(|| Cursor(HAS_RULES.into())),
        listing: is_last.then(ids),
        total: Some(plan.files.len() as u64),
    };
    (batch, next)
}

fn change(settings: &Settings, plan: &Plan, since: &Since, file: &Found) -> Change {
    let external_id = file.id.clone();
    let readers = plan.rules.readers(&external_id);
    let failed =
        |reason: String| Change::Failed { external_id: file.id.clone(), reason, readers: Some(readers.clone()) };
    if let Some(refusal) = &file.refusal {
        return failed(refusal.clone());
    }
    if file.is_unlisted {
        return Change::Access { external_id, readers };
    }
    if file.revision.as_ref().is_some_and(|revision| since.holds(&external_id, revision)) {
        return Change::Unchanged { external_id, readers };
    }
    let (bytes, modified_at) = match read(&plan.root, &file.path, settings.max_file_bytes) {
        Ok(read) => read,
        Err(error) => return failed(format!("cannot be read: {error}")),
    };
    let Ok(uri) = Url::from_file_path(&file.path) else { return failed("its path is no URL".into()) };
    Change::Upsert(RawDocument {
        file_name: external_id.rsplit('/').next().unwrap_or(&external_id).to_owned(),
        readers,
        external_id,
        uri: uri.into(),
        title: None,
        bytes,
        modified_at,
        revision: file.revision.clone(),
    })
}

/// Reads a regular file that is still one when it is opened, and still within the limit.
fn read(root: &Path, path: &Path, max_bytes: u64) -> io::Result<(Vec<u8>, Option<Timestamp>)> {
    let file = open(root, path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(max_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        return Err(io::Error::other(format!("it is over the limit of {max_bytes} bytes")));
    }
    let modified_at = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
    Ok((bytes, modified_at))
}

/// Opens `path` step by step from `root` on. No step follows a link: one that took a folder's place since it was listed
/// would lead to files that other rules are for.
fn open(root: &Path, path: &Path) -> io::Result<File> {
    let outside = || io::Error::other("it does not lie below the folder");
    let folder = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut at = openat(CWD, root, folder, Mode::empty())?;
    let mut parts = path.strip_prefix(root).map_err(|_| outside())?.components().peekable();
    while let Some(part) = parts.next() {
        let Component::Normal(name) = part else { return Err(outside()) };
        let what = if parts.peek().is_some() { folder } else { OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC };
        at = openat(&at, name, what | OFlags::NOFOLLOW, Mode::empty())?;
    }
    Ok(File::from(at))
}
