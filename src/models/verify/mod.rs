//! Checks that a model's files, configuration and architecture are what the registry says, before anything loads.

mod onnx_shape;

use std::{fs, io::Read, path::Path};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    Error, Result, gguf,
    registry::{Model, ModelFile, Purpose, Registry},
};

/// Checks everything in the models directory `dir`; one result per model, and one for the ONNX Runtime.
pub fn verify(dir: &Path) -> Result<Vec<(String, Result<()>)>> {
    let registry = Registry::read(dir)?;
    let mut results = Vec::new();
    if let Some(runtime) = &registry.onnxruntime {
        let folder = dir.join("onnxruntime");
        results.push(("onnxruntime".to_owned(), check_file("onnxruntime", &folder, &runtime.file)));
    }
    for model in &registry.models {
        results.push((model.name.clone(), check(model, dir)));
    }
    Ok(results)
}

/// Checks one model: every file's size and hash, then that weights, configuration and registry agree.
pub(crate) fn check(model: &Model, dir: &Path) -> Result<()> {
    let folder = model.folder(dir);
    if !model.files.iter().any(|file| file.path == model.weights) {
        return Err(Error::mismatch(&model.name, format!("the registry lists no file {}", model.weights)));
    }
    for file in &model.files {
        check_file(&model.name, &folder, file)?;
    }
    check_agreement(model, &folder)
}

/// Whether weights, configuration and registry describe the same model.
pub(crate) fn check_agreement(model: &Model, folder: &Path) -> Result<()> {
    match model.purpose {
        Purpose::Generator => check_gguf(model, &folder.join(&model.weights)),
        Purpose::Embedder | Purpose::Reranker => check_onnx(model, folder),
    }
}

/// Measures and hashes a file.
pub(crate) fn describe(folder: &Path, path: &str) -> Result<ModelFile> {
    let full = folder.join(path);
    let mut file = fs::File::open(&full).map_err(Error::io("open", &full))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer).map_err(Error::io("read", &full))?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        bytes += read as u64;
    }
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(ModelFile { path: path.to_owned(), bytes, sha256 })
}

fn check_file(model: &str, folder: &Path, expected: &ModelFile) -> Result<()> {
    let path = folder.join(&expected.path);
    let bytes = match fs::metadata(&path) {
        Ok(metadata) => metadata.len(),
        Err(_) => return Err(Error::mismatch(model, format!("{} is missing", path.display()))),
    };
    if bytes != expected.bytes {
        let reason = format!("{} has {bytes} bytes, not {}", expected.path, expected.bytes);
        return Err(Error::mismatch(model, reason));
    }
    if describe(folder, &expected.path)?.sha256 != expected.sha256 {
        return Err(Error::mismatch(
            model,
            format!("{} is not the file that was pulled (SHA-256 differs)", expected.path),
        ));
    }
    Ok(())
}

fn check_gguf(model: &Model, path: &Path) -> Result<()> {
    let header = gguf::Header::read(path)?;
    let architecture = header.architecture();
    expect_same(model, "architecture", architecture, &model.architecture)?;
    if !gguf::SUPPORTED.contains(&architecture) {
        let known = gguf::SUPPORTED.join(", ");
        return Err(Error::Unsupported(format!(
            "model `{}` has architecture {architecture}; this build runs {known}",
            model.name
        )));
    }
    match header.context_tokens() {
        Some(trained) if model.context_tokens <= trained => Ok(()),
        trained => Err(Error::mismatch(
            &model.name,
            format!(
                "the registry says {} tokens of context, the file says {}",
                model.context_tokens,
                trained.map_or("nothing".into(), |n| n.to_string())
            ),
        )),
    }
}

fn check_onnx(model: &Model, folder: &Path) -> Result<()> {
    let path = folder.join("config.json");
    let text = fs::read(&path).map_err(Error::io("read", &path))?;
    let config: Value = serde_json::from_slice(&text)
        .map_err(|error| Error::mismatch(&model.name, format!("config.json is not JSON: {error}")))?;
    let architecture = config["model_type"].as_str().unwrap_or("unknown");
    expect_same(model, "architecture", architecture, &model.architecture)?;
    if let Some(longest) = config["max_position_embeddings"].as_u64()
        && model.context_tokens as u64 > longest
    {
        let reason = format!("the registry says {} tokens, config.json {longest}", model.context_tokens);
        return Err(Error::mismatch(&model.name, reason));
    }
    let Some(dims) = model.dims.filter(|_| model.purpose == Purpose::Embedder) else { return Ok(()) };
    for key in ["hidden_size", "dim", "d_model"] {
        if let Some(hidden) = config[key].as_u64() {
            expect_same(model, "dims", &hidden.to_string(), &dims.to_string())?;
        }
    }
    let weights = folder.join(&model.weights);
    let bytes = fs::read(&weights).map_err(Error::io("read", &weights))?;
    let Some(outputs) = onnx_shape::output_widths(&bytes) else {
        return Err(Error::mismatch(&model.name, format!("{} is not an ONNX file", model.weights)));
    };
    if !outputs.iter().any(|width| width.is_none_or(|width| width == dims as u64)) {
        let reason = format!("{} gives vectors of {outputs:?}, the registry says {dims}", model.weights);
        return Err(Error::mismatch(&model.name, reason));
    }
    Ok(())
}

fn expect_same(model: &Model, what: &str, found: &str, registered: &str) -> Result<()> {
    if found == registered {
        return Ok(());
    }
    Err(Error::mismatch(&model.name, format!("{what} is {found} in its files and {registered} in the registry")))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
    use super::*;

    #[test]
    fn a_changed_byte_a_cut_and_a_missing_file_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("w");
        fs::write(&path, b"weights").unwrap();
        let file = describe(dir.path(), "w").unwrap();
        assert_eq!(file.bytes, 7);
        assert!(check_file("m", dir.path(), &file).is_ok());
        fs::write(&path, b"weightz").unwrap();
        assert!(check_file("m", dir.path(), &file).unwrap_err().to_string().contains("SHA-256"));
        fs::write(&path, b"weight").unwrap();
        assert!(check_file("m", dir.path(), &file).unwrap_err().to_string().contains("6 bytes, not 7"));
        fs::remove_file(&path).unwrap();
        assert!(check_file("m", dir.path(), &file).unwrap_err().to_string().contains("is missing"));
    }
}
