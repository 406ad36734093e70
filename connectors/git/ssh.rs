//! The settings ssh is given: one key, one server, nothing of the user's own.

use std::{io, net::SocketAddr, path::Path};

use super::remote::write_private;
use crate::Secret;

/// Writes key, known hosts and settings (`man ssh_config`) into `files` and returns the path of the settings. Without
/// `known_hosts` the server's key is learnt at the first contact, kept in `dir`, and must never change.
pub(super) fn write(
    files: &Path,
    dir: &Path,
    key: &Secret,
    known_hosts: Option<&str>,
    host: &str,
    address: SocketAddr,
) -> io::Result<String> {
    let (key_file, config_file) = (files.join("key"), files.join("config"));
    write_private(&key_file, &format!("{}\n", key.expose().trim_end()))?;
    let (hosts_file, strictness) = match known_hosts {
        Some(lines) => {
            let path = files.join("known_hosts");
            write_private(&path, &format!("{}\n", lines.trim_end()))?;
            (path, "yes")
        }
        None => (dir.join("known_hosts"), "accept-new"),
    };
    let alias = if address.port() == 22 { host.to_owned() } else { format!("[{host}]:{}", address.port()) };
    let settings = [
        ("HostName", address.ip().to_string()),
        ("HostKeyAlias", alias),
        ("IdentityFile", quoted(&key_file)),
        ("IdentitiesOnly", "yes".into()),
        ("IdentityAgent", "none".into()),
        ("UserKnownHostsFile", quoted(&hosts_file)),
        ("GlobalKnownHostsFile", "none".into()),
        ("StrictHostKeyChecking", strictness.into()),
        ("CheckHostIP", "no".into()),
        ("BatchMode", "yes".into()),
        ("ClearAllForwardings", "yes".into()),
        ("ConnectTimeout", "10".into()),
        ("ServerAliveInterval", "15".into()),
    ];
    let lines: Vec<String> = settings.iter().map(|(name, value)| format!("  {name} {value}\n")).collect();
    write_private(&config_file, &format!("Host *\n{}", lines.concat()))?;
    Ok(config_file.to_string_lossy().into_owned())
}

/// A path as a value: ssh expands `%`.
fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.to_string_lossy().replace('%', "%%"))
}
