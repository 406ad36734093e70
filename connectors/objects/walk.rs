//! Lists a tree folder by folder, within bounds.

use async_trait::async_trait;
use domain::EngineError;

use super::{
    choose::is_plain,
    store::{Entry, Listing, Trouble, What},
};
use crate::folder::is_leftover;

/// Most files and folders of a source.
pub(super) const MOST_ENTRIES: usize = 5_000_000;
/// A tree this deep is one that contains itself.
const DEEPEST: usize = 64;

/// A system that lists one folder at a time.
#[async_trait]
pub(super) trait Tree: Sync {
    /// What the folder holds, each entry with its whole path. The root is `""`.
    async fn children(&self, folder: &str) -> Result<Vec<Entry>, Trouble>;
}

/// Everything below the root. A folder that cannot be listed is noted; the root must be.
pub(super) async fn walk(tree: &dyn Tree) -> Result<Listing, Trouble> {
    let mut listing = Listing::default();
    let mut folders = vec![String::new()];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        let entries = match tree.children(&folder).await {
            Ok(entries) => entries,
            Err(Trouble::Item(reason)) if !folder.is_empty() => {
                listing.unlisted.push((folder, reason));
                continue;
            }
            Err(trouble) => return Err(trouble),
        };
        seen += entries.len();
        if seen > MOST_ENTRIES {
            return Err(EngineError::give_up(format!("list: more than {MOST_ENTRIES} files and folders")).into());
        }
        for entry in entries {
            if entry.what != What::Folder {
                listing.files.push(entry);
            } else if is_leftover(entry.id.rsplit('/').next().unwrap_or_default()) {
                // Hidden files are not read either.
            } else if !is_plain(&entry.id) {
                listing.unlisted.push((entry.id, "its name has parts that cannot be asked for safely".into()));
            } else if entry.id.split('/').count() > DEEPEST {
                listing.unlisted.push((entry.id, format!("it is nested more than {DEEPEST} folders deep")));
            } else {
                folders.push(entry.id);
            }
        }
    }
    Ok(listing)
}

/// The path of `name` in `folder`.
pub(super) fn below(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::store::Tag;

    /// A folder that holds itself, and one that is shut.
    struct Maze;

    #[async_trait]
    impl Tree for Maze {
        async fn children(&self, folder: &str) -> Result<Vec<Entry>, Trouble> {
            let entry =
                |name: &str, what| Entry { id: below(folder, name), what, bytes: 1, modified_at: None, tag: Tag::None };
            match folder {
                "shut" => Err(Trouble::Item("it is forbidden".into())),
                "" => Ok(vec![entry("a.md", What::File), entry("shut", What::Folder), entry("in", What::Folder)]),
                _ => Ok(vec![entry("in", What::Folder), entry(".git", What::Folder), entry("x/../..", What::Folder)]),
            }
        }
    }

    #[tokio::test]
    async fn a_tree_that_contains_itself_ends_and_what_could_not_be_listed_is_noted() {
        let listing = walk(&Maze).await.unwrap();
        assert_eq!(listing.files.len(), 1);
        assert!(listing.unlisted.iter().any(|(id, reason)| id == "shut" && reason.contains("forbidden")));
        assert!(listing.unlisted.iter().any(|(_, reason)| reason.contains("64 folders")));
        assert!(listing.unlisted.iter().all(|(id, _)| !id.ends_with(".git")));
    }
}
