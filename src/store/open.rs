//! Opens the database, brings its schema up to date, and hands out transactions.

use std::{sync::Arc, time::Duration};

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
    sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use crate::{Error, Result, migrations};

const DEFAULT_CONNECTIONS: u32 = 16;
/// How long SQLite waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How often, and after which wait, a file that another process is setting up is opened again.
const WAL_TRIES: u32 = 100;
const WAL_WAIT: Duration = Duration::from_millis(50);
/// How long a caller waits for a free connection; writers to SQLite queue for the only one.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(120);
/// How long PostgreSQL may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Names the lock that replicas starting together take before they migrate.
const MIGRATION_LOCK: i64 = 0x00f0_0740;

/// The database. Cheap to clone; all clones share their connections.
#[derive(Clone, Debug)]
pub struct Store {
    connections: Arc<Connections>,
}

#[derive(Debug)]
struct Connections {
    read: DatabaseConnection,
    /// On SQLite a pool of one: writers queue here, so none ever meets a locked database.
    write: DatabaseConnection,
}

impl Store {
    /// Opens `sqlite://PATH` (created when missing) or `postgres://..` and migrates it.
    ///
    /// # Errors
    /// [`Error::Invalid`] when `url` is none, [`Error::Db`] when the database cannot be reached, [`Error::Schema`] when a
    /// newer version wrote it.
    pub async fn open(url: &str) -> Result<Self> {
        Self::open_with(url, DEFAULT_CONNECTIONS).await
    }

    /// Like [`Store::open`] with at most `max_connections` connections.
    pub async fn open_with(url: &str, max_connections: u32) -> Result<Self> {
        let connections = match engine(url)? {
            DbBackend::Sqlite => {
                let write = connect_sqlite(url, 1).await?;
                Connections { read: connect_sqlite(url, max_connections.max(1)).await?, write }
            }
            _ => {
                let read = Database::connect(postgres(url, max_connections.max(2))).await?;
                Connections { write: read.clone(), read }
            }
        };
        let store = Self { connections: Arc::new(connections) };
        store.migrate().await?;
        Ok(store)
    }

    /// Whether replicas can share it.
    pub fn is_postgres(&self) -> bool {
        self.read().get_database_backend() == DbBackend::Postgres
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<()> {
        Ok(self.read().ping().await?)
    }

    pub(crate) fn read(&self) -> &DatabaseConnection {
        &self.connections.read
    }

    /// For a single statement that writes.
    pub(crate) fn write(&self) -> &DatabaseConnection {
        &self.connections.write
    }

    /// A transaction that may write. Dropping it without commit undoes it.
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(self.connections.write.begin_with_options(options).await?)
    }

    async fn migrate(&self) -> Result<()> {
        let tx = self.begin().await?;
        if self.is_postgres() {
            tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
        }
        migrations::up(&tx).await.map_err(|error| match error {
            sea_orm::DbErr::Custom(reason) => Error::Schema(reason),
            other => Error::Db(other),
        })?;
        Ok(tx.commit().await?)
    }
}

/// Which engine a URL names. Its errors say what is wrong and repeat no part of the URL: any may be the password.
fn engine(url: &str) -> Result<DbBackend> {
    let wrong = |what: &str| Error::Invalid(format!("the database's URL cannot be used: {what}"));
    let url = url::Url::parse(url).map_err(|error| {
        wrong(&format!("{error} (in a password write %2F for /, %3F for ?, %23 for #, %40 for @, %3A for :)"))
    })?;
    match url.scheme() {
        "sqlite" => Ok(DbBackend::Sqlite),
        "postgres" | "postgresql" => Ok(DbBackend::Postgres),
        _ => Err(wrong("it begins neither with postgres:// nor with sqlite://")),
    }
}

/// Switching a new file to WAL fails at once, without any wait, while another process does the same.
async fn connect_sqlite(url: &str, connections: u32) -> Result<DatabaseConnection> {
    let mut tries = 0;
    loop {
        match Database::connect(sqlite(url, connections)).await {
            Err(error) if tries < WAL_TRIES && error.to_string().contains("database is locked") => tries += 1,
            done => return Ok(done?),
        }
        tokio::time::sleep(WAL_WAIT).await;
    }
}

fn sqlite(url: &str, connections: u32) -> ConnectOptions {
    let mut options = options(url, connections);
    options.map_sqlx_sqlite_opts(|sqlite: SqliteConnectOptions| {
        sqlite
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY_TIMEOUT)
            // What is deleted is overwritten: a receipt for it would say too much otherwise.
            .pragma("secure_delete", "ON")
    });
    options
}

fn postgres(url: &str, connections: u32) -> ConnectOptions {
    let mut options = options(url, connections);
    options.connect_timeout(CONNECT_TIMEOUT).set_application_name("footnote");
    options
}

fn options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .sqlx_logging(false)
        .record_stmt_in_spans(false);
    options
}
