//! The statements that are run: always around the configured query, never with a value in them.

use domain::{EngineError, EngineResult};

use super::SqlConfig;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Postgres,
    MySql,
    Sqlite,
}

/// A column that the query returns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    /// As the database calls it, e.g. `INT8`.
    pub(super) kind: String,
}

pub(super) struct Statements {
    /// Id, state and readers of every row.
    pub(super) listing: String,
    dialect: Dialect,
    /// Everything up to the ids.
    before_ids: String,
    /// What an id of the listing is cast to, to be compared with the column as it is.
    id_kind: Option<String>,
}

impl Statements {
    /// # Errors
    /// When the query does not return a column that the settings name.
    pub(super) fn new(config: &SqlConfig, dialect: Dialect, columns: &[Column]) -> EngineResult<Self> {
        let find = |name: &str| {
            columns.iter().find(|column| column.name == name).ok_or_else(|| {
                let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
                EngineError::give_up(format!("sql: the query returns no column `{name}`, but {}", names.join(", ")))
            })
        };
        let text = |name: &str| find(name).map(|column| dialect.text(&column.name));
        let optional = |name: &Option<String>| name.as_deref().map_or(Ok("null".into()), text);
        let from = format!("from (\n{}\n) as q", select(&config.query));
        let listing = format!(
            "select {}, {}, {} {from}",
            text(&config.id_column)?,
            optional(&config.updated_column)?,
            optional(&config.readers_column)?
        );
        let most = config.max_document_bytes.saturating_add(1);
        let cells: Vec<_> =
            columns.iter().map(|column| format!("substr({}, 1, {most})", dialect.text(&column.name))).collect();
        let id = find(&config.id_column)?;
        let id_kind = dialect.comparable(&id.kind);
        let column = if dialect == Dialect::MySql || id_kind.is_some() {
            format!("q.{}", dialect.quote(&id.name))
        } else {
            dialect.text(&id.name)
        };
        let before_ids = format!("select {} {from} where {column} in ", cells.join(", "));
        Ok(Self { listing, dialect, before_ids, id_kind })
    }

    /// All columns of as many rows, by their ids.
    pub(super) fn rows(&self, count: usize) -> String {
        let place = |number: usize| {
            let mark = if self.dialect == Dialect::Postgres { format!("cast(${number} as text)") } else { "?".into() };
            self.id_kind.as_ref().map_or_else(|| mark.clone(), |kind| format!("cast({mark} as {kind})"))
        };
        let places: Vec<_> = (1..=count).map(place).collect();
        format!("{}({})", self.before_ids, places.join(", "))
    }
}

/// Only prepared, to learn what the query returns.
pub(super) fn probe(query: &str) -> String {
    format!("select * from (\n{}\n) as q", select(query))
}

fn select(query: &str) -> &str {
    query.trim().trim_end_matches(';').trim_end()
}

impl Dialect {
    fn quote(self, name: &str) -> String {
        if self == Self::MySql {
            format!("`{}`", name.replace('`', "``"))
        } else {
            format!("\"{}\"", name.replace('"', "\"\""))
        }
    }

    /// A column's value as text.
    fn text(self, name: &str) -> String {
        let kind = if self == Self::MySql { "char" } else { "text" };
        format!("cast(q.{} as {kind})", self.quote(name))
    }

    /// The type to cast an id to where that lets the database use an index; MySQL casts by itself.
    fn comparable(self, kind: &str) -> Option<String> {
        let known: &[&str] = match self {
            Self::Postgres => &["INT2", "INT4", "INT8", "TEXT", "VARCHAR", "UUID"],
            Self::Sqlite => &["INTEGER"],
            Self::MySql => &[],
        };
        known.contains(&kind).then(|| kind.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: &str) -> Column {
        Column { name: name.into(), kind: kind.into() }
    }

    fn config() -> SqlConfig {
        serde_json::from_value(serde_json::json!({
            "database": "sqlite:/x", "query": "select * from t -- all;\n;", "text": "", "updated_column": "at", "max_document_bytes": 9
        }))
        .unwrap()
    }

    #[test]
    fn statements_wrap_the_query() {
        let columns = [column("id", "INT8"), column("at", "TIMESTAMPTZ")];
        let statements = Statements::new(&config(), Dialect::Postgres, &columns).unwrap();
        assert_eq!(
            statements.listing,
            "select cast(q.\"id\" as text), cast(q.\"at\" as text), null from (\nselect * from t -- all;\n) as q"
        );
        assert_eq!(
            statements.rows(2),
            "select substr(cast(q.\"id\" as text), 1, 10), substr(cast(q.\"at\" as text), 1, 10) from (\nselect * from t -- all;\n) as q \
             where q.\"id\" in (cast(cast($1 as text) as INT8), cast(cast($2 as text) as INT8))"
        );
    }

    #[test]
    fn names_cannot_end_their_quotes() {
        assert_eq!(Dialect::Sqlite.quote("a\"b"), "\"a\"\"b\"");
        assert_eq!(Dialect::MySql.quote("a`b"), "`a``b`");
    }

    #[test]
    fn a_missing_column_is_named() {
        let error = Statements::new(&config(), Dialect::MySql, &[column("id", "INT")]).err().unwrap();
        assert!(error.message.contains("no column `at`, but id"), "{error}");
    }
}
