//! Real repositories for the tests, served by git's own programs over HTTP, its own protocol and ssh.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, Uri},
    response::Response,
    routing::any,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

/// Bare repositories below a folder, each with a folder of files that is committed to it.
pub(crate) struct Host(TempDir);

impl Host {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    /// `NAME.git` below [`root`](Self::root).
    pub(crate) fn bare(&self, name: &str) -> PathBuf {
        self.root().join(format!("{name}.git"))
    }

    /// The files of a repository, which is made at the first call.
    pub(crate) fn files(&self, name: &str) -> PathBuf {
        let (bare, files) = (self.bare(name), self.root().join("files").join(name));
        if !bare.exists() {
            std::fs::create_dir_all(&bare).unwrap();
            std::fs::create_dir_all(&files).unwrap();
            self.git(name, &["init", "--quiet", "--bare", "--initial-branch=main"]);
        }
        files
    }

    pub(crate) fn write(&self, name: &str, path: &str, contents: impl AsRef<[u8]>) {
        let file = self.files(name).join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, contents).unwrap();
        self.commit(name);
    }

    pub(crate) fn remove(&self, name: &str, path: &str) {
        std::fs::remove_file(self.files(name).join(path)).unwrap();
        self.commit(name);
    }

    pub(crate) fn commit(&self, name: &str) {
        self.git(name, &["add", "--all"]);
        self.git(name, &["commit", "--quiet", "--allow-empty", "--message", "change"]);
    }

    pub(crate) fn git(&self, name: &str, args: &[&str]) {
        let files = self.root().join("files").join(name);
        let mut git = Command::new("git");
        git.args(["-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "core.quotePath=false"]);
        if args.first() != Some(&"init") {
            git.arg("--work-tree").arg(&files);
        }
        let done = git.args(args).env("GIT_DIR", self.bare(name)).current_dir(&files).output().unwrap();
        assert!(done.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

/// Whom the server lets in: `user:password`, or everyone.
struct Served {
    root: PathBuf,
    pair: Option<String>,
}

/// Serves what lies below `root` as `git http-backend` does: <https://git-scm.com/docs/git-http-backend>.
pub(crate) fn router(root: &Path, pair: Option<&str>) -> Router {
    let served = Served { root: root.to_owned(), pair: pair.map(ToOwned::to_owned) };
    Router::new().fallback(any(backend)).with_state(Arc::new(served))
}

async fn backend(
    State(served): State<Arc<Served>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let expected = served.pair.as_ref().map(|pair| format!("Basic {}", STANDARD.encode(pair)));
    if expected.is_some_and(|expected| header("authorization") != expected) {
        let refused = Response::builder().status(401).header("www-authenticate", "Basic realm=\"git\"");
        return refused.body(Body::empty()).unwrap();
    }
    let mut child = tokio::process::Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &served.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", uri.path())
        .env("QUERY_STRING", uri.query().unwrap_or_default())
        .env("REQUEST_METHOD", method.as_str())
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let (_, done) = tokio::join!(async move { drop(stdin.write_all(&body).await) }, child.wait_with_output());
    let out = done.unwrap().stdout;
    let end = out.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(0);
    let mut response = Response::builder();
    for line in String::from_utf8_lossy(&out[..end]).lines() {
        let (name, value) = line.split_once(':').unwrap();
        response = match name {
            "Status" => response.status(value.trim().split(' ').next().unwrap()),
            _ => response.header(name, value.trim()),
        };
    }
    response.body(Body::from(out[(end + 4).min(out.len())..].to_vec())).unwrap()
}
