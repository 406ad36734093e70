//! Sources: the configured connectors, each with its settings and the cursor its sync resumes from.

use std::num::NonZeroU32;

use domain::{CleanRule, Cursor, Principal, SourceId};
use jiff::Timestamp;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, SqlErr, sea_query::Expr};
use serde::{Deserialize, Serialize};

use crate::{
    Error, Result, Store,
    entities::source,
    time::{from_micros, to_micros},
};

/// What an admin decides about a source of any kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceSettings {
    /// Who may read what the system itself names no readers for.
    pub access: Option<Vec<Principal>>,
    /// When it is synced by itself: a cron expression or `every 15m`; never when there is none.
    pub schedule: Option<String>,
    /// Hours it may be synced in by itself: `20:00-06:00 Europe/Amsterdam`; any when there are none.
    pub hours: Option<String>,
    /// Neither synced nor scheduled until resumed.
    pub paused: bool,
    /// Most requests a second that its system is sent; as its kind has it when there is none.
    pub requests_per_second: Option<NonZeroU32>,
    /// Most items that are fetched at once, where its kind can.
    pub requests_at_once: Option<NonZeroU32>,
    /// What is taken out of its documents' text, step by step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clean: Vec<CleanRule>,
}

/// A source about to be created.
#[derive(Clone, Debug)]
pub struct NewSource {
    pub id: SourceId,
    /// Which connector reads it, e.g. `folder`.
    pub kind: String,
    /// Unique among sources of its kind.
    pub name: String,
    pub config: serde_json::Value,
    pub settings: SourceSettings,
    pub now: Timestamp,
}

/// A configured connector.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    pub id: SourceId,
    pub kind: String,
    pub name: String,
    pub config: serde_json::Value,
    pub settings: SourceSettings,
    /// Where the next sync resumes; `None` starts over.
    pub cursor: Option<Cursor>,
    /// How what it brought was parsed when its sync last started over.
    pub recipe: Option<String>,
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
            settings: Set(Some(json(&new.settings)?)),
            recipe: Set(None),
            created_at: Set(to_micros(new.now)),
        };
        match source::Entity::insert(row).exec_without_returning(self.write()).await {
            Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
                Err(Error::Conflict(taken))
            }
            done => Ok(done.map(|_| ())?),
        }
    }

    /// Replaces a source's configuration and settings. Its next sync starts over: documents follow the new ones.
    pub async fn set_source(&self, id: &SourceId, config: &serde_json::Value, settings: &SourceSettings) -> Result<()> {
        source::Entity::update_many()
            .col_expr(source::Column::Config, Expr::val(config.to_string()))
            .col_expr(source::Column::Settings, Expr::val(json(settings)?))
            .col_expr(source::Column::Cursor, Expr::val(None::<String>))
            .filter(source::Column::Id.eq(id.as_str()))
            .exec(self.write())
            .await?;
        Ok(())
    }

    /// Replaces the settings alone; the next sync resumes where it would have.
    pub async fn set_settings(&self, id: &SourceId, settings: &SourceSettings) -> Result<()> {
        source::Entity::update_many()
            .col_expr(source::Column::Settings, Expr::val(json(settings)?))
            .filter(source::Column::Id.eq(id.as_str()))
            .exec(self.write())
            .await?;
        Ok(())
    }

    /// Forgets the cursor: what comes is parsed by another recipe than what is there.
    pub async fn start_over(&self, id: &SourceId, recipe: &str) -> Result<()> {
        source::Entity::update_many()
            .col_expr(source::Column::Cursor, Expr::val(None::<String>))
            .col_expr(source::Column::Recipe, Expr::val(recipe))
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

    /// # Errors
    /// [`Error::NotFound`] for an unknown id.
    pub async fn source(&self, id: &SourceId) -> Result<Source> {
        let row = source::Entity::find_by_id(id.as_str()).one(self.read()).await?;
        row.ok_or_else(|| Error::NotFound(format!("source {id}")))?.try_into()
    }

    /// All sources, oldest first.
    pub async fn sources(&self) -> Result<Vec<Source>> {
        let rows = source::Entity::find().order_by_asc(source::Column::Id).all(self.read()).await?;
        rows.into_iter().map(Source::try_from).collect()
    }
}

impl From<NewSource> for Source {
    fn from(new: NewSource) -> Self {
        let NewSource { id, kind, name, config, settings, now } = new;
        Self { id, kind, name, config, settings, cursor: None, recipe: None, created_at: now }
    }
}

fn json(settings: &SourceSettings) -> Result<String> {
    serde_json::to_string(settings).map_err(|error| Error::Invalid(format!("write source settings: {error}")))
}

impl TryFrom<source::Model> for Source {
    type Error = Error;

    fn try_from(row: source::Model) -> Result<Self> {
        let wrong = |what: &str, error: serde_json::Error| Error::Schema(format!("{what} of {}: {error}", row.id));
        let config = serde_json::from_str(&row.config).map_err(|error| wrong("config", error))?;
        let settings = row.settings.as_deref().map(serde_json::from_str).transpose();
        Ok(Self {
            id: row.id.parse().map_err(Error::Schema)?,
            config,
            settings: settings.map_err(|error| wrong("settings", error))?.unwrap_or_default(),
            kind: row.kind,
            name: row.name,
            cursor: row.cursor.map(Cursor),
            recipe: row.recipe,
            created_at: from_micros(row.created_at)?,
        })
    }
}
