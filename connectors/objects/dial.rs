//! Connects to a host that the guard admits, for what does not speak HTTP.

use std::time::Duration;

use domain::{EngineError, EngineResult};
use tokio::net::TcpStream;

use crate::http::Guard;

/// How long a connection, and then every step on it, may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to the first admitted address of `host` that answers.
pub(super) async fn dial(guard: &Guard, host: &str, port: u16) -> EngineResult<TcpStream> {
    let mut failure = EngineError::retry(format!("connect to {host}: it has no address"));
    for address in guard.resolve(host, port).await? {
        match tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failure = EngineError::retry(format!("connect to {host}: {error}")),
            Err(_) => failure = EngineError::retry(format!("connect to {host}: no answer in {PATIENCE:?}")),
        }
    }
    Err(failure)
}

/// The work's outcome, or that it took too long.
pub(super) async fn timely<T>(what: &str, work: impl Future<Output = T>) -> EngineResult<T> {
    let late = |_| EngineError::retry(format!("{what}: no answer in {PATIENCE:?}"));
    tokio::time::timeout(PATIENCE, work).await.map_err(late)
}
