//! What the suite cannot know: other transports, hostile repositories, limits, and what never deletes.

use std::{
    os::unix::ffi::OsStrExt,
    process::{Child, Command, Stdio},
    time::Duration,
};

use domain::{Connector, EngineError, EngineResult};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{GitConfig, host, host::Host};
use crate::{
    Http, HttpConfig, Kind, Parts,
    conformance::{Replica, clock, parts, serve},
};

struct Source(TempDir);

impl Source {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn open(&self, settings: Value) -> EngineResult<Box<dyn Connector>> {
        Kind::of::<GitConfig>().open(settings, Parts { work_dir: self.0.path().to_owned(), ..parts() })
    }

    async fn sync(&self, replica: &mut Replica, settings: Value) -> EngineResult<()> {
        replica.sync(&*self.open(settings)?).await
    }
}

fn at(host: &Host, name: &str) -> Value {
    json!({ "url": format!("file://{}", host.bare(name).display()), "allow_local": true })
}

fn with(mut settings: Value, more: Value) -> Value {
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    settings
}

async fn refusal(settings: Value) -> EngineError {
    Source::new().sync(&mut Replica::default(), settings).await.err().unwrap()
}

/// A server that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    async fn start(mut command: Command, port: u16) -> Self {
        let running = Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        for _ in 0..200 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return running;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the server does not listen");
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn a_repository_is_read_from_gits_own_server() {
    let (host, port) = (Host::new(), free_port());
    host.write("docs", "a.md", "over the git protocol");
    let mut daemon = Command::new("git");
    daemon.args(["daemon", "--export-all", "--listen=127.0.0.1", &format!("--port={port}")]);
    daemon.arg(format!("--base-path={}", host.root().display()));
    let _running = Running::start(daemon, port).await;
    let (source, mut replica) = (Source::new(), Replica::default());
    source.sync(&mut replica, json!({ "url": format!("git://localhost:{port}/docs.git") })).await.unwrap();
    assert_eq!(replica.documents["a.md"].text, "over the git protocol");
    let missing = refusal(json!({ "url": format!("git://localhost:{port}/other.git") })).await;
    assert!(!missing.retryable && missing.message.contains("no such repository"), "{missing}");
}

#[tokio::test]
async fn a_repository_is_read_over_ssh_with_the_key_given_and_from_the_server_known() {
    let (host, port, keys) = (Host::new(), free_port(), tempfile::tempdir().unwrap());
    host.write("docs", "a.md", "over ssh");
    let path = |name: &str| keys.path().join(name).display().to_string();
    for name in ["host", "user", "other"] {
        let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &path(name)]).status();
        assert!(made.unwrap().success());
    }
    std::fs::copy(path("user.pub"), path("authorized")).unwrap();
    // Only a server of root's wants it, who may make it.
    let _ = std::fs::create_dir_all("/run/sshd");
    let mut sshd = Command::new("/usr/sbin/sshd");
    sshd.args(["-D", "-e", "-f", "/dev/null", "-h", &path("host"), "-p", &port.to_string()]);
    for option in [
        "ListenAddress=127.0.0.1".to_owned(),
        format!("AuthorizedKeysFile={}", path("authorized")),
        "StrictModes=no".into(),
        "UsePAM=no".into(),
        "PidFile=none".into(),
        "PermitRootLogin=yes".into(),
        "SetEnv=PATH=/usr/local/bin:/usr/bin:/bin".into(),
    ] {
        sshd.args(["-o", &option]);
    }
    let _running = Running::start(sshd, port).await;
    let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    let url = format!("ssh://{}@localhost:{port}{}", user.trim(), host.bare("docs").display());
    let read = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    let known = format!("[localhost]:{port} {}", read("host.pub"));
    let settings = |key: &str, known: Option<&str>| json!({ "url": url, "ssh_key": read(key), "known_hosts": known });

    let (source, mut replica) = (Source::new(), Replica::default());
    source.sync(&mut replica, settings("user", Some(&known))).await.unwrap();
    assert_eq!(replica.documents["a.md"].text, "over ssh");
    source.sync(&mut replica, settings("user", None)).await.unwrap();
    assert!(!source.0.path().join("ssh").exists(), "the key does not stay on the disk");

    let refused = refusal(settings("other", Some(&known))).await;
    assert!(!refused.retryable && refused.message.contains("credentials"), "{refused}");
    let impostor = format!("[localhost]:{port} {}", read("other.pub"));
    let refused = refusal(settings("user", Some(&impostor))).await;
    assert!(!refused.retryable && refused.message.to_lowercase().contains("host key"), "{refused}");
}

#[tokio::test]
async fn what_is_no_readable_file_is_left_out_or_reported() {
    let host = Host::new();
    let files = host.files("odd");
    std::os::unix::fs::symlink("/etc/passwd", files.join("link.md")).unwrap();
    std::fs::write(files.join(std::ffi::OsStr::from_bytes(b"caf\xe9.md")), "x").unwrap();
    for (path, text) in [
        ("docs/über uns.md", "text"),
        ("docs/new\nline.md", "text"),
        ("docs/draft.md", "text"),
        ("docs/big.md", &"x".repeat(2_000)),
        ("docs/film.md", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"),
        (".github/hidden.md", "text"),
        ("src/main.rs", "text"),
    ] {
        host.write("odd", path, text);
    }
    let more = json!({ "include": ["*.md"], "exclude": ["docs/draft.md"], "max_file_bytes": 1_000 });
    let mut replica = Replica::default();
    Source::new().sync(&mut replica, with(at(&host, "odd"), more)).await.unwrap();
    let read: Vec<_> = replica.documents.keys().map(String::as_str).collect();
    assert_eq!(read, ["docs/new\nline.md", "docs/über uns.md"]);
    let failed: Vec<_> = replica.failures.iter().map(|(id, reason)| format!("{id}: {reason}")).collect();
    assert_eq!(
        failed,
        [
            "caf\u{fffd}.md: its name is not valid UTF-8",
            "docs/big.md: it has 2000 bytes, over the limit of 1000",
            "docs/film.md: it is kept in Git LFS, which is not read",
        ]
    );
}

#[tokio::test]
async fn a_force_push_replaces_and_a_missing_branch_deletes_nothing() {
    let host = Host::new();
    host.write("docs", "a.md", "first");
    host.write("docs", "b.md", "second");
    let (source, mut replica) = (Source::new(), Replica::default());
    let settings = with(at(&host, "docs"), json!({ "branch": "main", "web_url": "https://x.org/{branch}/{path}" }));
    source.sync(&mut replica, settings.clone()).await.unwrap();
    assert_eq!(replica.documents["b.md"].uri, "https://x.org/main/b.md");

    host.git("docs", &["update-ref", "-d", "refs/heads/main"]);
    std::fs::remove_file(host.files("docs").join("b.md")).unwrap();
    let gone = source.sync(&mut replica, settings.clone()).await.err().unwrap();
    assert!(gone.message.contains("no such repository or branch"), "{gone}");
    assert_eq!(replica.documents.len(), 2, "a missing branch deletes nothing");

    host.write("docs", "c.md", "another history");
    source.sync(&mut replica, settings).await.unwrap();
    assert_eq!(replica.documents.keys().collect::<Vec<_>>(), ["a.md", "c.md"]);
    assert_eq!(replica.fetched, 1, "only the new blob is read");
}

#[tokio::test]
async fn a_mirror_left_locked_or_broken_is_made_anew() {
    let host = Host::new();
    host.write("docs", "a.md", "one");
    let (source, mut replica) = (Source::new(), Replica::default());
    source.sync(&mut replica, at(&host, "docs")).await.unwrap();
    for (file, path) in [("two", "shallow.lock"), ("three", "HEAD"), ("four", "packed-refs")] {
        std::fs::write(source.0.path().join("mirror").join(path), "left behind").unwrap();
        host.write("docs", "a.md", file);
        source.sync(&mut replica, at(&host, "docs")).await.unwrap();
        assert_eq!(replica.documents["a.md"].text, file, "after {path}");
    }
}

#[tokio::test]
async fn a_repository_over_the_limit_is_refused_and_leaves_nothing() {
    let host = Host::new();
    let mut state = 1u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    })
    .take(2_000_000)
    .collect();
    host.write("docs", "a.bin", noise);
    let source = Source::new();
    let settings = with(at(&host, "docs"), json!({ "max_repository_bytes": 1_000_000 }));
    let error = source.sync(&mut Replica::default(), settings).await.err().unwrap();
    assert!(!error.retryable && error.message.contains("max_repository_bytes"), "{error}");
    assert!(!source.0.path().join("mirror").exists() && !source.0.path().join("mirror.new").exists());
}

#[tokio::test]
async fn hooks_and_settings_of_others_do_not_run() {
    let host = Host::new();
    host.write("docs", "a.md", "text");
    let mark = host.root().join("ran");
    let (source, mut replica) = (Source::new(), Replica::default());
    source.sync(&mut replica, at(&host, "docs")).await.unwrap();
    let hooks = source.0.path().join("mirror/hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    for hook in ["reference-transaction", "post-merge", "post-checkout"] {
        let path = hooks.join(hook);
        std::fs::write(&path, format!("#!/bin/sh\ntouch {}\n", mark.display())).unwrap();
        assert!(Command::new("chmod").args(["755", path.to_str().unwrap()]).status().unwrap().success());
    }
    host.write("docs", "a.md", "new text");
    source.sync(&mut replica, at(&host, "docs")).await.unwrap();
    assert_eq!(replica.documents["a.md"].text, "new text");
    assert!(!mark.exists());
}

#[tokio::test]
async fn private_addresses_are_refused_for_every_transport() {
    let key = "-----BEGIN OPENSSH PRIVATE KEY-----";
    for (url, key) in [
        ("http://127.0.0.1:1/a", None),
        ("http://localhost:1/a", None),
        ("http://2130706433:1/a", None),
        ("http://[::1]:1/a", None),
        ("git://localhost:1/a", None),
        ("git://127.0.0.1:1/a", None),
        ("ssh://git@localhost:1/a", Some(key)),
    ] {
        let work = tempfile::tempdir().unwrap();
        let http = Http::new(HttpConfig::default(), clock()).unwrap();
        let strict = Parts { http, work_dir: work.path().to_owned(), ..parts() };
        let connector = Kind::of::<GitConfig>().open(json!({ "url": url, "ssh_key": key }), strict).unwrap();
        let error = Replica::default().sync(&*connector).await.err().unwrap();
        assert!(!error.retryable && error.message.contains("allow_private"), "{url}: {error}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed_and_secrets_are_not_shown() {
    let host = Host::new();
    host.write("docs", "a.md", "text");
    let target = serve(host::router(host.root(), None)).await;
    let moved = axum::Router::new().fallback(move |uri: axum::http::Uri| {
        let to = format!("{target}{}", uri.path_and_query().unwrap());
        async move { axum::response::Redirect::temporary(&to) }
    });
    let server = serve(moved).await;
    let error = refusal(json!({ "url": format!("{server}/docs.git"), "token": "very-secret" })).await;
    assert!(!error.retryable && !error.message.contains("very-secret"), "{error}");

    let locked = serve(host::router(host.root(), Some("ann:right"))).await;
    let error = refusal(json!({ "url": format!("{locked}/docs.git"), "token": "very-secret" })).await;
    assert!(!error.retryable && error.message.contains("credentials"), "{error}");
    assert!(!error.message.contains("very-secret") && !error.message.contains("Basic"), "{error}");
}

#[test]
fn settings_that_cannot_be_meant_are_refused() {
    let source = Source::new();
    for settings in [
        json!({ "url": "file:///srv/git/a" }),
        json!({ "url": "https://user:pass@example.com/a" }),
        json!({ "url": "https://example.com/a", "branch": "--upload-pack=id" }),
        json!({ "url": "https://example.com/a", "include": ["../x"] }),
        json!({ "url": "https://example.com/a", "web_url": "https://example.com/" }),
        json!({ "url": "https://example.com/a", "token": "t", "ssh_key": "k" }),
        json!({ "url": "git@example.com:a", "token": "t" }),
    ] {
        assert!(source.open(settings.clone()).is_err(), "{settings}");
    }
    assert!(source.open(json!({ "url": "https://example.com/a" })).is_ok());
}
