//! Runs python3 and pip, and puts their failures in one line.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::{Error, Result};

/// Downloads the wheel of `requirement` (without what it requires) into `folder`.
pub(super) fn download(requirement: &str, folder: &Path) -> Result<PathBuf> {
    let mut command = pip("download");
    command.args(["--no-deps", "--only-binary=:all:", "--dest"]).arg(folder).arg(requirement);
    let output = start(&mut command)?;
    if !output.status.success() {
        return Err(Error::Fetch(explain_pip(requirement, &String::from_utf8_lossy(&output.stderr))));
    }
    let entries = fs::read_dir(folder).map_err(Error::io("read", folder))?;
    let wheel = entries.flatten().map(|entry| entry.path()).find(|path| path.extension().is_some_and(|e| e == "whl"));
    wheel.ok_or_else(|| Error::Fetch(format!("pip downloaded no wheel for {requirement}")))
}

/// Runs `script` with `arguments` beside freshly installed `packages`, which lie in `folder` and nowhere else.
pub(super) fn run(script: &Path, arguments: &[&Path], packages: &[&str], folder: &Path) -> Result<()> {
    let mut install = pip("install");
    install.args(["--only-binary=:all:", "--target"]).arg(folder).args(packages);
    let output = start(&mut install)?;
    if !output.status.success() {
        return Err(Error::Fetch(explain_pip(&packages.join(" "), &String::from_utf8_lossy(&output.stderr))));
    }
    let output = start(Command::new("python3").arg("-s").arg(script).args(arguments).env("PYTHONPATH", folder))?;
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(Error::Fetch(format!("convert to ONNX: {}", last_line(&stderr))))
}

fn pip(action: &str) -> Command {
    let mut command = Command::new("python3");
    command.args(["-m", "pip", action, "--quiet", "--no-input", "--disable-pip-version-check"]);
    command
}

fn start(command: &mut Command) -> Result<Output> {
    command.output().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Error::Fetch("python3 is not on the PATH: install Python 3.11 or newer with pip".into())
        }
        _ => Error::Io { action: "run python3".into(), source: error },
    })
}

/// pip's own words are pages long; this names the cause and what to do.
fn explain_pip(requirement: &str, stderr: &str) -> String {
    const UNREACHABLE: &[&str] = &[
        "NewConnectionError",
        "Failed to establish",
        "ConnectTimeout",
        "Read timed out",
        "ReadTimeout",
        "name resolution",
        "Network is unreachable",
        "ProxyError",
        "Connection refused",
        "Connection broken",
    ];
    if stderr.contains("No module named pip") {
        return "python3 has no pip: install it (Debian: apt install python3-pip)".into();
    }
    if stderr.contains("No space left") {
        return format!("pip could not store {requirement}: no space left on the disk");
    }
    if UNREACHABLE.iter().any(|sign| stderr.contains(sign)) {
        return format!(
            "pip cannot reach the Python package index for {requirement}: check the network or pip's settings"
        );
    }
    if stderr.contains("No matching distribution") {
        return format!("pip finds no {requirement} for this Python and platform: Python 3.11 or newer is needed");
    }
    format!("pip failed on {requirement}: {}", last_line(stderr))
}

fn last_line(text: &str) -> &str {
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no reason given").trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_is_one_line_with_a_remedy() {
        let cases = [
            ("/usr/bin/python3: No module named pip", "install it"),
            (
                "WARNING: Retrying after NewConnectionError('...')\nERROR: No matching distribution found for x",
                "check the network",
            ),
            ("ERROR: Could not find a version\nERROR: No matching distribution found for x==1", "Python 3.11"),
            ("OSError: [Errno 28] No space left on device", "disk"),
            ("ERROR: something new\n\n", "something new"),
        ];
        for (stderr, wanted) in cases {
            let line = explain_pip("x==1", stderr);
            assert!(line.contains(wanted) && !line.contains('\n'), "{line}");
        }
    }
}
