//! A remote's address and credentials, as git is told of them: through its environment, never its arguments.

use std::{net::SocketAddr, os::unix::fs::OpenOptionsExt, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{EngineError, EngineResult};
use tempfile::TempDir;
use url::{Host, Url};

use super::ssh;
use crate::{Secret, http::Guard};

/// How git says who it is.
#[derive(Clone, Debug)]
pub(crate) enum Auth {
    Nobody,
    /// Basic authentication: a user's name, and a token or password.
    Password(String, Secret),
    /// An OpenSSH private key, and the server's `known_hosts` lines where they are known beforehand.
    Key(Secret, Option<String>),
}

/// Where a repository is.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    url: Url,
    auth: Auth,
}

/// A remote that has been looked up: what git is started with. The files are gone when it is dropped.
pub(super) struct Opened {
    pub(super) url: String,
    pub(super) env: Vec<(String, String)>,
    pub(super) config: Vec<(String, String)>,
    _files: Option<TempDir>,
}

impl Remote {
    /// # Errors
    /// For an address that git would take for a command or an option, and for one that holds a password.
    pub(crate) fn new(address: &str, auth: Auth) -> EngineResult<Self> {
        let wrong = |what: &str| EngineError::give_up(format!("git: the address of the repository {what}"));
        let url = parse(address.trim()).ok_or_else(|| {
            wrong("is none: write https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH, git://HOST/PATH or file:///PATH")
        })?;
        if url.password().is_some() || (url.scheme() != "ssh" && !url.username().is_empty()) {
            return Err(wrong("must not hold a user or password: set `user` and `token`"));
        }
        match (url.scheme(), &auth) {
            ("http" | "https", Auth::Key(..)) => Err(wrong("is not ssh, so `ssh_key` does not help: set `token`")),
            ("ssh", Auth::Nobody | Auth::Password(..)) => Err(wrong("is ssh, which needs `ssh_key`")),
            ("http" | "https" | "ssh", _) => Ok(Self { url, auth }),
            ("git" | "file", Auth::Nobody) => Ok(Self { url, auth }),
            ("git" | "file", _) => Err(wrong("takes no credentials")),
            _ => Err(wrong("must begin with https://, http://, ssh://, git:// or file://")),
        }
    }

    pub(crate) fn is_local(&self) -> bool {
        self.url.scheme() == "file"
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Looks the host up and pins what was found, so that git connects to the very address that was checked.
    pub(super) async fn open(&self, guard: &Guard, dir: &Path) -> EngineResult<Opened> {
        let set = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let scheme = self.url.scheme();
        let mut opened = Opened {
            url: self.url.to_string(),
            env: vec![set("GIT_ALLOW_PROTOCOL", scheme)],
            config: Vec::new(),
            _files: None,
        };
        if scheme == "file" {
            return Ok(opened);
        }
        let host = host(&self.url).unwrap_or_default();
        let port = self.url.port_or_known_default().unwrap_or(if scheme == "git" { 9418 } else { 22 });
        let addresses = guard.resolve(&host, port).await?;
        match (&self.auth, addresses.first()) {
            (Auth::Key(key, known_hosts), Some(address)) => {
                // A process that was killed may have left its own.
                let _ = std::fs::remove_dir_all(dir.join("ssh"));
                let files = tempfile::Builder::new().prefix("ssh").rand_bytes(0).tempdir_in(dir);
                let files = files.map_err(|error| local("write the ssh key", &error))?;
                let known = known_hosts.as_deref();
                let config = ssh::write(files.path(), dir, key, known, &host, *address)
                    .map_err(|error| local("write the ssh key", &error))?;
                // The shell that git hands this to expands the variable; the text itself never changes.
                opened.env.push(set("GIT_SSH_COMMAND", "exec ssh -F \"$FOOTNOTE_SSH_CONFIG\""));
                opened.env.push(set("GIT_SSH_VARIANT", "ssh"));
                opened.env.push(("FOOTNOTE_SSH_CONFIG".into(), config));
                opened._files = Some(files);
            }
            (_, Some(address)) if scheme == "git" => {
                opened.url = format!("git://{address}{}", self.url.path());
                opened.env.push(set("GIT_OVERRIDE_VIRTUAL_HOST", &format!("{host}:{port}")));
            }
            _ if matches!(self.url.host(), Some(Host::Domain(_))) => {
                opened.config.push(set("http.curloptResolve", &pinned(&host, port, &addresses)));
            }
            _ => {}
        }
        if let Auth::Password(user, token) = &self.auth {
            let pair = STANDARD.encode(format!("{user}:{}", token.expose()));
            let origin = self.url.origin().ascii_serialization();
            opened.config.push((format!("http.{origin}/.extraHeader"), format!("Authorization: Basic {pair}")));
        }
        Ok(opened)
    }
}

fn parse(address: &str) -> Option<Url> {
    if address.starts_with('/') {
        return Url::from_file_path(address).ok();
    }
    let is_scp = |host: &str, path: &str| !host.contains('/') && !path.starts_with(':');
    let url = match address.split_once(':') {
        Some((host, path)) if !address.contains("://") && is_scp(host, path) => {
            Url::parse(&format!("ssh://{host}/{}", path.trim_start_matches('/'))).ok()?
        }
        _ => Url::parse(address).ok()?,
    };
    let is_word = |text: &str| {
        !text.starts_with('-') && text.chars().all(|char| char.is_ascii_alphanumeric() || ".-_".contains(char))
    };
    let is_host = url.scheme() == "file" || host(&url).is_some_and(|host| is_word(&host) || host.contains(':'));
    (is_host && is_word(url.username()) && url.query().is_none() && url.fragment().is_none()).then_some(url)
}

fn host(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain(name) => Some(name.to_lowercase()),
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(address.to_string()),
    }
}

/// As `CURLOPT_RESOLVE` wants it: <https://curl.se/libcurl/c/CURLOPT_RESOLVE.html>.
fn pinned(host: &str, port: u16, addresses: &[SocketAddr]) -> String {
    let shown = |address: &SocketAddr| match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    };
    format!("{host}:{port}:{}", addresses.iter().map(shown).collect::<Vec<_>>().join(","))
}

/// Writes a file that only its owner can read.
pub(super) fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    std::io::Write::write_all(&mut file, text.as_bytes())
}

pub(super) fn local(what: &str, error: &std::io::Error) -> EngineError {
    EngineError::retry(format!("git: {what} in the source's work folder: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_urls_and_nothing_else() {
        let key = || Auth::Key("key".into(), None);
        let password = || Auth::Password("git".into(), "token".into());
        for (address, auth, expected) in [
            ("https://example.com/a/b.git", Auth::Nobody, Some("https://example.com/a/b.git")),
            ("git@example.com:a/b.git", key(), Some("ssh://git@example.com/a/b.git")),
            ("ssh://git@example.com:2222/a/b.git", key(), Some("ssh://git@example.com:2222/a/b.git")),
            ("git://example.com/a", Auth::Nobody, Some("git://example.com/a")),
            ("/srv/git/a", Auth::Nobody, Some("file:///srv/git/a")),
            ("git@example.com:a/b.git", password(), None),
            ("https://example.com/a", key(), None),
            ("https://user:pass@example.com/a", Auth::Nobody, None),
            ("https://token@example.com/a", Auth::Nobody, None),
            ("ext::sh -c whoami", Auth::Nobody, None),
            ("fd::17/foo", Auth::Nobody, None),
            ("ssh://-oProxyCommand=id/a", key(), None),
            ("ssh://-x@example.com/a", key(), None),
            ("--upload-pack=id", Auth::Nobody, None),
            ("ftp://example.com/a", Auth::Nobody, None),
            ("git://example.com/a", password(), None),
            ("", Auth::Nobody, None),
        ] {
            let remote = Remote::new(address, auth);
            assert_eq!(remote.ok().map(|remote| remote.url.to_string()).as_deref(), expected, "{address}");
        }
    }

    #[test]
    fn checked_addresses_are_pinned() {
        let addresses = ["192.0.2.1:443".parse().unwrap(), "[2001:db8::1]:443".parse().unwrap()];
        assert_eq!(pinned("example.com", 443, &addresses), "example.com:443:192.0.2.1,[2001:db8::1]");
    }
}
