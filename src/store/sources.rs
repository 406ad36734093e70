//! Sources: the configured connectors, each with the cursor its sync resumes from.

use domain::{Cursor, SourceId};
use jiff::Timestamp;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, SqlErr, sea_query::Expr};

use crate::{
    Error, Result, Store,
    entities::source,
    time::{from_micros, to_micros},
};

/// A source about to be created.
#[derive(Clone, Debug)]
pub struct NewSource {
    pub id: SourceId,
    /// Which connector reads it, e.g. `folder`.
    pub kind: String,
    /// Unique among sources of its kind.
    pub name: String,
    pub config: serde_json::Value,
    pub now: Timestamp,
}

/// A configured connector.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    pub id: SourceId,
    pub kind: String,
    pub name: String,
    pub config: serde_json::Value,
    /// Where the next sync resumes; `None` starts over.
    pub cursor: Option<Cursor>,
    pub created_at: Timestamp,
}

impl Store {
    /// # Errors
    /// [`Error::Conflict`] when the kind has a source of that name.
    pub async fn create_source(&self, new: NewSource) -> Result<()> {
        let taken = format!("source {} of kind {} exists already", new.name, new.kind);
        let row = source::ActiveModel {
            id: Set(new.id.to_string()),
            kind: Set(new.kind),
            name: Set(new.name),
            config: Set(new.config.to_string()),
            cursor: Set(None),
            created_at: Set(to_micros(new.now)),
        };
        match source::Entity::insert(row).exec_without_returning(self.write()).await {
            Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
                Err(Error::Conflict(taken))
            }
            done => Ok(done.map(|_| ())?),
        }
    }

    /// Replaces a source's settings; its documents follow with the next sync.
    pub async fn set_source_config(&self, id: &SourceId, config: &serde_json::Value) -> Result<()> {
        source::Entity::update_many()
            .col_expr(source::Column::Config, Expr::val(config.to_string()))
            .filter(source::Column::Id.eq(id.as_str()))
            .exec(self.write())
            .await?;
        Ok(())
    }

    pub async fn source_by_name(&self, kind: &str, name: &str) -> Result<Option<Source>> {
        let row = source::Entity::find()
            .filter(source::Column::Kind.eq(kind))
            .filter(source::Column::Name.eq(name))
            .one(self.read())
            .await?;
        row.map(Source::try_from).transpose()
    }

    /// All sources, oldest first.
    pub async fn sources(&self) -> Result<Vec<Source>> {
        let rows = source::Entity::find().order_by_asc(source::Column::Id).all(self.read()).await?;
        rows.into_iter().map(Source::try_from).collect()
    }
}

impl TryFrom<source::Model> for Source {
    type Error = Error;

    fn try_from(row: source::Model) -> Result<Self> {
        let config = serde_json::from_str(&row.config)
            .map_err(|error| Error::Schema(format!("config of {}: {error}", row.id)))?;
        Ok(Self {
            id: row.id.parse().map_err(Error::Schema)?,
            kind: row.kind,
            name: row.name,
            config,
            cursor: row.cursor.map(Cursor),
            created_at: from_micros(row.created_at)?,
        })
    }
}
