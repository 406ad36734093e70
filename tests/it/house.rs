//! A workspace in a temporary directory, driven through the real binary.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

pub struct House {
    dir: tempfile::TempDir,
}

impl House {
    pub fn new() -> Result<Self> {
        Ok(Self { dir: tempfile::tempdir()? })
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A folder beside the data directory, to put documents in.
    pub fn documents(&self) -> PathBuf {
        self.dir.path().join("documents")
    }

    /// Writes a document, with its folders.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) -> Result<()> {
        let path = self.documents().join(path);
        std::fs::create_dir_all(path.parent().context("a document lies in a folder")?)?;
        Ok(std::fs::write(path, text)?)
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_footnote"));
        command.arg("--data-dir").arg(self.data_dir()).args(args).env_remove("RUST_LOG").stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Result<Output> {
        Ok(self.command(args).output()?)
    }

    pub fn spawn(&self, args: &[&str]) -> Result<Child> {
        Ok(self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)
    }

    /// Standard output of a command that must succeed.
    pub fn text(&self, args: &[&str]) -> Result<String> {
        let output = self.run(args)?;
        if !output.status.success() {
            bail!("footnote {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// The JSON a command prints with `--json`.
    pub fn json(&self, args: &[&str]) -> Result<Value> {
        let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        Ok(serde_json::from_str(&self.text(&args)?)?)
    }

    /// The exit status and the one line of a command that must fail.
    pub fn failure(&self, args: &[&str]) -> Result<(i32, String)> {
        let output = self.run(args)?;
        let status = output.status.code().context("ended by a signal")?;
        if status == 0 {
            bail!("footnote {args:?} succeeded");
        }
        Ok((status, String::from_utf8(output.stderr)?.trim().to_owned()))
    }

    pub fn ingest(&self) -> Result<Value> {
        self.json(&["ingest", path(&self.documents())?])
    }
}

pub fn path(path: &Path) -> Result<&str> {
    path.to_str().context("the path is not UTF-8")
}
