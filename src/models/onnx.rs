//! Loads the ONNX Runtime library once per process and opens models on it.

use std::{
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

use fastembed::TokenizerFiles;
use ort::environment::Environment;

use crate::{
    Error, Result,
    registry::{Model, Registry},
};

/// There is one environment per process, whichever models directory came first.
static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);

/// The process's ONNX Runtime, loaded from the models directory. A missing library is an error, never a panic.
pub(crate) fn environment(dir: &Path, registry: &Registry) -> Result<Environment> {
    let mut loaded = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = loaded.as_ref() {
        return Ok(environment.clone());
    }
    let Some(runtime) = &registry.onnxruntime else {
        return Err(Error::NotInstalled("onnxruntime".into()));
    };
    let path = fs::canonicalize(runtime.path(dir)).map_err(|_| Error::NotInstalled("onnxruntime".into()))?;
    let builder = ort::init_from(&path)
        .map_err(|error| Error::mismatch("onnxruntime", format!("load {}: {error}", path.display())))?;
    let environment =
        builder.with_name("footnote").build().map_err(|error| Error::Engine(format!("start ONNX Runtime: {error}")))?;
    *loaded = Some(environment.clone());
    Ok(environment)
}

/// The tokenizer files of an ONNX model. Only `tokenizer.json` and `config.json` are required: the rest has defaults.
pub(crate) fn tokenizer_files(model: &Model, dir: &Path) -> Result<TokenizerFiles> {
    let folder = model.folder(dir);
    let read = |name: &str| {
        let path = folder.join(name);
        fs::read(&path).map_err(Error::io("read", &path))
    };
    let default_config = || {
        let length = model.context_tokens;
        format!(r#"{{"model_max_length": {length}, "pad_token": "[PAD]"}}"#).into_bytes()
    };
    Ok(TokenizerFiles {
        tokenizer_file: read("tokenizer.json")?,
        config_file: read("config.json")?,
        special_tokens_map_file: read("special_tokens_map.json").unwrap_or_else(|_| b"{}".to_vec()),
        tokenizer_config_file: read("tokenizer_config.json").unwrap_or_else(|_| default_config()),
    })
}

/// CPU threads for one run: what is configured, or every core.
pub(crate) fn threads(configured: Option<usize>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    configured.unwrap_or_else(cores).max(1)
}
