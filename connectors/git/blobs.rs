//! Contents of files, one at a time, from one `git cat-file --batch`: <https://git-scm.com/docs/git-cat-file>.

use std::{path::Path, process::Stdio, time::Duration};

use domain::{EngineError, EngineResult};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout},
};

use super::{program, tree::File};

/// Longer than reading one blob from a disk takes.
const LONGEST: Duration = Duration::from_secs(120);

pub(crate) struct Blobs {
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
    _child: Child,
}

impl Blobs {
    pub(super) fn open(dir: &Path) -> EngineResult<Self> {
        let mut command = program::command(dir, &[], &[]);
        command.args(["cat-file", "--batch"]).stdin(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| program::missing(&error))?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(asks), Some(answers)) => Ok(Self { asks, answers: BufReader::new(answers), _child: child }),
            _ => Err(EngineError::retry("run git: it has no input or output")),
        }
    }

    /// The contents of a file.
    pub(crate) async fn read(&mut self, file: &File) -> EngineResult<Vec<u8>> {
        let broken = |detail: String| EngineError::retry(format!("read {} from the mirror: {detail}", file.path));
        match tokio::time::timeout(LONGEST, self.answer(file)).await {
            Ok(Ok(Some(bytes))) => Ok(bytes),
            Ok(Ok(None)) => Err(broken("it is not there".into())),
            Ok(Err(error)) => Err(broken(error.to_string())),
            Err(_) => Err(broken(format!("no answer after {} seconds", LONGEST.as_secs()))),
        }
    }

    async fn answer(&mut self, file: &File) -> std::io::Result<Option<Vec<u8>>> {
        self.asks.write_all(format!("{}\n", file.blob).as_bytes()).await?;
        self.asks.flush().await?;
        let mut head = String::new();
        (&mut self.answers).take(200).read_line(&mut head).await?;
        if head.trim_end() != format!("{} blob {}", file.blob, file.bytes) {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        (&mut self.answers).take(file.bytes + 1).read_to_end(&mut bytes).await?;
        Ok((bytes.pop() == Some(b'\n') && bytes.len() as u64 == file.bytes).then_some(bytes))
    }
}
