//! The way to an IMAP server: a checked address, TLS, and a login.

use std::{
    fmt, io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use async_imap::{Authenticator, Client, imap_proto};
use domain::{EngineError, EngineResult};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{ImapConfig, Tls};
use crate::{Secret, http::Guard, oauth::OAuth};

const PATIENCE: Duration = Duration::from_secs(30);
/// Most bytes before anybody has logged in.
const GREETING_BYTES: u64 = 1 << 20;

/// A server's address and how to log in there.
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
    tls: Tls,
    /// `None` where nothing is encrypted.
    connector: Option<TlsConnector>,
    user: String,
    login: Login,
    guard: Guard,
}

pub(super) enum Login {
    Password(Secret),
    OAuth(Box<OAuth>),
}

/// A connection that ends when the server sends more than it may.
pub(super) struct Wire {
    inner: Box<dyn Stream>,
    left: Arc<AtomicU64>,
}

/// A session and how many bytes the server may still send.
pub(super) type Opened = (async_imap::Session<Wire>, Arc<AtomicU64>);

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Address {
    pub(super) fn new(config: &ImapConfig, login: Login, guard: Guard) -> EngineResult<Self> {
        let is_loopback = matches!(config.host.as_str(), "localhost" | "127.0.0.1" | "::1");
        if config.tls == Tls::Off && !is_loopback {
            return Err(EngineError::give_up("imap: `tls` may be `off` only for a server on this machine"));
        }
        if config.host.is_empty() || config.user.is_empty() {
            return Err(EngineError::give_up("imap: `host` and `user` must be given"));
        }
        let port = config.port.unwrap_or(if config.tls == Tls::Implicit { 993 } else { 143 });
        let connector = match config.tls {
            Tls::Off => None,
            _ => Some(connector(config.ca_certificate.as_deref())?),
        };
        let (host, user) = (config.host.clone(), config.user.clone());
        Ok(Self { host, port, tls: config.tls, connector, user, login, guard })
    }

    pub(super) async fn open(&self) -> EngineResult<Opened> {
        let late = || EngineError::retry(format!("open {}: it does not answer", self.host));
        timeout(PATIENCE, self.log_in()).await.map_err(|_| late())?
    }

    async fn log_in(&self) -> EngineResult<Opened> {
        let addresses = self.guard.resolve(&self.host, self.port).await?;
        let stream = TcpStream::connect(&*addresses).await.map_err(|error| self.failed(error.into()))?;
        let left = Arc::new(AtomicU64::new(GREETING_BYTES));
        let wire = |inner| Wire { inner, left: Arc::clone(&left) };
        let client = match (&self.connector, self.tls) {
            (Some(connector), Tls::Implicit) => {
                self.greeted(wire(self.encrypted(connector, Box::new(stream)).await?)).await?
            }
            (Some(connector), _) => {
                let mut plain = self.greeted(wire(Box::new(stream))).await?;
                plain.run_command_and_check_ok("STARTTLS", None).await.map_err(|error| self.failed(error))?;
                // What the server, or someone in between, has already sent in the clear is dropped with the client.
                Client::new(wire(self.encrypted(connector, plain.into_inner().inner).await?))
            }
            (None, _) => self.greeted(wire(Box::new(stream))).await?,
        };
        let session = match &self.login {
            Login::Password(password) => client.login(&self.user, password.expose()).await,
            Login::OAuth(oauth) => {
                let token = oauth.bearer().await?;
                client.authenticate("XOAUTH2", XOAuth2 { user: &self.user, token }).await
            }
        };
        let session = session.map_err(|(error, _)| match error {
            async_imap::error::Error::No(said) => EngineError::give_up(format!(
                "log in to {} as {}: refused; check user and password or token ({})",
                self.host,
                self.user,
                said.chars().take(200).collect::<String>()
            )),
            error => self.failed(error),
        })?;
        Ok((session, left))
    }

    async fn greeted(&self, wire: Wire) -> EngineResult<Client<Wire>> {
        let mut client = Client::new(wire);
        let greeting = client.read_response().await.map_err(|error| self.failed(error.into()))?;
        let is_welcome = greeting.is_some_and(|greeting| {
            matches!(greeting.parsed(), imap_proto::Response::Data { status: imap_proto::Status::Ok, .. })
        });
        if is_welcome { Ok(client) } else { Err(EngineError::retry(format!("open {}: it does not greet", self.host))) }
    }

    async fn encrypted(&self, connector: &TlsConnector, stream: Box<dyn Stream>) -> EngineResult<Box<dyn Stream>> {
        let name = ServerName::try_from(self.host.clone())
            .map_err(|error| EngineError::give_up(format!("open {}: {error}", self.host)))?;
        let encrypted = connector.connect(name, stream).await.map_err(|error| {
            let message = format!("open {}: TLS: {error}", self.host);
            let is_certificate = error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
            if is_certificate { EngineError::give_up(message) } else { EngineError::retry(message) }
        })?;
        Ok(Box::new(encrypted))
    }

    fn failed(&self, error: async_imap::error::Error) -> EngineError {
        super::session::failure(&self.host, "open", error)
    }
}

fn connector(ca_certificate: Option<&str>) -> EngineResult<TlsConnector> {
    let wrong = |error: &dyn fmt::Display| EngineError::give_up(format!("imap: set up TLS: {error}"));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| wrong(&error))?;
    let builder = match ca_certificate.filter(|pem| !pem.trim().is_empty()) {
        None => builder.with_platform_verifier().map_err(|error| wrong(&error))?,
        Some(pem) => {
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                roots.add(certificate.map_err(|error| wrong(&error))?).map_err(|error| wrong(&error))?;
            }
            builder.with_root_certificates(roots)
        }
    };
    Ok(TlsConnector::from(Arc::new(builder.with_no_client_auth())))
}

/// <https://developers.google.com/workspace/gmail/imap/xoauth2-protocol>
struct XOAuth2<'a> {
    user: &'a str,
    token: Secret,
}

impl Authenticator for XOAuth2<'_> {
    type Response = String;

    fn process(&mut self, challenge: &[u8]) -> String {
        // A second challenge says why the token was refused; an empty answer ends it.
        if challenge.is_empty() {
            format!("user={}\x01auth=Bearer {}\x01\x01", self.user, self.token.expose())
        } else {
            String::new()
        }
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        let read = (buf.filled().len() - before) as u64;
        let left = self.left.load(Ordering::Relaxed);
        self.left.store(left.saturating_sub(read), Ordering::Relaxed);
        if read > left {
            return Poll::Ready(Err(io::Error::other("the server sends more than was asked for")));
        }
        polled
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
