//! Real servers for the tests, each on a free port with a folder of its own.

use std::{
    fs::{self, File},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

/// A server that ends with the test.
pub(super) struct Server {
    child: Child,
    pub(super) port: u16,
    pub(super) folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts what `command` makes of the folder and the port, and waits until it answers.
    pub(super) async fn start(command: impl FnOnce(&Path, u16) -> Command) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = folder.path().join("log");
        let output = File::create(&log).unwrap();
        let mut command = command(folder.path(), port);
        let command = command.current_dir(folder.path()).stdin(Stdio::null());
        let child = command.stdout(output.try_clone().unwrap()).stderr(output).spawn().unwrap();
        let mut server = Self { child, port, folder };
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return server;
            }
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none(), "{command:?} ended: {}", fs::read_to_string(&log).unwrap());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{command:?} does not answer: {}", fs::read_to_string(&log).unwrap());
    }

    pub(super) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The folder with the files it serves.
    pub(super) fn files(&self) -> PathBuf {
        self.folder.path().join("files")
    }
}

/// A program of `tests/scripts/packages.sh`, by its path below the folder of test servers or on this machine.
/// Where it is missing the test is skipped, and fails in CI.
pub(super) fn installed(path: &str) -> Option<PathBuf> {
    let folder = setting("FOOTNOTE_TEST_SERVERS").unwrap_or_default();
    let found = Path::new(&folder).join(path);
    if found.is_absolute() && found.exists() {
        return Some(found);
    }
    let help = "tests/scripts/packages.sh installs it, and FOOTNOTE_TEST_SERVERS names the folder";
    assert!(setting("CI").as_deref() != Some("true"), "{path} is missing: {help}");
    eprintln!("skipped: {path} is missing: {help}");
    None
}

#[expect(clippy::disallowed_methods, reason = "says where the test servers are")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What a program prints.
pub(super) fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// S3. The first `unsigned` actions go through without a look at signatures.
pub(super) async fn moto(unsigned: u32) -> Option<Server> {
    let program = installed("python/bin/moto_server")?;
    let start = |_: &Path, port: u16| {
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        command.env("INITIAL_NO_AUTH_ACTION_COUNT", unsigned.to_string());
        command
    };
    Some(Server::start(start).await)
}

/// Azure Blob Storage, with the account and key that every emulator has.
pub(super) async fn azurite() -> Option<Server> {
    let program = installed("node/node_modules/.bin/azurite-blob")?;
    let start = |folder: &Path, port: u16| {
        let mut command = Command::new(program);
        command.args(["--skipApiVersionCheck", "--silent", "--blobHost", "127.0.0.1", "--blobPort", &port.to_string()]);
        command.arg("--location").arg(folder);
        command
    };
    Some(Server::start(start).await)
}

/// Google Cloud Storage.
pub(super) async fn gcs() -> Option<Server> {
    let program = installed("python/bin/gcp-storage-emulator")?;
    let start = |_: &Path, port: u16| {
        let mut command = Command::new(program);
        command.args(["start", "--host", "127.0.0.1", "--in-memory", "--port", &port.to_string()]);
        command
    };
    Some(Server::start(start).await)
}

/// nginx as a WebDAV server for the user `ann` with the password `secret`.
pub(super) async fn nginx() -> Option<Server> {
    let program = installed("/usr/sbin/nginx")?;
    let module = installed("/usr/lib/nginx/modules/ngx_http_dav_ext_module.so")?;
    let start = |folder: &Path, port: u16| {
        let here = folder.display();
        let temps = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temps: String = temps.map(|name| format!("{name}_temp_path {here}/{name};\n")).concat();
        let config = format!(
            "load_module {};\ndaemon off;\nmaster_process off;\npid {here}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n\
             access_log off;\n{temps}server {{ listen 127.0.0.1:{port}; root {here}/files; dav_ext_methods PROPFIND OPTIONS;\n\
             auth_basic here; auth_basic_user_file {here}/users; }} }}\n",
            module.display()
        );
        fs::write(folder.join("users"), "ann:{PLAIN}secret\n").unwrap();
        fs::write(folder.join("config"), config).unwrap();
        fs::create_dir(folder.join("files")).unwrap();
        let mut command = Command::new(program);
        command.arg("-p").arg(folder).arg("-c").arg(folder.join("config")).args(["-e", "stderr"]);
        command
    };
    Some(Server::start(start).await)
}

/// OpenSSH for whoever runs the test, with the key in `user`.
pub(super) async fn sshd() -> Option<Server> {
    let program = installed("/usr/sbin/sshd")?;
    let start = |folder: &Path, port: u16| {
        let here = folder.display();
        for name in ["host", "user"] {
            let mut keygen = Command::new("ssh-keygen");
            output(keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.join(name)));
        }
        let config = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {here}/host\nPidFile {here}/pid\nStrictModes no\nUsePAM no\n\
             AuthorizedKeysFile {here}/user.pub\nPasswordAuthentication no\nPermitRootLogin yes\nMaxStartups 50\n\
             Subsystem sftp internal-sftp\n"
        );
        fs::write(folder.join("config"), config).unwrap();
        fs::create_dir(folder.join("files")).unwrap();
        // Where the superuser's sshd wants to be.
        let _ = fs::create_dir("/run/sshd");
        let mut command = Command::new(program);
        command.args(["-D", "-e", "-f"]).arg(folder.join("config"));
        command
    };
    Some(Server::start(start).await)
}

/// An FTP server for the user `ann` with the password `secret`. Modes: `facts`, `ls` (an old server without MLSD),
/// `elsewhere` (it names another machine's address for data), `tls` (TLS only, by the certificate in `cert.pem`).
pub(super) async fn ftpd(mode: &str) -> Option<Server> {
    const SCRIPT: &str = r#"
import sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.servers import FTPServer
mode, port = sys.argv[1], int(sys.argv[2])
handler = TLS_FTPHandler if mode == "tls" else FTPHandler
if mode == "tls":
    handler.certfile = "cert.pem"
    handler.tls_control_required = handler.tls_data_required = True
if mode == "ls":
    handler.proto_cmds = {k: v for k, v in handler.proto_cmds.items() if k not in ("MLSD", "MLST")}
if mode == "elsewhere":
    handler.masquerade_address = "10.9.9.9"
handler.authorizer = DummyAuthorizer()
handler.authorizer.add_user("ann", "secret", "files", perm="elr")
handler.auth_failed_timeout = 0
FTPServer(("127.0.0.1", port), handler).serve_forever()
"#;
    let program = installed("python/bin/python")?;
    let start = |folder: &Path, port: u16| {
        fs::create_dir(folder.join("files")).unwrap();
        if mode == "tls" {
            let mut openssl = Command::new("openssl");
            openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
            openssl.args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"]);
            openssl.args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "key.pem", "-out", "ca.pem"]);
            output(openssl.current_dir(folder));
            let pair = ["key.pem", "ca.pem"].map(|name| fs::read_to_string(folder.join(name)).unwrap());
            fs::write(folder.join("cert.pem"), pair.concat()).unwrap();
        }
        let mut command = Command::new(program);
        command.args(["-c", SCRIPT, mode, &port.to_string()]);
        command
    };
    Some(Server::start(start).await)
}
