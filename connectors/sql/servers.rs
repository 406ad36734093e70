//! The databases that tests read: PostgreSQL, MariaDB and a SQLite file, each filled by a user who may write.

use std::{path::Path, process::Command};

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection, SqliteConnection};
use tempfile::TempDir;
use tokio::sync::Mutex;
use url::Url;

use crate::conformance::{Running, free_port, program};

const PASSWORD: &str = "s3cret-&-'pass";

/// A database with a table of its own.
pub(super) struct Server {
    admin: Mutex<Admin>,
    pub(super) table: String,
    /// `database`, `password` and `tls` of the settings.
    pub(super) settings: Value,
    _running: Option<Running>,
    _folder: Option<TempDir>,
}

enum Admin {
    Postgres(PgConnection),
    MySql(MySqlConnection),
    Sqlite(SqliteConnection),
}

impl Server {
    /// The cluster that the test script starts.
    #[expect(clippy::disallowed_methods, reason = "the test script says where its cluster is")]
    pub(super) async fn postgres() -> Option<Self> {
        let Ok(address) = std::env::var("FOOTNOTE_TEST_POSTGRES_URL") else {
            assert!(std::env::var("CI").is_err(), "FOOTNOTE_TEST_POSTGRES_URL is missing: use with-postgres.sh");
            eprintln!("skipped: FOOTNOTE_TEST_POSTGRES_URL is not set");
            return None;
        };
        let admin = PgConnection::connect(&address).await.unwrap();
        let mut url = Url::parse(&address).unwrap();
        let password = url.password().map(str::to_owned);
        url.set_password(None).unwrap();
        let settings = json!({"database": url.as_str(), "password": password, "tls": "off"});
        Some(Self::new(Admin::Postgres(admin), settings, None, None))
    }

    pub(super) async fn mariadb() -> Option<Self> {
        let (server, install) =
            (program("mariadbd", "mariadb-server")?, program("mariadb-install-db", "mariadb-server")?);
        let folder = tempfile::tempdir().unwrap();
        let (data, port) = (folder.path().join("data"), free_port());
        let arg = |name: &str, path: &Path| format!("--{name}={}", path.display());
        let installed = Command::new(install)
            .args(["--no-defaults", "--user=root", "--auth-root-authentication-method=normal", "--skip-test-db"])
            .arg(arg("datadir", &data))
            .output()
            .unwrap();
        assert!(installed.status.success(), "{installed:?}");
        let first = folder.path().join("first.sql");
        let quoted = PASSWORD.replace('\'', "''");
        let made = format!(
            "create database docs;\ncreate user footnote@'%' identified by '{quoted}';\ngrant all on docs.* to footnote@'%';\n"
        );
        std::fs::write(&first, made).unwrap();
        let mut command = Command::new(server);
        command.args(["--no-defaults", "--user=root", "--bind-address=127.0.0.1", "--skip-log-bin"]);
        command.arg(format!("--port={port}")).arg(arg("datadir", &data)).arg(arg("init-file", &first));
        command.arg(arg("socket", &folder.path().join("socket"))).arg(arg("log-error", &folder.path().join("log")));
        let running = Running::start(&mut command, port);
        let options = sqlx::mysql::MySqlConnectOptions::new().host("127.0.0.1").port(port).username("footnote");
        let options = options.password(PASSWORD).database("docs").ssl_mode(sqlx::mysql::MySqlSslMode::Disabled);
        let admin = MySqlConnection::connect_with(&options).await.unwrap();
        let database = format!("mysql://footnote@127.0.0.1:{port}/docs");
        let settings = json!({"database": database, "password": PASSWORD, "tls": "off"});
        Some(Self::new(Admin::MySql(admin), settings, Some(running), Some(folder)))
    }

    pub(super) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("docs.sqlite");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file).create_if_missing(true);
        let admin = SqliteConnection::connect_with(&options).await.unwrap();
        let settings = json!({"database": format!("sqlite:{}", file.display())});
        Self::new(Admin::Sqlite(admin), settings, None, Some(folder))
    }

    fn new(admin: Admin, settings: Value, running: Option<Running>, folder: Option<TempDir>) -> Self {
        let table = format!("t{}", ulid::Ulid::new().to_string().to_lowercase());
        Self { admin: Mutex::new(admin), table, settings, _running: running, _folder: folder }
    }

    /// Runs statements in which `TABLE_` is the server's table.
    pub(super) async fn run(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.replace("TABLE_", &self.table));
        match &mut *self.admin.lock().await {
            Admin::Postgres(admin) => drop(admin.execute(sqlx::raw_sql(sql)).await.unwrap()),
            Admin::MySql(admin) => drop(admin.execute(sqlx::raw_sql(sql)).await.unwrap()),
            Admin::Sqlite(admin) => drop(admin.execute(sqlx::raw_sql(sql)).await.unwrap()),
        }
    }

    /// The settings with those of `more`, in which `TABLE_` is the server's table.
    pub(super) fn config(&self, more: Value) -> super::SqlConfig {
        let mut settings = self.settings.clone();
        let more: Value = serde_json::from_str(&more.to_string().replace("TABLE_", &self.table)).unwrap();
        for (name, value) in more.as_object().unwrap() {
            settings[name] = value.clone();
        }
        serde_json::from_value(settings).unwrap()
    }
}
