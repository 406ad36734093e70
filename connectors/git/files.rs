//! Files of a tree as changes: which are read, what they are called, where people open them.

use async_stream::try_stream;
use domain::{Change, EngineResult, Principal, RawDocument, Since};
use futures::Stream;

use super::{
    mirror::Mirror,
    tree::{File, Tree},
};
use crate::globs::Globs;

/// What stands in for a file that is kept elsewhere: <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>.
const LFS: &[u8] = b"version https://git-lfs.github.com/spec/";

/// Which files are read.
pub(crate) struct Wanted {
    include: Option<Globs>,
    exclude: Globs,
    max_file_bytes: u64,
}

impl Wanted {
    pub(crate) fn new(include: &[String], exclude: &[String], max_file_bytes: u64) -> EngineResult<Self> {
        let include = if include.is_empty() { None } else { Some(Globs::new(include)?) };
        Ok(Self { include, exclude: Globs::new(exclude)?, max_file_bytes })
    }

    /// Hidden files are left out, as in a folder.
    fn wants(&self, path: &str) -> bool {
        let is_hidden = path.split('/').any(|part| part.starts_with('.'));
        !is_hidden && self.include.as_ref().is_none_or(|globs| globs.matches(path)) && !self.exclude.matches(path)
    }

    /// Leaves only what is wanted in a tree.
    pub(crate) fn of(&self, mut tree: Tree) -> Tree {
        tree.files.retain(|file| self.wants(&file.path));
        tree.files.dedup_by(|a, b| a.path == b.path);
        tree
    }
}

/// What files become documents with.
pub(crate) struct Naming<'a> {
    /// Begins the external ids.
    pub(crate) prefix: &'a str,
    pub(crate) readers: &'a [Principal],
    /// Where people open the file at a path.
    pub(crate) web: &'a (dyn Fn(&str) -> String + Send + Sync),
}

/// A change for each file, in order.
pub(crate) fn files<'a>(
    mirror: &'a Mirror,
    tree: &'a Tree,
    wanted: &'a Wanted,
    naming: Naming<'a>,
    since: &'a Since,
) -> impl Stream<Item = EngineResult<Change>> + Send + 'a {
    try_stream! {
        let mut blobs = mirror.blobs()?;
        for file in &tree.files {
            let external_id = format!("{}{}", naming.prefix, file.path);
            let readers = naming.readers.to_vec();
            let refusal = refusal(file, wanted.max_file_bytes);
            if let Some(reason) = refusal {
                yield Change::Failed { external_id, reason, readers: Some(readers) };
            } else if since.holds(&external_id, &file.blob) {
                yield Change::Unchanged { external_id, readers };
            } else {
                let bytes = blobs.read(file).await?;
                yield change(file, bytes, external_id, readers, (naming.web)(&file.path));
            }
        }
    }
}

fn refusal(file: &File, most: u64) -> Option<String> {
    if !file.is_unicode {
        return Some("its name is not valid UTF-8".into());
    }
    (file.bytes > most).then(|| format!("it has {} bytes, over the limit of {most}", file.bytes))
}

fn change(file: &File, bytes: Vec<u8>, external_id: String, readers: Vec<Principal>, uri: String) -> Change {
    if bytes.starts_with(LFS) {
        let reason = "it is kept in Git LFS, which is not read".into();
        return Change::Failed { external_id, reason, readers: Some(readers) };
    }
    Change::Upsert(RawDocument {
        external_id,
        uri,
        title: None,
        file_name: file.path.rsplit('/').next().unwrap_or(&file.path).to_owned(),
        bytes,
        readers,
        modified_at: None,
        revision: Some(file.blob.clone()),
    })
}
