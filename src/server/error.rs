//! Why the server could not start or a password could not be made.

/// Failure outside a request; a request fails with a problem instead.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken or not this machine's.
    #[error("listen on {address}: {source}")]
    Listen { address: String, source: std::io::Error },
    #[error("serve: {0}")]
    Serve(#[from] std::io::Error),
    /// A setting that cannot work.
    #[error("{0}")]
    Config(String),
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
    #[error("hash a password: {0}")]
    Password(String),
    #[error(transparent)]
    Store(#[from] store::Error),
}

pub type Result<T> = std::result::Result<T, Error>;
