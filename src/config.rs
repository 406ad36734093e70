//! The configuration: compiled-in defaults, then a file, then `FOOTNOTE__SECTION__KEY` variables.

use std::path::Path;

use answer::AnswerConfig;
use anyhow::{Context, bail};
use config::{Environment, File, FileFormat};
use connectors::ConnectorsConfig;
use ingest::IngestConfig;
use models::ModelsConfig;
use search::SearchConfig;
use serde::Deserialize;
use server::ServerConfig;
use store::StoreConfig;

/// Every key is described in `default.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub store: StoreConfig,
    pub search: SearchConfig,
    pub models: ModelsConfig,
    pub connectors: ConnectorsConfig,
    pub ingest: IngestConfig,
    pub answer: AnswerConfig,
    pub server: ServerConfig,
}

/// The manual of the configuration: every key at its default.
pub const DEFAULTS: &str = include_str!("default.toml");

impl Config {
    /// Reads `file` if given (then it must exist), else `fallback` if that exists.
    pub fn read(file: Option<&Path>, fallback: &Path) -> anyhow::Result<Self> {
        let path = file.unwrap_or(fallback);
        if file.is_some() && !path.exists() {
            bail!("the configuration file {} does not exist", path.display());
        }
        let layers = config::Config::builder()
            .add_source(File::from_str(DEFAULTS, FileFormat::Toml))
            .add_source(File::from(path).format(FileFormat::Toml).required(false))
            .add_source(Environment::with_prefix("FOOTNOTE").prefix_separator("__").separator("__").try_parsing(true))
            .build();
        let read = layers.and_then(config::Config::try_deserialize);
        read.with_context(|| format!("read the configuration ({} and FOOTNOTE__ variables)", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<Config> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("footnote.toml");
        std::fs::write(&path, text)?;
        Config::read(Some(&path), Path::new(""))
    }

    #[test]
    fn the_manual_says_what_the_code_does() -> anyhow::Result<()> {
        let uncommented: String = DEFAULTS
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line))
            .map(|line| format!("{line}\n"))
            .collect();
        let manual: Config = toml::from_str(&uncommented)?;
        assert_eq!(format!("{manual:#?}"), format!("{:#?}", Config::default()));
        Ok(())
    }

    #[test]
    fn a_misspelt_key_is_named() {
        let error = read("[answer.retreive]\npassages = 3").map_err(|error| format!("{error:#}"));
        assert!(error.as_ref().is_err_and(|error| error.contains("retreive")), "{error:?}");
    }

    #[test]
    fn a_file_changes_one_key_and_keeps_the_rest() -> anyhow::Result<()> {
        let config = read("[answer.retrieve]\npassages = 3\n[models.generator]\nkind = \"candle\"")?;
        assert_eq!(config.answer.retrieve.passages, 3);
        assert_eq!(config.answer.retrieve.candidates, AnswerConfig::default().retrieve.candidates);
        assert!(matches!(config.models.generator, models::GeneratorConfig::Candle(_)));
        Ok(())
    }
}
