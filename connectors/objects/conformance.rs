//! The suite on real servers: moto, azurite, a GCS emulator, nginx, OpenSSH and pyftpdlib.

use std::{
    fs,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use domain::{Clock, Connector};
use opendal::{HttpTransporter, OperationContext, Operator};
use serde_json::json;

use super::{cloud::Cloud, servers::Server, transport::Transport, *};
use crate::SourceConfig;
use crate::conformance::{Abilities, World, clock, conforms, parts, serve};

/// Parts an hour on, when every file's time has passed.
pub(super) fn later() -> Parts {
    Parts { clock: Clock { now: || (clock().now)() + jiff::SignedDuration::from_hours(1), ..clock() }, ..parts() }
}

/// An object store, written by an operator of the test's own.
pub(super) struct Bucket<C> {
    _server: Server,
    address: String,
    operator: Operator,
    repeats: Option<Arc<AtomicBool>>,
    store: C,
}

impl<C: Fn(&str) -> Cloud> Bucket<C> {
    pub(super) fn new(server: Server, address: String, repeats: Option<Arc<AtomicBool>>, store: C) -> Self {
        let cloud = store(&address);
        let transport = HttpTransporter::new(Transport::new(cloud.http, cloud.name, "", 1 << 20));
        let operator = cloud.operator.with_context(OperationContext::new().with_http_transport(transport));
        Self { _server: server, address, operator, repeats, store }
    }

    async fn move_object(&self, from: &str, to: &str) {
        let text = self.operator.read(from).await.unwrap().to_vec();
        self.write(to, std::str::from_utf8(&text).unwrap()).await;
        self.operator.delete(from).await.unwrap();
    }

    pub(super) async fn write(&self, key: &str, text: &str) {
        self.operator.write_with(key, text.to_owned()).content_type("text/plain").await.unwrap();
    }
}

#[async_trait]
impl<C: Fn(&str) -> Cloud + Send + Sync> World for Bucket<C> {
    fn abilities(&self) -> Abilities {
        let pages = self.repeats.is_some();
        Abilities { deletes: true, renames: true, hides: true, http: true, sizes: true, pages, ..Abilities::default() }
    }

    async fn put(&self, name: &str, text: &str) {
        self.write(&key(name), text).await;
    }

    async fn delete(&self, name: &str) {
        self.operator.delete(&key(name)).await.unwrap();
    }

    async fn rename(&self, from: &str, to: &str) {
        self.move_object(&key(from), &key(to)).await;
    }

    async fn hide_everything(&self, hidden: bool) {
        // What another prefix holds does not count.
        for name in ["alpha", "beta", "moved", "epsilon", "zeta"] {
            let (here, away) = (key(name), format!("away/{name}"));
            let (from, to) = if hidden { (here, away) } else { (away, here) };
            self.move_object(&from, &to).await;
        }
    }

    async fn repeat_pages(&self, repeating: bool) {
        self.repeats.as_ref().unwrap().store(repeating, Ordering::SeqCst);
    }

    fn address(&self) -> String {
        self.address.clone()
    }

    fn connector(&self, address: &str) -> Box<dyn Connector> {
        Objects::connector((self.store)(address), Choice::new(&[], &[], 1 << 20).unwrap(), &parts(), "test").unwrap()
    }
}

fn key(name: &str) -> String {
    format!("docs/ü & {}/{name}.md", name.len())
}

/// Passes everything on to moto; while `repeats`, every page of a listing is the first one.
async fn curtain(State((server, repeats)): State<(String, Arc<AtomicBool>)>, request: Request) -> Response {
    let path = request.uri().path_and_query().unwrap().to_string();
    let is_kept = |pair: &&str| !repeats.load(Ordering::SeqCst) || !pair.starts_with("continuation-token=");
    let path = match path.split_once('?') {
        Some((path, query)) => format!("{path}?{}", query.split('&').filter(is_kept).collect::<Vec<_>>().join("&")),
        None => path,
    };
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let http = parts().http;
    let sent = http.raw().request(head.method, format!("{server}{path}")).headers(head.headers).body(body).send().await;
    let answer = sent.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut response = Response::new(Body::from(answer.bytes().await.unwrap()));
    *response.status_mut() = status;
    response.headers_mut().extend(
        headers
            .into_iter()
            .filter(|(name, _)| name.as_ref().is_none_or(|name| name != "transfer-encoding" && name != "connection")),
    );
    response
}

pub(super) async fn s3() -> Option<Bucket<impl Fn(&str) -> Cloud>> {
    let server = servers::moto(u32::MAX).await?;
    let made = parts().http.raw().put(format!("{}/reports", server.address())).send().await.unwrap();
    assert!(made.status().is_success(), "{made:?}");
    let repeats = Arc::new(AtomicBool::new(false));
    let state = (server.address(), Arc::clone(&repeats));
    let address = serve(Router::new().fallback(curtain).with_state(state)).await;
    Some(Bucket::new(server, address, Some(repeats), |address| {
        let config = json!({ "bucket": "reports", "endpoint": address, "prefix": "/docs",
            "access_key_id": "id", "secret_access_key": "secret" });
        serde_json::from_value::<S3Config>(config).unwrap().store(&parts(), Some(2)).unwrap()
    }))
}

/// The account and key of every Azure emulator.
const ACCOUNT: &str = "devstoreaccount1";
const ACCOUNT_KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// Makes the container `reports`, which opendal cannot.
const MAKE_CONTAINER: &str = r#"
import base64, email.utils, hashlib, hmac, sys, urllib.request
port, account, key = sys.argv[1:]
date, version = email.utils.formatdate(usegmt=True), "2021-08-06"
signed = f"PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{date}\nx-ms-version:{version}\n/{account}/{account}/reports\nrestype:container"
mac = base64.b64encode(hmac.new(base64.b64decode(key), signed.encode(), hashlib.sha256).digest()).decode()
headers = {"x-ms-date": date, "x-ms-version": version, "Authorization": f"SharedKey {account}:{mac}", "Content-Length": "0"}
url = f"http://127.0.0.1:{port}/{account}/reports?restype=container"
urllib.request.urlopen(urllib.request.Request(url, method="PUT", headers=headers))
"#;

pub(super) fn azblob_config(address: &str) -> serde_json::Value {
    json!({ "account": ACCOUNT, "account_key": ACCOUNT_KEY, "container": "reports", "prefix": "docs/",
        "endpoint": format!("{address}/{ACCOUNT}") })
}

pub(super) async fn azblob() -> Option<Bucket<impl Fn(&str) -> Cloud>> {
    let server = servers::azurite().await?;
    let port = server.port.to_string();
    servers::output(Command::new("python3").args(["-c", MAKE_CONTAINER, &port, ACCOUNT, ACCOUNT_KEY]));
    let address = server.address();
    Some(Bucket::new(server, address, None, |address| {
        serde_json::from_value::<AzblobConfig>(azblob_config(address)).unwrap().store(&parts(), Some(2)).unwrap()
    }))
}

pub(super) async fn gcs() -> Option<Bucket<impl Fn(&str) -> Cloud>> {
    let server = servers::gcs().await?;
    let url = format!("{}/storage/v1/b?project=test", server.address());
    let made = parts().http.raw().post(url).json(&json!({ "name": "reports" })).send().await.unwrap();
    assert!(made.status().is_success(), "{made:?}");
    let address = server.address();
    Some(Bucket::new(server, address, None, |address| {
        let config = json!({ "bucket": "reports", "endpoint": address, "prefix": "docs" });
        serde_json::from_value::<GcsConfig>(config).unwrap().store(&parts(), None).unwrap()
    }))
}

/// A folder on this disk, served by `server`.
pub(super) struct Served {
    pub(super) server: Server,
    clock: AtomicU64,
    is_http: bool,
    connector: fn(&Server, &str) -> Box<dyn Connector>,
}

impl Served {
    pub(super) fn new(server: Server, connector: fn(&Server, &str) -> Box<dyn Connector>) -> Self {
        Self { server, clock: AtomicU64::new(0), is_http: false, connector }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.server.files().join(key(name))
    }
}

#[async_trait]
impl World for Served {
    fn abilities(&self) -> Abilities {
        let http = self.is_http;
        Abilities { deletes: true, renames: true, hides: true, http, sizes: true, ..Abilities::default() }
    }

    /// Every state is a second younger than the one before: the protocols know whole seconds only.
    async fn put(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        let age = Duration::from_secs(1_000 - self.clock.fetch_add(1, Ordering::SeqCst));
        fs::File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified(SystemTime::from((clock().now)()) - age)
            .unwrap();
    }

    async fn delete(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    async fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    async fn hide_everything(&self, hidden: bool) {
        let (here, away) = (self.server.files().join("docs"), self.server.folder.path().join("away"));
        let (from, to) = if hidden { (here, away) } else { (away, here) };
        fs::rename(from, to).unwrap();
    }

    fn address(&self) -> String {
        self.server.address()
    }

    fn connector(&self, address: &str) -> Box<dyn Connector> {
        (self.connector)(&self.server, address)
    }
}

pub(super) fn webdav_connector(_: &Server, address: &str) -> Box<dyn Connector> {
    let config = WebdavConfig { url: address.into(), ..webdav_config() };
    config.open(later()).unwrap()
}

pub(super) fn webdav_config() -> WebdavConfig {
    serde_json::from_value(json!({ "url": "", "user": "ann", "password": "secret" })).unwrap()
}

pub(super) fn sftp_config(server: &Server) -> SftpConfig {
    let keygen = servers::output(Command::new("ssh-keygen").arg("-lf").arg(server.folder.path().join("host.pub")));
    let key = fs::read_to_string(server.folder.path().join("user")).unwrap();
    let user = servers::output(Command::new("id").arg("-un"));
    let host_key = keygen.split(' ').nth(1).unwrap();
    let config = json!({ "host": "127.0.0.1", "port": server.port, "user": user, "path": server.files(),
        "private_key": key, "host_key": host_key });
    serde_json::from_value(config).unwrap()
}

pub(super) fn sftp_connector(server: &Server, _: &str) -> Box<dyn Connector> {
    sftp_config(server).open(later()).unwrap()
}

pub(super) fn ftp_config(server: &Server) -> FtpConfig {
    let config =
        json!({ "host": "127.0.0.1", "port": server.port, "tls": "none", "user": "ann", "password": "secret" });
    serde_json::from_value(config).unwrap()
}

pub(super) fn ftp_connector(server: &Server, _: &str) -> Box<dyn Connector> {
    ftp_config(server).open(later()).unwrap()
}

#[tokio::test]
async fn s3_conforms() {
    let Some(world) = s3().await else { return };
    conforms(&world).await;
}

#[tokio::test]
async fn azblob_conforms() {
    let Some(world) = azblob().await else { return };
    conforms(&world).await;
}

#[tokio::test]
async fn gcs_conforms() {
    let Some(world) = gcs().await else { return };
    conforms(&world).await;
}

#[tokio::test]
async fn webdav_conforms() {
    let Some(server) = servers::nginx().await else { return };
    conforms(&Served { is_http: true, ..Served::new(server, webdav_connector) }).await;
}

#[tokio::test]
async fn sftp_conforms() {
    let Some(server) = servers::sshd().await else { return };
    conforms(&Served::new(server, sftp_connector)).await;
}

#[tokio::test]
async fn ftp_conforms_with_facts_and_with_what_ls_prints() {
    for mode in ["facts", "ls", "elsewhere"] {
        let Some(server) = servers::ftpd(mode).await else { return };
        conforms(&Served::new(server, ftp_connector)).await;
    }
}
