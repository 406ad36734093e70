//! What the suite cannot know: odd names, refusals, host keys, redirects, listings that lie.

use std::{fs, os::unix::fs::symlink, process::Command};

use axum::{
    Router,
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use domain::Connector;
use futures::TryStreamExt;
use serde_json::{Value, json};

use super::{
    conformance::{
        azblob, azblob_config, ftp_config, gcs, later, s3, sftp_config, sftp_connector, webdav_config, webdav_connector,
    },
    servers::Server,
    *,
};
use crate::{
    HttpConfig, Parts, SourceConfig,
    conformance::{World, clock, parts, serve},
    kind,
};

async fn sync(connector: Box<dyn Connector>) -> EngineResult<Vec<Batch>> {
    connector.changes(Since::default()).try_collect().await
}

async fn refusal(connector: EngineResult<Box<dyn Connector>>) -> EngineError {
    match connector {
        Err(error) => error,
        Ok(connector) => sync(connector).await.err().unwrap(),
    }
}

/// Documents as `id: text`, failures as `id! reason`.
fn told(batches: &[Batch]) -> Vec<String> {
    let changes = batches.iter().flat_map(|batch| &batch.changes);
    let told = changes.map(|change| match change {
        Change::Upsert(raw) => format!("{}: {}", raw.external_id, String::from_utf8_lossy(&raw.bytes)),
        Change::Failed { external_id, reason, .. } => format!("{external_id}! {reason}"),
        other => panic!("{other:?}"),
    });
    told.collect()
}

const ODD_NAMES: [&str; 4] = ["docs/100% sure?.md", "docs/a+b & c#d/ü ~e.md", "docs/empty.md", "docs/quote's \"q\".md"];

fn is_odd_text(batches: &[Batch]) {
    let expected = ODD_NAMES.map(|name| format!("{name}: {}", if name.contains("empty") { "" } else { name }));
    assert_eq!(told(batches), expected);
}

async fn odd_names_in_a_bucket<C: Fn(&str) -> cloud::Cloud + Send + Sync>(world: conformance::Bucket<C>) {
    for name in ODD_NAMES {
        world.write(name, if name.contains("empty") { "" } else { name }).await;
    }
    world.write("other/not.md", "outside of the prefix").await;
    is_odd_text(&sync(world.connector(&world.address())).await.unwrap());
}

#[tokio::test]
async fn odd_names_and_empty_files_come_through_object_stores() {
    if let Some(world) = s3().await {
        odd_names_in_a_bucket(world).await;
    }
    if let Some(world) = azblob().await {
        odd_names_in_a_bucket(world).await;
    }
    if let Some(world) = gcs().await {
        odd_names_in_a_bucket(world).await;
    }
}

fn write_odd_names(server: &Server) {
    for name in ODD_NAMES {
        let path = server.files().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, if name.contains("empty") { "" } else { name }).unwrap();
    }
}

#[tokio::test]
async fn odd_names_and_empty_files_come_through_file_servers() {
    if let Some(server) = servers::nginx().await {
        write_odd_names(&server);
        is_odd_text(&sync(webdav_connector(&server, &server.address())).await.unwrap());
    }
    if let Some(server) = servers::sshd().await {
        write_odd_names(&server);
        is_odd_text(&sync(sftp_connector(&server, "")).await.unwrap());
    }
    for mode in ["facts", "ls"] {
        if let Some(server) = servers::ftpd(mode).await {
            write_odd_names(&server);
            is_odd_text(&sync(ftp_config(&server).open(later()).unwrap()).await.unwrap());
        }
    }
}

#[tokio::test]
async fn big_files_arrive_whole_and_bigger_ones_are_named() {
    let text = "0123456789abcdef".repeat(50_000);
    if let Some(server) = servers::sshd().await {
        fs::write(server.files().join("a.txt"), &text).unwrap();
        assert_eq!(told(&sync(sftp_connector(&server, "")).await.unwrap()), [format!("a.txt: {text}")]);
        let config = SftpConfig { max_file_bytes: 1_000, ..sftp_config(&server) };
        let batches = sync(config.open(later()).unwrap()).await.unwrap();
        assert_eq!(told(&batches), ["a.txt! it has 800000 bytes, over the limit of 1000"]);
    }
    if let Some(server) = servers::ftpd("facts").await {
        fs::write(server.files().join("a.txt"), &text).unwrap();
        let batches = sync(ftp_config(&server).open(later()).unwrap()).await.unwrap();
        assert_eq!(told(&batches), [format!("a.txt: {text}")]);
    }
}

#[tokio::test]
async fn private_addresses_are_refused_whatever_the_protocol() {
    let strict = Parts { http: crate::Http::new(HttpConfig::default(), clock()).unwrap(), ..parts() };
    let settings = [
        ("s3", json!({ "bucket": "b", "endpoint": "http://127.0.0.1:1" })),
        ("s3", json!({ "bucket": "b", "endpoint": "http://localhost:1" })),
        ("azblob", json!({ "account": "a", "container": "c", "endpoint": "http://[::1]:1" })),
        ("gcs", json!({ "bucket": "b", "endpoint": "http://169.254.169.254" })),
        ("webdav", json!({ "url": "http://10.0.0.1/dav" })),
        ("webdav", json!({ "url": "http://localhost:1/dav" })),
        ("sftp", json!({ "host": "127.0.0.1", "user": "a", "password": "p" })),
        ("sftp", json!({ "host": "localhost", "user": "a", "password": "p" })),
        ("ftp", json!({ "host": "127.0.0.1" })),
        ("ftp", json!({ "host": "localhost" })),
    ];
    for (name, settings) in settings {
        let error = refusal(kind(name).unwrap().open(settings.clone(), strict.clone())).await;
        assert!(!error.retryable && error.message.contains("allow_private"), "{settings}: {error}");
    }
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_without_showing_secrets() {
    let key =
        |kind: &str| json!({ "type": kind, "private_key": "hush", "credential_source": { "file": "/etc/passwd" } });
    let settings = [
        ("s3", json!({ "bucket": "b", "access_key_id": "id" }), "needed together"),
        ("s3", json!({ "bucket": "", "endpoint": "https://example.org" }), "bucket"),
        ("s3", json!({ "bucket": "b", "endpoint": "https://u:hush@example.org" }), "their own fields"),
        ("s3", json!({ "bucket": "b", "include": ["../x"] }), "pattern"),
        ("s3", json!({ "bucket": "b", "buckets": "c" }), "unknown field"),
        ("azblob", json!({ "account": "evil.org/", "container": "c" }), "small letters"),
        ("azblob", json!({ "account": "a", "container": "c", "account_key": "hush", "sas_token": "hush" }), "not both"),
        ("azblob", json!({ "account": "a", "container": "c", "account_key": "hush!" }), "account_key"),
        (
            "gcs",
            json!({ "bucket": "b", "service_account_key": key("external_account").to_string() }),
            "service account",
        ),
        ("gcs", json!({ "bucket": "b", "service_account_key": "hush" }), "service account"),
        ("webdav", json!({ "url": "https://example.org", "user": "a", "token": "hush" }), "either"),
        ("webdav", json!({ "url": "ftp://example.org" }), "only http"),
        ("sftp", json!({ "host": "example.org", "user": "a" }), "either `password` or `private_key`"),
        ("sftp", json!({ "host": "example.org", "user": "a", "private_key": "hush" }), "private_key"),
        ("ftp", json!({ "host": "example.org", "ca_certificate": "hush" }), "no certificate"),
        ("ftp", json!({ "host": "exa mple" }), "host"),
    ];
    for (name, settings, reason) in settings {
        let error = kind(name).unwrap().open(settings.clone(), parts()).err().unwrap_or_else(|| panic!("{reason}"));
        assert!(!error.retryable && error.message.contains(reason), "{settings}: {error}");
        assert!(!error.message.contains("hush"), "{error}");
        let nobody = Parts { readers: None, ..parts() };
        assert!(kind(name).unwrap().open(settings, nobody).err().unwrap().message.contains("--access"));
    }
    assert_eq!(kind("s3").unwrap().secrets(), ["secret_access_key"]);
    assert_eq!(kind("sftp").unwrap().secrets(), ["passphrase", "password", "private_key"]);
}

#[tokio::test]
async fn an_unknown_host_key_is_refused_with_its_fingerprint() {
    let Some(server) = servers::sshd().await else { return };
    fs::write(server.files().join("a.md"), "text").unwrap();
    let known = sftp_config(&server).host_key;
    for host_key in ["", "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let config = SftpConfig { host_key: host_key.into(), ..sftp_config(&server) };
        let error = refusal(config.open(later())).await;
        assert!(!error.retryable && error.message.contains(&known), "{error}");
    }
    let key = fs::read_to_string(server.folder.path().join("host")).unwrap();
    let stranger = SftpConfig { private_key: Some(key.as_str().into()), ..sftp_config(&server) };
    let error = refusal(stranger.open(later())).await;
    assert!(!error.retryable && error.message.contains("credentials"), "{error}");
    assert_eq!(told(&sync(sftp_connector(&server, "")).await.unwrap()), ["a.md: text"]);
}

#[tokio::test]
async fn links_on_an_sftp_server_do_not_lead_out_of_the_folder() {
    let Some(server) = servers::sshd().await else { return };
    fs::write(server.files().join("a.md"), "text").unwrap();
    fs::write(server.folder.path().join("secret.md"), "secret").unwrap();
    symlink(server.folder.path().join("secret.md"), server.files().join("stolen.md")).unwrap();
    symlink(server.folder.path(), server.files().join("up")).unwrap();
    symlink(server.files().join("a.md"), server.files().join("again.md")).unwrap();
    let out = "it is a link that leads out of the folder";
    let expected = ["a.md: text".to_owned(), format!("stolen.md! {out}"), format!("up! {out}")];
    assert_eq!(told(&sync(sftp_connector(&server, "")).await.unwrap()), expected);
}

#[tokio::test]
async fn ftp_is_encrypted_unless_an_admin_says_otherwise() {
    let Some(server) = servers::ftpd("tls").await else { return };
    fs::write(server.files().join("a.md"), "text").unwrap();
    let config = FtpConfig { host: "localhost".into(), tls: FtpTls::Explicit, ..ftp_config(&server) };
    let error = refusal(config.clone().open(later())).await;
    assert!(!error.retryable && error.message.contains("ca_certificate"), "{error}");
    let ca_certificate = fs::read_to_string(server.folder.path().join("ca.pem")).unwrap();
    let trusting = FtpConfig { ca_certificate: Some(ca_certificate), ..config };
    assert_eq!(told(&sync(trusting.open(later()).unwrap()).await.unwrap()), ["a.md: text"]);
    let Some(plain) = servers::ftpd("facts").await else { return };
    let error = refusal(FtpConfig { tls: FtpTls::Explicit, ..ftp_config(&plain) }.open(later())).await;
    assert!(!error.retryable && error.message.contains("does not offer TLS"), "{error}");
    let stranger = FtpConfig { password: Some("wrong".into()), ..ftp_config(&plain) };
    let error = refusal(stranger.open(later())).await;
    assert!(!error.retryable && error.message.contains("credentials"), "{error}");
}

/// A WebDAV server that lies: `lied.md` has fewer bytes than listed, `shut` cannot be listed, `gone.md` cannot be read.
async fn liar(request: Request) -> Response {
    let entry = |path: &str, kind: &str| {
        format!(
            "<D:response><D:href>{path}</D:href><D:propstat><D:prop><D:getcontentlength>10</D:getcontentlength>\
             <D:resourcetype>{kind}</D:resourcetype></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
        )
    };
    match (request.method().as_str(), request.uri().path()) {
        ("PROPFIND", "/dav/") => {
            let entries = [("/dav/lied.md", ""), ("/dav/gone.md", ""), ("/dav/shut/", "<D:collection/>")];
            let entries = entries.map(|(path, kind)| entry(path, kind)).concat();
            (axum::http::StatusCode::MULTI_STATUS, format!("<D:multistatus xmlns:D=\"DAV:\">{entries}</D:multistatus>"))
                .into_response()
        }
        ("GET", "/dav/lied.md") => "12345".into_response(),
        ("PROPFIND", "/dav/shut/") => axum::http::StatusCode::FORBIDDEN.into_response(),
        ("PROPFIND", "/moved/") => {
            let to = Response::builder().status(302).header("location", "http://10.0.0.1/");
            to.body(Body::empty()).unwrap()
        }
        _ => axum::http::StatusCode::NOT_FOUND.into_response(),
    }
}

#[tokio::test]
async fn a_server_that_lies_is_not_believed() {
    let address = serve(Router::new().fallback(liar)).await;
    let open = |path: &str| WebdavConfig { url: format!("{address}{path}"), ..webdav_config() }.open(parts());
    let batches = sync(open("/dav").unwrap()).await.unwrap();
    let told = told(&batches);
    let [gone, lied, shut] = told.as_slice() else { panic!("{told:?}") };
    assert!(gone.starts_with("gone.md! ") && gone.contains("nothing is there"), "{gone}");
    assert!(lied.starts_with("lied.md! 5 bytes came where 10 were listed"), "{lied}");
    assert!(shut.starts_with("shut! it cannot be listed: "), "{shut}");
    let listing = batches.last().unwrap().listing.as_ref().unwrap();
    assert_eq!(listing, &["gone.md", "lied.md", "shut"], "what could not be listed counts as there");
    let error = refusal(open("/moved")).await;
    assert!(!error.retryable && error.message.contains("leads elsewhere"), "{error}");
    let error = refusal(open("/nothing")).await;
    assert!(!error.retryable && error.message.contains("nothing is there"), "{error}");
    let Some(server) = servers::nginx().await else { return };
    let stranger = WebdavConfig { url: server.address(), password: Some("wrong".into()), ..webdav_config() };
    let error = refusal(stranger.open(parts())).await;
    assert!(!error.retryable && error.message.contains("credentials"), "{error}");
}

/// Makes a user who may read the bucket `reports`, with a file in it, and prints the user's key.
const MAKE_USER: &str = r#"
import boto3, sys
to = dict(endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
iam, s3 = boto3.client("iam", **to), boto3.client("s3", **to)
s3.create_bucket(Bucket="reports")
s3.put_object(Bucket="reports", Key="a.md", Body=b"text")
iam.create_user(UserName="ann")
policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:ListBucket","s3:GetObject"],"Resource":"*"}]}'
iam.put_user_policy(UserName="ann", PolicyName="read", PolicyDocument=policy)
key = iam.create_access_key(UserName="ann")["AccessKey"]
print(key["AccessKeyId"], key["SecretAccessKey"])
"#;

#[tokio::test]
async fn s3_requests_are_signed() {
    let Some(server) = servers::moto(5).await else { return };
    let python = servers::installed("python/bin/python").unwrap();
    let key = servers::output(Command::new(python).args(["-c", MAKE_USER, &server.address()]));
    let (id, secret) = key.split_once(' ').unwrap();
    let open = |secret: &str| {
        let settings = json!({ "bucket": "reports", "endpoint": server.address(),
            "access_key_id": id, "secret_access_key": secret });
        kind("s3").unwrap().open(settings, parts())
    };
    assert_eq!(told(&sync(open(secret).unwrap()).await.unwrap()), ["a.md: text"]);
    let error = refusal(open("wrong")).await;
    assert!(!error.retryable && error.message.contains("credentials"), "{error}");
}

#[tokio::test]
async fn azure_refuses_another_key() {
    let Some(world) = azblob().await else { return };
    let mut settings = azblob_config(&world.address());
    settings["account_key"] = "d3Jvbmc=".into();
    let error = refusal(kind("azblob").unwrap().open(settings, parts())).await;
    assert!(!error.retryable && error.message.contains("credentials"), "{error}");
}

/// What speaks for itself as another system does: a listing that is none is not an empty listing.
#[tokio::test]
async fn a_sign_in_page_is_no_empty_listing() {
    let sign_in = || async { axum::response::Html("<html><body>Please sign in</body></html>") };
    let address = serve(Router::new().fallback(sign_in)).await;
    let settings = [
        ("s3", json!({ "bucket": "b", "endpoint": address })),
        ("azblob", json!({ "account": "a", "container": "c", "endpoint": address })),
        ("gcs", json!({ "bucket": "b", "endpoint": address })),
        ("webdav", json!({ "url": address })),
    ];
    for (name, settings) in settings {
        let error = refusal(kind(name).unwrap().open(settings, parts())).await;
        assert!(error.retryable && error.message.contains("listing"), "{name}: {error}");
    }
}

/// Files that are all there is, and a folder that cannot be listed.
struct Shelf;

#[async_trait::async_trait]
impl Store for Shelf {
    fn name(&self) -> String {
        "shelf".into()
    }

    async fn open(&self) -> EngineResult<Arc<dyn store::Session>> {
        Ok(Arc::new(Self))
    }

    fn uri(&self, id: &str) -> String {
        format!("shelf:{id}")
    }
}

#[async_trait::async_trait]
impl store::Session for Shelf {
    async fn list(&self) -> Result<store::Listing, Trouble> {
        let (id, what, tag) = ("a.md".into(), store::What::File, store::Tag::None);
        let file = store::Entry { id, what, bytes: 4, modified_at: None, tag };
        Ok(store::Listing { files: vec![file], unlisted: vec![("shut".into(), "it is forbidden".into())] })
    }

    async fn read(&self, _: &str, _: u64) -> Result<Vec<u8>, Trouble> {
        Ok(b"text".to_vec())
    }
}

#[tokio::test]
async fn what_lies_where_nothing_can_be_listed_stays_and_all_else_can_go() {
    let choice = Choice::new(&[], &[], 10).unwrap();
    let connector = Objects::connector(Shelf, choice, &parts(), "Shelf").unwrap();
    let held = ["shut/b.md", "shutter.md", "a.md"].map(|id| (id.to_owned(), None));
    let since = Since { cursor: None, held: Arc::new(held.into_iter().collect()) };
    let batches: Vec<Batch> = connector.changes(since).try_collect().await.unwrap();
    assert_eq!(batches.last().unwrap().listing.as_ref().unwrap(), &["a.md", "shut", "shut/b.md"]);
    let access = Change::Access { external_id: "shut/b.md".into(), readers: vec![Principal::everyone()] };
    assert!(batches[0].changes.contains(&access));
}

#[test]
fn every_setting_is_documented() {
    for name in ["s3", "azblob", "gcs", "webdav", "sftp", "ftp"] {
        let schema = kind(name).unwrap().schema();
        for (field, about) in schema["properties"].as_object().unwrap() {
            assert!(about.get("description").is_some_and(Value::is_string), "{name}.{field}");
        }
    }
}
