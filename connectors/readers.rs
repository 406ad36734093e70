//! Readers that connectors of every kind name alike.

use domain::Principal;

/// Names no group of any system, so that it has no members.
const NOBODY: &str = "nobody, as its readers are not known";

/// Readers that let nobody read: for what may be held already while nobody can say any more who may read it.
pub(crate) fn nobody() -> Vec<Principal> {
    vec![Principal::source_group(NOBODY)]
}
