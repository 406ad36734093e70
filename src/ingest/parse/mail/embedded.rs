//! Takes a message out of the Outlook message it is attached to (MS-OXMSG 2.2.2.1), as a file of its own.

use std::{
    io::{self, Cursor, Read, Write},
    path::{Path, PathBuf},
};

use cfb::{CompoundFile, Version};

/// Streams and storages of one message.
const MAX_ENTRIES: usize = 10_000;
/// The properties of a message of its own have a header longer by eight bytes of zeros.
const INNER_HEADER_BYTES: usize = 24;

/// The message in the attachment with this place (from 0); `None` where there is none.
pub(super) fn message(bytes: &[u8], attachment: usize) -> Option<Vec<u8>> {
    let mut outer = CompoundFile::open(Cursor::new(bytes)).ok()?;
    let root = PathBuf::from(format!("/__attach_version1.0_#{attachment:08X}/__substg1.0_3701000D"));
    if !outer.is_storage(&root) {
        return None;
    }
    copy(&mut outer, &root).ok()
}

fn copy(outer: &mut CompoundFile<Cursor<&[u8]>>, root: &Path) -> io::Result<Vec<u8>> {
    let entries: Vec<(PathBuf, bool)> = outer
        .walk_storage(root)?
        .skip(1)
        .take(MAX_ENTRIES)
        .map(|entry| (entry.path().to_owned(), entry.is_storage()))
        .collect();
    let mut inner = CompoundFile::create_with_version(Version::V3, Cursor::new(Vec::new()))?;
    for (path, is_storage) in entries {
        let name = path.strip_prefix(root).map_err(io::Error::other)?;
        let target = Path::new("/").join(name);
        if is_storage {
            inner.create_storage(&target)?;
            continue;
        }
        let mut data = Vec::new();
        outer.open_stream(&path)?.read_to_end(&mut data)?;
        if name == Path::new("__properties_version1.0") && data.len() >= INNER_HEADER_BYTES {
            data.splice(INNER_HEADER_BYTES..INNER_HEADER_BYTES, [0; 8]);
        }
        inner.create_stream(&target)?.write_all(&data)?;
    }
    inner.flush()?;
    Ok(inner.into_inner().into_inner())
}
