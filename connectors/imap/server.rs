//! Dovecot in a folder of its own, with mail delivered by hand.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::ImapConfig;
use crate::conformance::{Running, free_port, program};

pub(super) const PASSWORD: &str = "s3cret \"quoted\" \\";

pub(super) struct Dovecot {
    folder: TempDir,
    pub(super) plain_port: u16,
    pub(super) tls_port: u16,
    _running: Running,
}

impl Dovecot {
    /// `tokens`: where an access token is looked up, `http://127.0.0.1:1/token?`.
    pub(super) fn start(tokens: Option<&str>) -> Option<Self> {
        let server = program("dovecot", "dovecot-imapd")?;
        let openssl = program("openssl", "openssl")?;
        let folder = tempfile::tempdir().unwrap();
        let (plain_port, tls_port) = (free_port(), free_port());
        let at = |name: &str| folder.path().join(name);
        let made = Command::new(openssl)
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=localhost"])
            .args([
                "-addext",
                "subjectAltName=DNS:localhost",
                "-addext",
                "basicConstraints=critical,CA:FALSE",
                "-keyout",
            ])
            .arg(at("key.pem"))
            .arg("-out")
            .arg(at("certificate.pem"))
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        std::fs::write(at("users"), format!("ann:{{PLAIN}}{PASSWORD}\n")).unwrap();
        std::fs::create_dir_all(at("mail/cur")).unwrap();
        std::fs::write(at("dovecot.conf"), settings(folder.path(), (plain_port, tls_port), tokens)).unwrap();
        let mut command = Command::new(server);
        let running = Running::start(command.args(["-F", "-c"]).arg(at("dovecot.conf")), plain_port);
        open_up(folder.path());
        Some(Self { folder, plain_port, tls_port, _running: running })
    }

    /// The settings of a source that reads it, with those of `more`.
    pub(super) fn config(&self, more: Value) -> ImapConfig {
        let mut settings =
            json!({"host": "localhost", "port": self.plain_port, "tls": "off", "user": "ann", "password": PASSWORD});
        for (name, value) in more.as_object().unwrap() {
            settings[name] = value.clone();
        }
        serde_json::from_value(settings).unwrap()
    }

    pub(super) fn certificate(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("certificate.pem")).unwrap()
    }

    /// A mailbox's folder; `Inbox` is the first one.
    pub(super) fn mailbox(&self, name: &str) -> PathBuf {
        let mail = self.folder.path().join("mail");
        let folder = if name == "INBOX" { mail } else { mail.join(format!(".{name}")) };
        for part in ["cur", "new", "tmp"] {
            std::fs::create_dir_all(folder.join(part)).unwrap();
        }
        folder
    }

    /// Delivers a message, as a program on the server would.
    pub(super) fn deliver(&self, mailbox: &str, file: &str, message: &str) {
        let folder = self.mailbox(mailbox);
        std::fs::write(folder.join("tmp").join(file), message.replace('\n', "\r\n")).unwrap();
        std::fs::rename(folder.join("tmp").join(file), folder.join("cur").join(format!("{file}:2,"))).unwrap();
        self.open_up();
    }

    pub(super) fn open_up(&self) {
        open_up(self.folder.path());
    }

    /// The file of a message, under whatever name the server has given it.
    pub(super) fn find(&self, file: &str) -> Option<PathBuf> {
        let mail = walkdir::WalkDir::new(self.folder.path().join("mail")).into_iter().flatten();
        let is_it = |name: &str| name == file || name.starts_with(&format!("{file}:"));
        mail.map(walkdir::DirEntry::into_path)
            .find(|path| path.file_name().is_some_and(|name| is_it(&name.to_string_lossy())))
    }
}

/// The server's processes run as another user.
fn open_up(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    for entry in walkdir::WalkDir::new(folder).into_iter().flatten() {
        let is_ours = entry.path() == folder || entry.path().starts_with(folder.join("mail")) || entry.depth() == 1;
        if is_ours && !entry.path_is_symlink() {
            let _ = std::fs::set_permissions(entry.path(), std::fs::Permissions::from_mode(0o777));
        }
    }
}

fn settings(folder: &Path, (plain, tls): (u16, u16), tokens: Option<&str>) -> String {
    let folder = folder.display();
    let user = process_user();
    let mechanisms = if tokens.is_some() { "plain login xoauth2" } else { "plain login" };
    let oauth = tokens.map_or(String::new(), |url| {
        let settings = format!("introspection_mode = auth\nintrospection_url = {url}\nusername_attribute = email\n");
        std::fs::write(format!("{folder}/oauth.conf"), settings).unwrap();
        format!("passdb {{\n  driver = oauth2\n  mechanisms = xoauth2\n  args = {folder}/oauth.conf\n}}\n")
    });
    format!(
        "base_dir = {folder}/run\nstate_dir = {folder}/state\nlog_path = {folder}/log\nprotocols = imap\nlisten = 127.0.0.1, ::1\n\
         default_login_user = {user}\ndefault_internal_user = {user}\ndefault_internal_group = {user}\n\
         ssl = yes\nssl_cert = <{folder}/certificate.pem\nssl_key = <{folder}/key.pem\ndisable_plaintext_auth = no\n\
         auth_mechanisms = {mechanisms}\nmail_location = maildir:{folder}/mail\nmaildir_very_dirty_syncs = no\nfirst_valid_uid = 0\n\
         {oauth}passdb {{\n  driver = passwd-file\n  args = {folder}/users\n}}\n\
         userdb {{\n  driver = static\n  args = uid={user} gid={user} home={folder}\n}}\n\
         namespace inbox {{\n  inbox = yes\n  separator = /\n  mailbox Trash {{\n    special_use = \\Trash\n  }}\n}}\n\
         service imap-login {{\n  chroot =\n  inet_listener imap {{\n    port = {plain}\n  }}\n  inet_listener imaps {{\n    port = {tls}\n    ssl = yes\n  }}\n}}\n\
         service anvil {{\n  chroot =\n}}\nservice stats {{\n  chroot =\n}}\nservice imap {{\n  process_limit = 100\n}}\n"
    )
}

/// Who the server's processes are: Debian's own user when we are root, else us.
fn process_user() -> String {
    let out = Command::new("id").arg("-un").output().unwrap();
    let name = String::from_utf8(out.stdout).unwrap().trim().to_owned();
    if name == "root" { "dovecot".into() } else { name }
}
