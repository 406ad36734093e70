//! What GitHub and GitLab have in common: repositories of several parts, some of which may be out of reach.

use async_stream::try_stream;
use domain::{Change, EngineError, EngineResult, Principal, Since};
use futures::{Stream, StreamExt};

use crate::{
    git::{self, Mirror, Naming, Tree, Wanted},
    readers::nobody,
};

/// Readers, or why nobody can say who they are.
pub(crate) type Readers = Result<Vec<Principal>, String>;

/// What a sync has seen so far.
#[derive(Default)]
pub(crate) struct Seen {
    /// Everything that exists, or may exist where nothing could be listed.
    pub(crate) listing: Vec<String>,
    /// Whether a part could not be read.
    pub(crate) is_partial: bool,
}

/// A part of a repository, such as its wiki.
pub(crate) struct Part<'a> {
    /// The id that its failure is known by.
    pub(crate) id: String,
    /// As people call it: `wiki of acme/web`.
    pub(crate) title: String,
    pub(crate) readers: &'a Readers,
}

impl Seen {
    /// Reports a part that could not be read. What is `held` of it stays, for its readers of today. What may pass ends the
    /// sync instead.
    pub(crate) fn broken(
        &mut self,
        part: &Part<'_>,
        error: EngineError,
        held: impl IntoIterator<Item = String>,
    ) -> EngineResult<Vec<Change>> {
        if error.retryable {
            return Err(error);
        }
        self.is_partial = true;
        let (external_id, reason) = (part.id.clone(), format!("{}: {error}", part.title));
        self.listing.push(external_id.clone());
        let mut changes = vec![Change::Failed { external_id, reason, readers: None }];
        for external_id in held {
            self.listing.push(external_id.clone());
            let readers = part.readers.clone().unwrap_or_else(|_| nobody());
            changes.push(Change::Access { external_id, readers });
        }
        Ok(changes)
    }
}

/// The files of a part as they were found by git. `prefix` begins their ids, `web` says where people open them.
pub(crate) fn files<'a>(
    found: EngineResult<Option<(Mirror, Tree)>>,
    part: Part<'a>,
    (prefix, web): (&'a str, &'a (dyn Fn(&str) -> String + Send + Sync)),
    wanted: &'a Wanted,
    since: &'a Since,
    seen: &'a mut Seen,
) -> impl Stream<Item = EngineResult<Change>> + Send + 'a {
    try_stream! {
        let (mirror, tree) = match found {
            Ok(Some((mirror, tree))) => (mirror, wanted.of(tree)),
            Ok(None) => return,
            Err(error) => {
                let held = since.ids().filter(|id| id.starts_with(prefix)).cloned();
                for change in seen.broken(&part, error, held)? {
                    yield change;
                }
                return;
            }
        };
        seen.listing.extend(tree.files.iter().map(|file| format!("{prefix}{}", file.path)));
        match part.readers {
            Err(reason) => {
                for file in &tree.files {
                    let external_id = format!("{prefix}{}", file.path);
                    yield Change::Failed { external_id, reason: reason.clone(), readers: Some(nobody()) };
                }
            }
            Ok(readers) => {
                let mut changes = git::files(&mirror, &tree, wanted, Naming { prefix, readers, web }, since).boxed();
                while let Some(change) = changes.next().await {
                    yield change?;
                }
            }
        }
    }
}

/// Whether git sees a part of which `prefix` begins the ids: one that it sees no more may be gone or only out of sight.
pub(crate) fn seen_by_git(
    mirror: Mirror,
    tree: Option<Tree>,
    prefix: &str,
    since: &Since,
) -> EngineResult<Option<(Mirror, Tree)>> {
    match tree {
        Some(tree) => Ok(Some((mirror, tree))),
        None if since.ids().any(|id| id.starts_with(prefix)) => {
            Err(EngineError::give_up("it was there and is not to be seen any more; what was read stays"))
        }
        None => Ok(None),
    }
}
