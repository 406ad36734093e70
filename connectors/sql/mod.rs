//! SQL databases as a source: a document for each row of a query.

mod connect;
mod database;
mod readers;
mod render;
mod statement;

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use async_stream::try_stream;
use domain::{Batch, Change, Connector, EngineError, EngineResult, Principal, Since};
use futures::{Stream, stream::BoxStream};
use schemars::JsonSchema;
use serde::Deserialize;

use connect::Address;
use render::{Renderer, Row};
use statement::Statements;

use crate::{
    Parts, Secret, SourceConfig,
    steps::{Step, batches},
};

/// Rows fetched by one statement.
const CHUNK: usize = 32;

/// Settings of a SQL source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlConfig {
    /// `postgres://USER@HOST:PORT/DATABASE`, `mysql://…` (MariaDB as well) or `sqlite:/PATH`; without the password.
    pub database: String,
    /// The user's password. The user should be one that may only read.
    #[serde(default)]
    pub password: Option<Secret>,
    /// How the connection is protected.
    #[serde(default)]
    pub tls: Tls,
    /// Certificate of the authority that the server's certificate is checked against, in PEM; the public ones when empty.
    #[serde(default)]
    pub ca_certificate: Option<String>,
    /// One `SELECT`. Every column can be named in the templates.
    pub query: String,
    /// The column that names a row and never changes.
    #[serde(default = "default_id_column")]
    pub id_column: String,
    /// The column that changes whenever the row does: a version, or a time finer than a second.
    /// Without one, every sync fetches every row.
    #[serde(default)]
    pub updated_column: Option<String>,
    /// The column that says who may read the row: e-mail addresses, `user:…`, `group:…` or `everyone`, between commas or spaces.
    /// Without one, the source's access rule holds.
    #[serde(default)]
    pub readers_column: Option<String>,
    /// The document's text, a Jinja template: `{{ name }}: {{ description }}`.
    pub text: String,
    /// What `text` makes.
    #[serde(default)]
    pub format: Format,
    /// The document's title, a template.
    #[serde(default)]
    pub title: Option<String>,
    /// Where people open the row, a template: `https://erp.example.org/orders/{{ id }}`.
    #[serde(default)]
    pub url: Option<String>,
    /// Seconds after which a statement is given up.
    #[serde(default = "default_timeout_secs")]
    pub timeout_secs: u32,
    /// Most rows of the query; with more, the sync ends with an error.
    #[serde(default = "default_max_rows")]
    pub max_rows: usize,
    /// Most characters of a column and most bytes of a document; a row with more is reported.
    #[serde(default = "default_max_document_bytes")]
    pub max_document_bytes: usize,
}

/// How the connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// TLS, and the server's certificate must name the host.
    #[default]
    Verify,
    /// TLS without checking who the server is.
    Encrypt,
    /// None: for networks that are trusted.
    Off,
}

/// What the text template makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    #[default]
    Text,
    Markdown,
    Html,
}

fn default_id_column() -> String {
    "id".into()
}

fn default_timeout_secs() -> u32 {
    120
}

fn default_max_rows() -> usize {
    1_000_000
}

fn default_max_document_bytes() -> usize {
    1 << 20
}

impl SourceConfig for SqlConfig {
    const KIND: &'static str = "sql";
    const TITLE: &'static str = "SQL database";
    const SEES_READERS: bool = true;

    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        let rule = if self.readers_column.is_some() { Vec::new() } else { parts.rule(Self::TITLE)? };
        let address = Address::new(&self, parts.http.guard().clone())?;
        let renderer = Renderer::new(&self, address.shown())?;
        Ok(Box::new(SqlConnector { address, renderer, rule, config: self }))
    }
}

struct SqlConnector {
    config: SqlConfig,
    address: Address,
    renderer: Renderer,
    /// Who may read every row, where no column says so.
    rule: Vec<Principal>,
}

/// A row as the listing names it.
struct Listed {
    revision: Option<String>,
    readers: Result<Vec<Principal>, String>,
    /// How often the query returns it.
    count: u32,
}

impl Connector for SqlConnector {
    fn changes(&self, since: Since) -> BoxStream<'_, EngineResult<Batch>> {
        batches(None, self.steps(since))
    }
}

impl SqlConnector {
    /// Lists every row's id, state and readers, then fetches those that are not held yet.
    fn steps(&self, since: Since) -> impl Stream<Item = EngineResult<Step>> + Send + '_ {
        try_stream! {
            let timeout = Duration::from_secs(self.config.timeout_secs.max(1).into());
            let mut database = self.address.connect(timeout).await?;
            let columns = database.columns(&statement::probe(&self.config.query)).await?;
            self.renderer.check(&columns)?;
            let statements = Statements::new(&self.config, self.address.dialect(), &columns)?;
            let mut listed = BTreeMap::new();
            database.rows(&statements.listing, &[], &mut |row| self.list(&mut listed, row)).await?;
            if listed.is_empty() {
                Err(EngineError::give_up(format!("read {}: the query returns no rows; nothing is changed", self.address.shown())))?;
            }
            let mut wanted = Vec::new();
            for (id, row) in &listed {
                let external_id = id.clone();
                match (&row.readers, &row.revision) {
                    _ if row.count > 1 => {
                        let reason = format!("the query returns {} rows with this id", row.count);
                        yield Step::Change(unreadable(id, reason, &since));
                    }
                    (Err(reason), _) => yield Step::Change(unreadable(id, reason.clone(), &since)),
                    (Ok(readers), Some(revision)) if since.holds(id, revision) => {
                        yield Step::Change(Change::Unchanged { external_id, readers: readers.clone() });
                    }
                    _ => wanted.push(external_id),
                }
            }
            for ids in wanted.chunks(CHUNK) {
                let mut rows = HashMap::new();
                let columns = &columns;
                database
                    .rows(&statements.rows(ids.len()), ids, &mut |row| {
                        let row: HashMap<String, Option<String>> = columns.iter().map(|column| column.name.clone()).zip(row).collect();
                        if let Some(Some(id)) = row.get(&self.config.id_column) {
                            rows.insert(id.clone(), row);
                        }
                        Ok(())
                    })
                    .await?;
                for id in ids {
                    // One that went away since it was listed is not listed by the next sync.
                    if let Some(row) = rows.remove(id) {
                        yield Step::Change(self.change(id, row, &since));
                    }
                }
            }
            yield Step::Listed(listed.into_keys().collect());
        }
    }

    fn list(&self, listed: &mut BTreeMap<String, Listed>, row: Vec<Option<String>>) -> EngineResult<()> {
        let [id, updated, readers] = row.try_into().unwrap_or_default();
        let id = id.filter(|id| !id.is_empty()).ok_or_else(|| {
            EngineError::give_up(format!(
                "read {}: a row has no value in `{}`; leave such rows out of the query",
                self.address.shown(),
                self.config.id_column
            ))
        })?;
        let revision = updated.map(|updated| self.renderer.revision(&updated));
        let row = listed.entry(id).or_insert_with(|| Listed {
            revision,
            readers: self.readers(readers.as_deref()),
            count: 0,
        });
        row.count += 1;
        if listed.len() > self.config.max_rows {
            return Err(EngineError::give_up(format!(
                "read {}: the query returns more than {} rows; narrow it or raise `max_rows`",
                self.address.shown(),
                self.config.max_rows
            )));
        }
        Ok(())
    }

    fn change(&self, id: &str, row: Row, since: &Since) -> Change {
        let cell = |column: &Option<String>| row.get(column.as_deref()?)?.clone();
        // Who may read the row is taken from where its text is: both are of the same moment.
        match self.readers(cell(&self.config.readers_column).as_deref()) {
            Ok(readers) => {
                let updated = cell(&self.config.updated_column);
                self.renderer.change(id, &row, updated.as_deref(), readers, since)
            }
            Err(reason) => unreadable(id, reason, since),
        }
    }

    fn readers(&self, cell: Option<&str>) -> Result<Vec<Principal>, String> {
        if self.config.readers_column.is_none() {
            return Ok(self.rule.clone());
        }
        let cell = cell.unwrap_or_default();
        if cell.len() > self.config.max_document_bytes {
            return Err(format!("its readers column has more than {} bytes", self.config.max_document_bytes));
        }
        readers::parse(cell)
    }
}

/// A row of which nobody knows who may read it. Those who could until now must not go on doing so.
fn unreadable(id: &str, reason: String, since: &Since) -> Change {
    let external_id = id.to_owned();
    if since.has(id) {
        return Change::Delete { external_id };
    }
    Change::Failed { external_id, reason, readers: None }
}

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod servers;
#[cfg(test)]
mod tests;
