//! One FTP connection. Data connections go to the server itself, whatever address it names.
//!
//! [FTP, RFC 959](https://www.rfc-editor.org/rfc/rfc959), [listings and times,
//! RFC 3659](https://www.rfc-editor.org/rfc/rfc3659), [TLS, RFC 4217](https://www.rfc-editor.org/rfc/rfc4217).

use std::net::IpAddr;

use async_trait::async_trait;
use domain::{EngineError, EngineResult};
use jiff::Timestamp;
use suppaftp::{
    FtpError, Mode, Status,
    tokio::{AsyncRustlsConnector, AsyncRustlsFtpStream},
    types::FileType,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    sync::Mutex,
};

use super::{Server, facts};
use crate::objects::{
    dial::{dial, timely},
    store::{Entry, Listing, Session, Trouble, What},
    walk::{Tree, walk},
};

/// Most bytes of a folder's listing.
const MOST_LISTED_BYTES: u64 = 256 << 20;

pub(super) struct Connection {
    /// One command at a time.
    ftp: Mutex<AsyncRustlsFtpStream>,
    /// Absolute, without a `/` at its end.
    root: String,
    speaks_facts: bool,
}

pub(super) async fn connect(server: &Server) -> EngineResult<Connection> {
    let (config, host) = (&server.config, &server.config.host);
    let what = format!("connect to {host}");
    let stream = dial(&server.guard, host, config.port).await?;
    let is_v6 = stream.peer_addr().is_ok_and(|address| matches!(address.ip(), IpAddr::V6(_)));
    let failed = |error: FtpError| EngineError::from(trouble(&what, &error));
    let mut ftp = timely(&what, AsyncRustlsFtpStream::connect_with_stream(stream)).await?.map_err(failed)?;
    if let Some(tls) = &server.tls {
        let connector = AsyncRustlsConnector::from(suppaftp::tokio_rustls::TlsConnector::from(tls.clone()));
        ftp = timely(&what, ftp.into_secure(connector, host)).await?.map_err(|error| match error {
            FtpError::SecureError(reason) => EngineError::give_up(format!(
                "{what}: TLS failed: {reason}; the server's certificate must be valid for {host}, see `ca_certificate`"
            )),
            FtpError::UnexpectedResponse(_) => EngineError::give_up(format!(
                "{what}: it does not offer TLS; only `tls: none` would reach it, unencrypted"
            )),
            error => failed(error),
        })?;
    }
    ftp.set_mode(if is_v6 { Mode::ExtendedPassive } else { Mode::Passive });
    ftp.set_passive_nat_workaround(true);
    let password = config.password.as_ref().map_or("anonymous@", |password| password.expose());
    timely(&what, ftp.login(config.user.as_str(), password)).await?.map_err(|error| match error {
        FtpError::UnexpectedResponse(said) if said.status == Status::NotLoggedIn => {
            EngineError::give_up(format!("{what}: it does not accept the source's credentials; check or renew them"))
        }
        error => failed(error),
    })?;
    timely(&what, ftp.transfer_type(FileType::Binary)).await?.map_err(failed)?;
    let features = timely(&what, ftp.feat()).await?.unwrap_or_default();
    let offers = |name: &str| features.keys().any(|key| key.eq_ignore_ascii_case(name));
    let speaks_facts = offers("MLSD") || offers("MLST");
    if offers("UTF8") {
        // Some servers send UTF-8 only to those who ask.
        let _ = timely(&what, ftp.opts("UTF8", Some("ON"))).await?;
    }
    if !config.path.is_empty() {
        let moved = timely(&what, ftp.cwd(&config.path)).await?;
        moved.map_err(|error| EngineError::from(trouble(&format!("open {} on {host}", config.path), &error)))?;
    }
    let root = timely(&what, ftp.pwd()).await?.map_err(failed)?.trim_end_matches('/').to_owned();
    Ok(Connection { ftp: Mutex::new(ftp), root, speaks_facts })
}

#[async_trait]
impl Session for Connection {
    async fn list(&self) -> Result<Listing, Trouble> {
        walk(self).await
    }

    async fn read(&self, id: &str, most_bytes: u64) -> Result<Vec<u8>, Trouble> {
        let path = self.path(id);
        self.fetch(&format!("RETR {path}"), &format!("read {id}"), most_bytes).await
    }
}

#[async_trait]
impl Tree for Connection {
    async fn children(&self, folder: &str) -> Result<Vec<Entry>, Trouble> {
        let what = format!("list /{folder}");
        let path = self.path(folder);
        let command = if self.speaks_facts { format!("MLSD {path}") } else { format!("LIST {path}") };
        let listed = self.fetch(&command, &what, MOST_LISTED_BYTES).await?;
        if listed.len() as u64 == MOST_LISTED_BYTES {
            return Err(Trouble::Item(format!("its listing is over the limit of {MOST_LISTED_BYTES} bytes")));
        }
        let read_line = if self.speaks_facts { facts::machine_line } else { facts::human_line };
        let listed = String::from_utf8_lossy(&listed);
        let mut entries = Vec::new();
        for line in listed.lines().filter(|line| !line.trim().is_empty()) {
            let entry = read_line(folder, line);
            entries.extend(entry.map_err(|_| {
                let shown: String = line.chars().take(200).collect();
                Trouble::Item(format!("{what}: the line `{shown}` is not understood"))
            })?);
        }
        if !self.speaks_facts {
            for entry in &mut entries {
                self.add_time(entry).await?;
            }
        }
        Ok(entries)
    }
}

impl Connection {
    fn path(&self, id: &str) -> String {
        format!("{}/{id}", self.root)
    }

    /// What a command sends over a data connection, at most `most_bytes` of it.
    async fn fetch(&self, command: &str, what: &str, most_bytes: u64) -> Result<Vec<u8>, Trouble> {
        let failed = |error: FtpError| trouble(what, &error);
        let mut ftp = self.ftp.lock().await;
        let opened = ftp.custom_data_command(command, &[Status::AboutToSend, Status::AlreadyOpen]);
        let (_, mut data) = timely(what, opened).await?.map_err(failed)?;
        let bytes = read_all(&mut data, what, most_bytes).await?;
        if (bytes.len() as u64) < most_bytes {
            timely(what, data.finish()).await?.map_err(failed)?;
            return Ok(bytes);
        }
        // The server is still sending: what it says about that tells nothing.
        let _ = timely(what, data.finish()).await?;
        Ok(bytes)
    }

    async fn add_time(&self, entry: &mut Entry) -> Result<(), Trouble> {
        if entry.what != What::File {
            return Ok(());
        }
        let what = format!("ask for the time of {}", entry.id);
        let time = timely(&what, self.ftp.lock().await.mdtm(self.path(&entry.id))).await?;
        let modified_at: Option<Timestamp> = match time {
            Ok(time) => Timestamp::from_second(time.and_utc().timestamp()).ok(),
            Err(FtpError::UnexpectedResponse(_) | FtpError::BadResponse) => None,
            Err(error) => return Err(trouble(&what, &error)),
        };
        *entry = facts::entry(std::mem::take(&mut entry.id), What::File, entry.bytes, modified_at, "");
        Ok(())
    }
}

async fn read_all(data: &mut (impl AsyncRead + Unpin), what: &str, most_bytes: u64) -> EngineResult<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut data = data.take(most_bytes);
    loop {
        let read = timely(what, data.read_buf(&mut bytes)).await?;
        match read {
            Ok(0) => return Ok(bytes),
            Ok(_) => {}
            Err(error) => return Err(EngineError::retry(format!("{what}: {error}"))),
        }
    }
}

fn trouble(what: &str, error: &FtpError) -> Trouble {
    match error {
        FtpError::UnexpectedResponse(said) if said.status.code() >= 500 => Trouble::Item(format!("{what}: {error}")),
        _ => EngineError::retry(format!("{what}: {error}")).into(),
    }
}
