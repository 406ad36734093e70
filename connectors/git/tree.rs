//! The files of a commit, from `git ls-tree -r -z -l`: <https://git-scm.com/docs/git-ls-tree>.

/// The regular files of a commit, in git's order. Links and submodules are left out.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
}

/// A file of a commit.
#[derive(Debug, PartialEq)]
pub(crate) struct File {
    pub(crate) path: String,
    /// Whether `path` is the file's name as it stands, which need not be Unicode.
    pub(crate) is_unicode: bool,
    /// The name of its contents.
    pub(crate) blob: String,
    pub(crate) bytes: u64,
}

/// `None` for anything that is no listing.
pub(super) fn parse(listed: &[u8]) -> Option<Tree> {
    let mut files = Vec::new();
    for line in listed.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
        let tab = line.iter().position(|byte| *byte == b'\t')?;
        let (head, path) = line.split_at(tab);
        let path = path.get(1..)?;
        let head = std::str::from_utf8(head).ok()?;
        let [mode, kind, blob, bytes] = head.split_ascii_whitespace().collect::<Vec<_>>().try_into().ok()?;
        if kind != "blob" || !mode.starts_with("100") {
            continue;
        }
        files.push(File {
            path: String::from_utf8_lossy(path).into_owned(),
            is_unicode: std::str::from_utf8(path).is_ok(),
            blob: blob.to_owned(),
            bytes: bytes.parse().ok()?,
        });
    }
    Some(Tree { files })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_submodules_are_no_files() {
        let listed =
            b"100644 blob aaaa      12\ta b.md\x00120000 blob bbbb       4\tlink\x00160000 commit cccc       -\tsub\x00\
            100755 blob dddd       3\tt\tab\xff.sh\x00";
        let files = parse(listed).unwrap().files;
        let names: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.is_unicode, file.bytes)).collect();
        assert_eq!(names, [("a b.md", true, 12), ("t\tab\u{fffd}.sh", false, 3)]);
        assert!(parse(b"nonsense\x00").is_none());
    }
}
