//! What a sync and the indexing after it tell whoever watches.

/// A step forward.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// `done` items of the source were compared, parsed and stored; the last was `name`.
    Visited { done: u64, total: Option<u64>, name: String },
    /// `done` of `total` chunks are in both indexes.
    Indexed { done: u64, total: u64 },
}

/// Called for every step; must be quick.
pub type Report<'a> = &'a (dyn Fn(Progress) + Send + Sync);
