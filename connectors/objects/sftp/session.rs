//! One SSH connection: the server's key is verified, the user logs in, files are listed and read.
//!
//! [SSH File Transfer Protocol, version 3](https://www.ietf.org/archive/id/draft-ietf-secsh-filexfer-02.txt).

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use domain::{EngineError, EngineResult};
use jiff::Timestamp;
use russh::{
    client::{self, AuthResult, Handle},
    keys::{HashAlg, PrivateKeyWithHashAlg, PublicKeyOrCertificate},
};
use russh_sftp::{
    client::{RawSftpSession, error::Error},
    protocol::{FileAttributes, OpenFlags, StatusCode},
};

use super::{Login, Server};
use crate::objects::{
    dial::{PATIENCE, dial, timely},
    store::{Entry, Listing, Session, Tag, Trouble, What},
    walk::{MOST_ENTRIES, Tree, below, walk},
};

/// Bytes asked for at once; a server may send fewer.
const CHUNK: u32 = 128 << 10;

pub(super) struct Connection {
    sftp: RawSftpSession,
    /// Absolute, without a `/` at its end.
    root: String,
    /// The connection ends with it.
    _ssh: Handle<HostKey>,
}

/// Accepts one key and remembers which key it was shown.
struct HostKey {
    expected: String,
    shown: Arc<Mutex<Option<String>>>,
}

impl client::Handler for HostKey {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else { return Ok(false) };
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        let is_expected = fingerprint == self.expected;
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(fingerprint);
        Ok(is_expected)
    }
}

pub(super) async fn connect(server: &Server) -> EngineResult<Connection> {
    let (config, host) = (&server.config, &server.config.host);
    let stream = dial(&server.guard, host, config.port).await?;
    let shown = Arc::new(Mutex::new(None));
    let key = HostKey { expected: config.host_key.trim().to_owned(), shown: Arc::clone(&shown) };
    let settings = client::Config { inactivity_timeout: Some(PATIENCE * 4), ..client::Config::default() };
    let what = format!("connect to {host}");
    let connected = timely(&what, client::connect_stream(Arc::new(settings), stream, key)).await?;
    let mut ssh = connected.map_err(|error| match &*shown.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(shown) if *shown != config.host_key.trim() => unknown_key(host, &config.host_key, shown),
        _ => EngineError::retry(format!("{what}: {error}")),
    })?;
    log_in(server, &mut ssh).await?;
    let opened = timely(&what, async {
        let channel = ssh.channel_open_session().await?;
        channel.request_subsystem(true, "sftp").await?;
        Ok::<_, russh::Error>(channel.into_stream())
    });
    let stream = opened.await?.map_err(|error| EngineError::retry(format!("{what}: open sftp: {error}")))?;
    let sftp = RawSftpSession::new(stream);
    sftp.set_timeout(PATIENCE.as_secs());
    sftp.init().await.map_err(|error| EngineError::retry(format!("{what}: start sftp: {error}")))?;
    let found = sftp.realpath(&config.path).await;
    let found =
        found.map_err(|error| EngineError::from(trouble(&format!("open {} on {host}", config.path), &error)))?;
    let root = found.files.into_iter().next().map(|file| file.filename.trim_end_matches('/').to_owned());
    let root = root.ok_or_else(|| EngineError::retry(format!("open {} on {host}: it has no path", config.path)))?;
    Ok(Connection { sftp, root, _ssh: ssh })
}

fn unknown_key(host: &str, expected: &str, shown: &str) -> EngineError {
    let known =
        if expected.trim().is_empty() { "no host key is set for it" } else { "that is not the key that is set" };
    EngineError::give_up(format!(
        "connect to {host}: its host key is {shown}, and {known}. Compare it with what the server's owner says; if it is \
         right, set `host_key` to it. If it is not, someone may be listening in"
    ))
}

async fn log_in(server: &Server, ssh: &mut Handle<HostKey>) -> EngineResult<()> {
    let (user, host) = (&server.config.user, &server.config.host);
    let what = format!("log in to {host} as {user}");
    let outcome = timely(&what, async {
        match &server.login {
            Login::Password(password) => ssh.authenticate_password(user, password.expose()).await,
            Login::Key(key) => {
                let hash = ssh.best_supported_rsa_hash().await?.flatten();
                ssh.authenticate_publickey(user, PrivateKeyWithHashAlg::new(Arc::clone(key), hash)).await
            }
        }
    });
    match outcome.await? {
        Ok(AuthResult::Success) => Ok(()),
        Ok(AuthResult::Failure { remaining_methods, .. }) => Err(EngineError::give_up(format!(
            "{what}: it does not accept the source's credentials; check or renew them (it takes {remaining_methods:?})"
        ))),
        Err(error) => Err(EngineError::retry(format!("{what}: {error}"))),
    }
}

#[async_trait]
impl Session for Connection {
    async fn list(&self) -> Result<Listing, Trouble> {
        walk(self).await
    }

    async fn read(&self, id: &str, most_bytes: u64) -> Result<Vec<u8>, Trouble> {
        let failed = |error: Error| trouble(&format!("read {id}"), &error);
        let opened = self.sftp.open(self.path(id), OpenFlags::READ, FileAttributes::empty());
        let handle = opened.await.map_err(failed)?.handle;
        let bytes = self.read_open(&handle, most_bytes).await.map_err(failed);
        let _ = self.sftp.close(&handle).await;
        bytes
    }
}

#[async_trait]
impl Tree for Connection {
    async fn children(&self, folder: &str) -> Result<Vec<Entry>, Trouble> {
        let failed = |error: Error| trouble(&format!("list {folder}"), &error);
        let handle = self.sftp.opendir(self.path(folder)).await.map_err(failed)?.handle;
        let mut entries = Vec::new();
        loop {
            let found = match self.sftp.readdir(&handle).await {
                Ok(found) => found.files,
                Err(Error::Status(status)) if status.status_code == StatusCode::Eof => break,
                Err(error) => return Err(failed(error)),
            };
            if found.is_empty() || entries.len() > MOST_ENTRIES {
                return Err(EngineError::retry(format!("list {folder}: the listing does not end")).into());
            }
            for file in found.into_iter().filter(|file| !matches!(file.filename.as_str(), "." | "..")) {
                entries.extend(self.entry(below(folder, &file.filename), &file.filename, &file.attrs).await);
            }
        }
        let _ = self.sftp.close(&handle).await;
        Ok(entries)
    }
}

impl Connection {
    fn path(&self, id: &str) -> String {
        format!("{}/{id}", self.root)
    }

    async fn read_open(&self, handle: &str, most_bytes: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < most_bytes {
            let wanted = u64::from(CHUNK).min(most_bytes - bytes.len() as u64);
            match self.sftp.read(handle, bytes.len() as u64, u32::try_from(wanted).unwrap_or(CHUNK)).await {
                Ok(part) if part.data.is_empty() => break,
                Ok(part) => bytes.extend_from_slice(&part.data),
                Err(Error::Status(status)) if status.status_code == StatusCode::Eof => break,
                Err(error) => return Err(error),
            }
        }
        Ok(bytes)
    }

    /// Nothing for a link to what is found by itself.
    async fn entry(&self, id: String, name: &str, attrs: &FileAttributes) -> Option<Entry> {
        let what = if name.contains('/') {
            What::Other("its name holds a slash")
        } else if attrs.is_symlink() {
            let target = self.sftp.realpath(self.path(&id)).await.ok()?.files.into_iter().next();
            if target.is_some_and(|target| target.filename.starts_with(&format!("{}/", self.root))) {
                return None;
            }
            What::Other("it is a link that leads out of the folder")
        } else if attrs.is_dir() {
            What::Folder
        } else if attrs.is_regular() && attrs.size.is_some() {
            What::File
        } else {
            What::Other("it is not a regular file")
        };
        let bytes = attrs.size.unwrap_or_default();
        let tag = attrs.mtime.map_or(Tag::None, |time| Tag::Timed(format!("{time}-{bytes}")));
        let modified_at = attrs.mtime.and_then(|time| Timestamp::from_second(time.into()).ok());
        Some(Entry { id, what, bytes, modified_at, tag })
    }
}

fn trouble(what: &str, error: &Error) -> Trouble {
    match error {
        Error::Status(status)
            if !matches!(status.status_code, StatusCode::NoConnection | StatusCode::ConnectionLost) =>
        {
            Trouble::Item(format!("{what}: {error}"))
        }
        _ => EngineError::retry(format!("{what}: {error}")).into(),
    }
}
