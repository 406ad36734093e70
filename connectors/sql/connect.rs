//! Where a database is, and how it is connected to: by a checked address, for reading only.

use std::{path::PathBuf, time::Duration};

use domain::{EngineError, EngineResult};
use sqlx::{
    Connection, Executor,
    mysql::{MySqlConnectOptions, MySqlConnection, MySqlSslMode},
    postgres::{PgConnectOptions, PgConnection, PgSslMode},
    sqlite::{SqliteConnectOptions, SqliteConnection},
};
use url::Url;

use super::{
    SqlConfig, Tls,
    database::{Database, Engine, failure},
    statement::Dialect,
};
use crate::{Secret, http::Guard};

/// A database's address, checked as far as it can be without asking.
pub(super) struct Address {
    place: Place,
    guard: Guard,
}

enum Place {
    File(PathBuf),
    Server(Server),
}

struct Server {
    dialect: Dialect,
    host: String,
    port: u16,
    user: String,
    password: Option<Secret>,
    database: String,
    tls: Tls,
    ca_certificate: Option<Vec<u8>>,
}

impl Address {
    pub(super) fn new(config: &SqlConfig, guard: Guard) -> EngineResult<Self> {
        let wrong = |why: &str| EngineError::give_up(format!("sql: `database` {why}"));
        if let Some(path) = config.database.strip_prefix("sqlite:") {
            let path = PathBuf::from(path.strip_prefix("//").unwrap_or(path));
            if !path.is_absolute() || path.to_string_lossy().contains('?') {
                return Err(wrong("names no file: write sqlite:/PATH"));
            }
            return Ok(Self { place: Place::File(path), guard });
        }
        let url = Url::parse(&config.database).map_err(|error| wrong(&format!("is no address: {error}")))?;
        let (dialect, port) = match url.scheme() {
            "postgres" | "postgresql" => (Dialect::Postgres, 5432),
            "mysql" | "mariadb" => (Dialect::MySql, 3306),
            _ => return Err(wrong("begins with none of postgres:, mysql:, sqlite:")),
        };
        if url.password().is_some() {
            return Err(wrong("holds a password: put it under `password`"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("has options behind `?`: they have settings of their own"));
        }
        let decoded = |text: &str| percent(text).ok_or_else(|| wrong("is not encoded as UTF-8"));
        let database = decoded(url.path().trim_start_matches('/'))?;
        let user = decoded(url.username())?;
        let host = url.host_str().filter(|host| !host.is_empty() && !host.contains('%'));
        let (Some(host), false, false) = (host, database.is_empty(), user.is_empty()) else {
            return Err(wrong("does not name user, host and database: write postgres://USER@HOST:PORT/DATABASE"));
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let ca_certificate = config.ca_certificate.as_ref().filter(|pem| !pem.trim().is_empty());
        let server = Server {
            dialect,
            host,
            port: url.port().unwrap_or(port),
            user,
            password: config.password.clone(),
            database,
            tls: config.tls,
            ca_certificate: ca_certificate.map(|pem| pem.clone().into_bytes()),
        };
        Ok(Self { place: Place::Server(server), guard })
    }

    pub(super) fn dialect(&self) -> Dialect {
        match &self.place {
            Place::File(_) => Dialect::Sqlite,
            Place::Server(server) => server.dialect,
        }
    }

    /// The address as people may see it.
    pub(super) fn shown(&self) -> String {
        match &self.place {
            Place::File(path) => format!("sqlite:{}", path.display()),
            Place::Server(Server { dialect, host, port, database, .. }) => {
                let scheme = if *dialect == Dialect::MySql { "mysql" } else { "postgres" };
                format!("{scheme}://{host}:{port}/{database}")
            }
        }
    }

    pub(super) async fn connect(&self, timeout: Duration) -> EngineResult<Database> {
        let shown = self.shown();
        let late = || EngineError::retry(format!("read {shown}: it does not answer"));
        let opening = async {
            match &self.place {
                Place::File(path) => file(path).await.map_err(|error| failure(&shown, error)),
                Place::Server(server) => {
                    // A host whose certificate must name it is reached by name; any other by the address just checked,
                    // so that its name cannot lead elsewhere in between.
                    let found = self.guard.resolve(&server.host, server.port).await?;
                    let checked = found.first().map(|address| address.ip().to_string());
                    let host = if server.tls == Tls::Verify { None } else { checked };
                    let host = host.as_deref().unwrap_or(&server.host);
                    let opened = match server.dialect {
                        Dialect::MySql => server.mysql(host, timeout).await,
                        _ => server.postgres(host, timeout).await,
                    };
                    opened.map_err(|error| failure(&shown, error))
                }
            }
        };
        let engine = tokio::time::timeout(Duration::from_secs(30), opening).await.map_err(|_| late())??;
        Ok(Database { engine, timeout, shown })
    }
}

async fn file(path: &PathBuf) -> Result<Engine, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(Duration::from_secs(10));
    Ok(Engine::Sqlite(Box::new(SqliteConnection::connect_with(&options.pragma("query_only", "on")).await?)))
}

impl Server {
    async fn postgres(&self, host: &str, timeout: Duration) -> Result<Engine, sqlx::Error> {
        let mode = match self.tls {
            Tls::Verify => PgSslMode::VerifyFull,
            Tls::Encrypt => PgSslMode::Require,
            Tls::Off => PgSslMode::Disable,
        };
        let mut options = PgConnectOptions::new_without_pgpass().host(host).port(self.port).username(&self.user);
        options = options.database(&self.database).ssl_mode(mode).application_name("footnote");
        options = options.password(self.password.as_ref().map_or("", Secret::expose));
        if let Some(pem) = &self.ca_certificate {
            options = options.ssl_root_cert_from_pem(pem.clone());
        }
        let mut connection = PgConnection::connect_with(&options).await?;
        connection.execute("set session characteristics as transaction read only").await?;
        connection.execute("set standard_conforming_strings = on").await?;
        let limit = format!("set statement_timeout = {}", timeout.as_millis());
        connection.execute(sqlx::AssertSqlSafe(limit)).await?;
        Ok(Engine::Postgres(Box::new(connection)))
    }

    async fn mysql(&self, host: &str, timeout: Duration) -> Result<Engine, sqlx::Error> {
        let mode = match self.tls {
            Tls::Verify => MySqlSslMode::VerifyIdentity,
            Tls::Encrypt => MySqlSslMode::Required,
            Tls::Off => MySqlSslMode::Disabled,
        };
        let mut options = MySqlConnectOptions::new().host(host).port(self.port).username(&self.user);
        options = options.database(&self.database).ssl_mode(mode);
        if let Some(password) = &self.password {
            options = options.password(password.expose());
        }
        if let Some(pem) = &self.ca_certificate {
            options = options.ssl_ca_from_pem(pem.clone());
        }
        let mut connection = MySqlConnection::connect_with(&options).await?;
        connection.execute("set session transaction read only").await?;
        // MariaDB counts seconds, MySQL milliseconds; each knows only its own.
        let seconds = format!("set session max_statement_time = {}", timeout.as_secs_f64());
        if connection.execute(sqlx::AssertSqlSafe(seconds)).await.is_err() {
            let millis = format!("set session max_execution_time = {}", timeout.as_millis());
            connection.execute(sqlx::AssertSqlSafe(millis)).await?;
        }
        Ok(Engine::MySql(Box::new(connection)))
    }
}

/// Text without its percent encoding.
fn percent(text: &str) -> Option<String> {
    let pairs = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
    let decoded = url::form_urlencoded::parse(pairs.as_bytes()).next().map(|(_, value)| value.into_owned())?;
    (!decoded.contains('\u{fffd}') && !decoded.contains('\0')).then_some(decoded)
}
