//! The kinds of sources there are: settings in, connector out.

use std::{
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use domain::{Clock, Connector, EngineError, EngineResult, Principal};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Http;

/// The settings of one kind of source. Every field is documented: the docs become the schema that forms and
/// `footnote source add --help` are made of.
pub trait SourceConfig: DeserializeOwned + JsonSchema {
    /// As it stands in the command line and the database, e.g. `s3`.
    const KIND: &'static str;
    /// As people call the system, e.g. `Amazon S3`.
    const TITLE: &'static str;
    /// Whether the system says who may read what. If not, an admin must: [`Parts::readers`].
    const SEES_READERS: bool;
    /// Whether syncs read it. The documents of other kinds are sent by whoever has them.
    const IS_PULLED: bool = true;

    /// Refuses what can be seen to be wrong without asking the system.
    fn open(self, parts: Parts) -> EngineResult<Box<dyn Connector>>;

    /// The folder on this machine whose changes are worth a sync at once.
    fn watched(&self) -> Option<&Path> {
        None
    }
}

/// What a connector is given beside its settings.
#[derive(Clone)]
pub struct Parts {
    /// The only way out.
    pub http: Http,
    /// Who may read what the system itself names no readers for.
    pub readers: Option<Vec<Principal>>,
    pub clock: Clock,
    /// Most items to fetch at once, where an admin has set it.
    pub at_once: Option<NonZeroU32>,
    /// A folder of the source's own, for what saves work next time. It may be deleted at any time.
    pub work_dir: PathBuf,
}

impl Parts {
    /// The admin's rule, which a source whose system names no readers cannot do without.
    pub fn rule(&self, kind: &str) -> EngineResult<Vec<Principal>> {
        match &self.readers {
            Some(readers) if !readers.is_empty() => Ok(readers.clone()),
            _ => Err(EngineError::give_up(format!(
                "{kind} does not say who may read its documents: add the source with --access public, group:NAME or user:EMAIL"
            ))),
        }
    }
}

/// A kind of source.
pub struct Kind {
    pub name: &'static str,
    pub title: &'static str,
    pub sees_readers: bool,
    pub is_pulled: bool,
    schema: fn() -> Value,
    open: fn(Value, Parts) -> EngineResult<Box<dyn Connector>>,
    watched: fn(Value) -> Option<PathBuf>,
}

impl Kind {
    pub(crate) const fn of<C: SourceConfig>() -> Self {
        Self {
            name: C::KIND,
            title: C::TITLE,
            sees_readers: C::SEES_READERS,
            is_pulled: C::IS_PULLED,
            schema: || schemars::schema_for!(C).to_value(),
            open: |settings, parts| {
                let config: C = serde_json::from_value(settings)
                    .map_err(|error| EngineError::give_up(format!("settings of a {} source: {error}", C::KIND)))?;
                config.open(parts)
            },
            watched: |settings| serde_json::from_value::<C>(settings).ok()?.watched().map(Path::to_owned),
        }
    }

    /// The folder on this machine whose changes are worth a sync at once, if its settings name one.
    pub fn watched(&self, settings: Value) -> Option<PathBuf> {
        (self.watched)(settings)
    }

    /// JSON Schema of the settings. Secrets are marked `writeOnly`.
    pub fn schema(&self) -> Value {
        (self.schema)()
    }

    /// # Errors
    /// For settings that are wrong, and for a missing rule about readers; both say what to change.
    pub fn open(&self, settings: Value, parts: Parts) -> EngineResult<Box<dyn Connector>> {
        if !self.sees_readers {
            parts.rule(self.title)?;
        }
        (self.open)(settings, parts)
    }

    /// Names of the top-level settings that hold secrets.
    pub fn secrets(&self) -> &'static [String] {
        static SECRETS: OnceLock<std::collections::BTreeMap<&'static str, Vec<String>>> = OnceLock::new();
        let all =
            SECRETS.get_or_init(|| crate::KINDS.iter().map(|kind| (kind.name, secrets(&kind.schema()))).collect());
        all.get(self.name).map_or(&[], Vec::as_slice)
    }
}

fn secrets(schema: &Value) -> Vec<String> {
    let fields = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    let is_secret = |field: &Value| field.to_string().contains("\"writeOnly\":true");
    let root_defs = schema.get("$defs");
    let mut secrets: Vec<String> = fields
        .filter(|(_, field)| {
            is_secret(field)
                || field.get("$ref").and_then(Value::as_str).is_some_and(|name| {
                    let name = name.rsplit('/').next().unwrap_or_default();
                    root_defs.and_then(|defs| defs.get(name)).is_some_and(is_secret)
                })
        })
        .map(|(name, _)| name.clone())
        .collect();
    secrets.sort();
    secrets
}
