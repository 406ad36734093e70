//! How the store fails.

/// Failure of a store operation.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing of that name, or nothing the viewer may see: the two are never told apart.
    #[error("{0} does not exist")]
    NotFound(String),
    /// What was asked contradicts what is stored.
    #[error("{0}")]
    Conflict(String),
    /// What was asked can never be stored.
    #[error("{0}")]
    Invalid(String),
    /// The database holds something this version cannot read: written by a newer one, or by hand.
    #[error("the database does not fit this version of Footnote: {0}")]
    Schema(String),
    #[error("database: {0}")]
    Db(#[from] sea_orm::DbErr),
}

pub type Result<T> = std::result::Result<T, Error>;
