//! Listens, announces the address, serves until told to stop.

use std::{sync::Arc, time::Duration};

use actix_web::{HttpServer, web};
use tokio::signal::unix::{SignalKind, signal};

use crate::{Error, Result, ServerConfig, ServerContext, app::app, context::Desk, metrics};

/// How long a client may take to send its headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// A closed connection's last bytes.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Serves until SIGINT or SIGTERM, then lets running requests finish. Tells `announce` the address once it listens.
///
/// # Errors
/// [`Error::Listen`] when the address is taken, [`Error::Config`] for a public URL that is none.
pub async fn run(ctx: Arc<ServerContext>, config: ServerConfig, announce: &dyn Fn(&str)) -> Result<()> {
    let address = format!("{}:{}", bracketed(&config.bind), config.port);
    let (workers, shutdown_timeout) = (config.workers, config.shutdown_timeout_secs);
    let public_url = config.public_url.clone();
    metrics::install();
    let desk = web::Data::new(Desk::new(ctx, config)?);
    let mut server = HttpServer::new(move || app(desk.clone()))
        .client_request_timeout(HEADER_TIMEOUT)
        .client_disconnect_timeout(DISCONNECT_TIMEOUT)
        .keep_alive(KEEP_ALIVE)
        // A client that has closed its side has left: whatever was made for it is dropped at once.
        .h1_allow_half_closed(false)
        .shutdown_timeout(shutdown_timeout)
        .shutdown_signal(told_to_stop()?);
    if workers > 0 {
        server = server.workers(workers);
    }
    let server = server.bind(&address).map_err(|source| Error::Listen { address, source })?;
    let bound = server.addrs().first().map(|address| format!("http://{address}")).unwrap_or_default();
    announce(&public_url.unwrap_or(bound));
    Ok(server.run().await?)
}

fn told_to_stop() -> Result<impl Future<Output = ()> + Send + 'static> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// An IPv6 address as a URL writes it.
fn bracketed(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() }
}
