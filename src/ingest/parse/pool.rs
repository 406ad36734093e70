//! Parses files in child processes, so that a hostile file can end only its own parser.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::Document;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::Semaphore,
};

use super::{Limits, ParseError, frame, worker::parse_caught};

/// A child is replaced once its memory has grown past this share of its limit, or after this many files.
const REUSE_MEMORY_SHARE: u64 = 2;
const REUSE_FILES: usize = 500;
/// A child may take this many times its processor time: others want the cores as well.
const BUSY_MACHINE: u64 = 3;
/// JSON may take this many bytes per byte of text.
const MAX_JSON_EXPANSION: u64 = 6;
const MAX_COMPLAINT_BYTES: u64 = 4_096;

/// What the pool has seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStats {
    /// Child processes started.
    pub started: u64,
    /// Children that were ended by a limit or ended themselves while parsing.
    pub lost: u64,
    /// Most memory any one child has held, in bytes, as far as it could still say so.
    pub peak_memory_bytes: u64,
}

/// Parses files one at a time per child process. Cheap to share by reference; waits when all are busy.
pub struct ParserPool {
    limits: Limits,
    /// `None`: in this process.
    command: Option<(PathBuf, Vec<String>)>,
    workers: usize,
    turns: Semaphore,
    idle: Mutex<Vec<Worker>>,
    started: AtomicU64,
    lost: AtomicU64,
    peak_memory_bytes: AtomicU64,
}

struct Worker {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    /// How many it has answered; it is told its limits before the first.
    files: usize,
}

/// How an exchange with a child failed.
enum Loss {
    TimedOut,
    Ended(std::io::Error),
}

impl ParserPool {
    /// `command` with `args` must start a process that calls [`run_worker`](crate::run_worker) on its
    /// standard input and output.
    pub fn new(command: PathBuf, args: Vec<String>, limits: Limits, workers: usize) -> Self {
        Self::build(Some((command, args)), limits, workers)
    }

    /// Parses in this process: panics are caught, time and memory are not limited. For trusted files only.
    pub fn in_process(limits: Limits) -> Self {
        Self::build(None, limits, 1)
    }

    fn build(command: Option<(PathBuf, Vec<String>)>, limits: Limits, workers: usize) -> Self {
        Self {
            limits,
            command,
            workers: workers.max(1),
            turns: Semaphore::new(workers.max(1)),
            idle: Mutex::default(),
            started: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            peak_memory_bytes: AtomicU64::new(0),
        }
    }

    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How many files are parsed at a time.
    pub fn workers(&self) -> usize {
        self.workers
    }

    pub fn stats(&self) -> PoolStats {
        PoolStats {
            started: self.started.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
            peak_memory_bytes: self.peak_memory_bytes.load(Ordering::Relaxed),
        }
    }

    /// Parses one file. Dropping the future ends the child that works on it.
    pub async fn parse(&self, file_name: &str, bytes: Vec<u8>) -> Result<Document, ParseError> {
        if bytes.len() as u64 > self.limits.max_input_bytes {
            return Err(super::error::Fault::over("the file is", self.limits.max_input_bytes).of(file_name, ""));
        }
        let fault = |detail: String| ParseError::Worker { file: file_name.to_owned(), detail };
        let _turn = self.turns.acquire().await.map_err(|error| fault(error.to_string()))?;
        let Some((command, args)) = &self.command else {
            let (name, limits) = (file_name.to_owned(), self.limits.clone());
            let parsed = tokio::task::spawn_blocking(move || parse_caught(&name, &bytes, &limits)).await;
            return parsed.map_err(|error| fault(error.to_string()))?;
        };
        let reused = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(mut worker) = reused {
            match self.exchange(&mut worker, file_name, &bytes).await {
                Ok(reply) => return self.settle(worker, reply),
                Err(Loss::TimedOut) => return Err(self.bury(worker, file_name, Loss::TimedOut).await),
                // It may have died while idle: a fresh child decides.
                Err(Loss::Ended(_)) => {}
            }
        }
        self.started.fetch_add(1, Ordering::Relaxed);
        let mut worker = start(command, args).map_err(|error| fault(error.to_string()))?;
        match self.exchange(&mut worker, file_name, &bytes).await {
            Ok(reply) => self.settle(worker, reply),
            Err(loss) => Err(self.bury(worker, file_name, loss).await),
        }
    }

    async fn exchange(&self, worker: &mut Worker, file_name: &str, bytes: &[u8]) -> Result<frame::Reply, Loss> {
        let most = self.limits.max_text_bytes as u64 * MAX_JSON_EXPANSION + (1 << 20);
        let talk = async {
            if worker.files == 0 {
                send(&mut worker.input, &serde_json::to_vec(&self.limits)?).await?;
            }
            send(&mut worker.input, frame::short_name(file_name).as_bytes()).await?;
            send(&mut worker.input, bytes).await?;
            let length = worker.output.read_u64_le().await?;
            if length > most {
                return Err(std::io::Error::other("its answer is too long"));
            }
            let mut reply = Vec::new();
            (&mut worker.output).take(length).read_to_end(&mut reply).await?;
            Ok(serde_json::from_slice(&reply)?)
        };
        let time = Duration::from_secs(self.limits.max_seconds * BUSY_MACHINE);
        match tokio::time::timeout(time, talk).await {
            Err(_) => Err(Loss::TimedOut),
            Ok(reply) => reply.map_err(Loss::Ended),
        }
    }

    fn settle(&self, mut worker: Worker, reply: frame::Reply) -> Result<Document, ParseError> {
        self.peak_memory_bytes.fetch_max(reply.peak_memory_bytes, Ordering::Relaxed);
        worker.files += 1;
        let is_lean = reply.peak_memory_bytes < self.limits.max_memory_bytes / REUSE_MEMORY_SHARE;
        if is_lean && worker.files < REUSE_FILES && !matches!(reply.outcome, Err(ParseError::Crashed { .. })) {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
        }
        reply.outcome
    }

    /// Ends a child that failed on a file and finds out why.
    async fn bury(&self, mut worker: Worker, file_name: &str, loss: Loss) -> ParseError {
        self.lost.fetch_add(1, Ordering::Relaxed);
        let file = file_name.to_owned();
        let Loss::Ended(error) = loss else {
            worker.child.kill().await.ok();
            return ParseError::Stalled { file, seconds: self.limits.max_seconds * BUSY_MACHINE };
        };
        drop(worker.input);
        let mut complaint = Vec::new();
        if let Some(stderr) = worker.child.stderr.take() {
            let mut stderr = stderr.take(MAX_COMPLAINT_BYTES);
            tokio::time::timeout(Duration::from_secs(1), stderr.read_to_end(&mut complaint)).await.ok();
        }
        worker.child.start_kill().ok();
        let status = worker.child.wait().await;
        let complaint = String::from_utf8_lossy(&complaint);
        if complaint.contains("memory allocation of") {
            return ParseError::OutOfMemory { file, megabytes: self.limits.max_memory_bytes >> 20 };
        }
        if complaint.contains("overflowed its stack") {
            return ParseError::Crashed { file, detail: "it is nested too deeply".into() };
        }
        match status.as_ref().ok().and_then(signal) {
            Some(SIGKILL) => ParseError::Worker { file, detail: "it was killed, as by a machine out of memory".into() },
            Some(SIGXCPU) => ParseError::TimedOut { file, seconds: self.limits.max_seconds },
            _ => ParseError::Crashed { file, detail: status.map_or(error.to_string(), |status| status.to_string()) },
        }
    }
}

fn start(command: &Path, args: &[String]) -> std::io::Result<Worker> {
    let mut child = Command::new(command)
        .args(args)
        .env_clear()
        // More threads would only reserve memory that the limit counts.
        .env("RAYON_NUM_THREADS", "1")
        .env("MALLOC_ARENA_MAX", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let no_pipe = || std::io::Error::other("the child has no pipes");
    let input = child.stdin.take().ok_or_else(no_pipe)?;
    let output = child.stdout.take().ok_or_else(no_pipe)?;
    Ok(Worker { child, input, output, files: 0 })
}

const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;

fn signal(status: &std::process::ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(status)
}

async fn send(input: &mut ChildStdin, bytes: &[u8]) -> std::io::Result<()> {
    input.write_all(&(bytes.len() as u64).to_le_bytes()).await?;
    input.write_all(bytes).await?;
    input.flush().await
}
