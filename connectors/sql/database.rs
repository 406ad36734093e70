//! A connection to a database, read by prepared statements that return text.

use std::time::{Duration, Instant};

use domain::{EngineError, EngineResult};
use futures::{TryStreamExt, future::BoxFuture};
use sqlx::{
    AssertSqlSafe, Column as _, ColumnIndex, Database as Driver, Decode, Encode, Executor, IntoArguments, MySql,
    MySqlConnection, PgConnection, Postgres, Row, SqlSafeStr, Sqlite, SqliteConnection, Statement, Type, TypeInfo,
};

use super::statement::Column;

/// How long a statement may overrun its time before it is dropped from this side.
const GRACE: Duration = Duration::from_secs(5);

/// An open connection that may only read.
pub(super) struct Database {
    pub(super) engine: Engine,
    /// Of a statement.
    pub(super) timeout: Duration,
    /// The address, without the password.
    pub(super) shown: String,
}

pub(super) enum Engine {
    Postgres(Box<PgConnection>),
    MySql(Box<MySqlConnection>),
    Sqlite(Box<SqliteConnection>),
}

impl Database {
    /// What a statement would return; it is not run.
    pub(super) async fn columns(&mut self, sql: &str) -> EngineResult<Vec<Column>> {
        let preparing = match &mut self.engine {
            Engine::Postgres(connection) => columns::<Postgres>(connection, sql),
            Engine::MySql(connection) => columns::<MySql>(connection, sql),
            Engine::Sqlite(connection) => columns::<Sqlite>(connection, sql),
        };
        let prepared = tokio::time::timeout(self.timeout + GRACE, preparing).await;
        prepared.map_err(|_| late(&self.shown))?.map_err(|error| failure(&self.shown, error))
    }

    /// Runs a statement and hands each row to `each`, as text.
    pub(super) async fn rows(&mut self, sql: &str, values: &[String], each: Each<'_>) -> EngineResult<()> {
        let (timeout, shown) = (self.timeout, self.shown.as_str());
        let run = Run { shown, sql, values, each };
        let reading = match &mut self.engine {
            Engine::Postgres(connection) => run.on::<Postgres>(connection),
            Engine::MySql(connection) => run.on::<MySql>(connection),
            Engine::Sqlite(connection) => {
                // SQLite knows no statement timeout; it asks now and then whether to go on.
                let deadline = Instant::now() + timeout;
                let mut handle = connection.lock_handle().await.map_err(|error| failure(shown, error))?;
                handle.set_progress_handler(10_000, move || Instant::now() < deadline);
                drop(handle);
                run.on::<Sqlite>(connection)
            }
        };
        tokio::time::timeout(timeout + GRACE, reading).await.map_err(|_| late(shown))?
    }
}

/// What is done with a row.
pub(super) type Each<'a> = &'a mut (dyn FnMut(Vec<Option<String>>) -> EngineResult<()> + Send);

fn columns<'a, D: Driver>(
    connection: &'a mut D::Connection,
    sql: &'a str,
) -> BoxFuture<'a, Result<Vec<Column>, sqlx::Error>>
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
{
    Box::pin(async move {
        let statement = connection.prepare(AssertSqlSafe(sql).into_sql_str()).await?;
        let column =
            |column: &D::Column| Column { name: column.name().to_owned(), kind: column.type_info().name().to_owned() };
        Ok(statement.columns().iter().map(column).collect())
    })
}

/// A statement with its values, ready to be run.
struct Run<'a> {
    shown: &'a str,
    sql: &'a str,
    values: &'a [String],
    each: Each<'a>,
}

impl<'a> Run<'a> {
    fn on<D: Driver>(self, connection: &'a mut D::Connection) -> BoxFuture<'a, EngineResult<()>>
    where
        for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
        D::Arguments: IntoArguments<D>,
        for<'t> String: Encode<'t, D> + Type<D>,
        for<'r> Vec<u8>: Decode<'r, D>,
        Vec<u8>: Type<D>,
        usize: ColumnIndex<D::Row>,
    {
        Box::pin(async move {
            let query = sqlx::query::<D>(AssertSqlSafe(self.sql));
            let query = self.values.iter().fold(query, |query, value| query.bind(value.clone()));
            let mut rows = connection.fetch(query);
            while let Some(row) = rows.try_next().await.map_err(|error| failure(self.shown, error))? {
                // Every column was cast to text; what is no UTF-8 all the same is made it.
                let cell = |number: usize| {
                    let bytes: Option<Vec<u8>> = row.try_get_unchecked(number)?;
                    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
                };
                let cells: Result<Vec<_>, sqlx::Error> = (0..row.len()).map(cell).collect();
                (self.each)(cells.map_err(|error| failure(self.shown, error))?)?;
            }
            Ok(())
        })
    }
}

fn late(shown: &str) -> EngineError {
    EngineError::give_up(format!("read {shown}: a statement takes too long; narrow the query or raise `timeout_secs`"))
}

/// Retryable when the connection or the moment was at fault, by SQLSTATE class
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>) or SQLite's result codes.
pub(super) fn failure(shown: &str, error: sqlx::Error) -> EngineError {
    let message = format!("read {shown}: {error}");
    let sqlx::Error::Database(said) = &error else {
        return match error {
            sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => EngineError::retry(message),
            _ => EngineError::give_up(message),
        };
    };
    let code = said.code().unwrap_or_default();
    match &*code {
        // Cancelled by the statement timeout: PostgreSQL, MariaDB, MySQL, SQLite.
        "57014" | "70100" | "9" => late(shown),
        "5" | "6" => EngineError::retry(message),
        _ if said.message().contains("maximum statement execution time") => late(shown),
        code if code.starts_with("28") => EngineError::give_up(format!("{message}; check the user and the password")),
        code if ["08", "40", "53", "57"].iter().any(|class| code.len() == 5 && code.starts_with(class)) => {
            EngineError::retry(message)
        }
        _ => EngineError::give_up(message),
    }
}
