//! The child process: parses the files it is sent, under limits it puts on itself.

use std::{
    fs::File,
    io::{self, Read, Seek, Write},
    panic::{self, AssertUnwindSafe},
};

use rlimit::{Resource, setrlimit};

use super::{
    Limits, ParseError,
    confine::confine,
    frame::{self, MAX_NAME_BYTES, Reply},
    parse,
};

const MAX_LIMITS_BYTES: u64 = 64 << 10;

/// Serves the [`ParserPool`](super::ParserPool) that started this process, on standard input and output,
/// until it closes them. Takes the process over: lowers its limits for good, gives up files, network and
/// other processes (on Linux), and silences its panics.
pub fn run_worker() -> io::Result<()> {
    serve(io::stdin().lock(), io::stdout().lock())
}

fn serve(mut input: impl Read, mut output: impl Write) -> io::Result<()> {
    let Some(limits) = frame::read(&mut input, MAX_LIMITS_BYTES)? else { return Ok(()) };
    let limits: Limits = serde_json::from_slice(&limits)?;
    let mut usage = Usage::open();
    lower_limits(&limits, &mut usage)?;
    confine()?;
    panic::set_hook(Box::new(|_| {}));
    while let Some(name) = frame::read(&mut input, MAX_NAME_BYTES as u64)? {
        let Some(bytes) = frame::read(&mut input, limits.max_input_bytes)? else { break };
        allow_processor_time(limits.max_seconds, &mut usage)?;
        let outcome = parse_caught(&String::from_utf8_lossy(&name), &bytes, &limits);
        let reply = Reply { outcome, peak_memory_bytes: usage.status_bytes("VmHWM:") };
        frame::write(&mut output, &serde_json::to_vec(&reply)?)?;
    }
    Ok(())
}

/// Parses; a panic is an error like any other.
pub(super) fn parse_caught(file_name: &str, bytes: &[u8], limits: &Limits) -> Result<domain::Document, ParseError> {
    panic::catch_unwind(AssertUnwindSafe(|| parse(file_name, bytes, limits))).unwrap_or_else(|cause| {
        let text = cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref::<&str>().copied());
        let detail = text.unwrap_or("no reason given").chars().take(200).collect();
        Err(ParseError::Crashed { file: file_name.to_owned(), detail })
    })
}

fn lower_limits(limits: &Limits, usage: &mut Usage) -> io::Result<()> {
    let (_, allowed) = Resource::AS.get()?;
    let most = allowed.min(usage.status_bytes("VmSize:") + limits.max_memory_bytes);
    setrlimit(Resource::AS, most, most)?;
    setrlimit(Resource::CORE, 0, 0)?;
    setrlimit(Resource::FSIZE, 0, 0)
}

/// The limit counts the life of the process, so each file moves it on.
fn allow_processor_time(seconds: u64, usage: &mut Usage) -> io::Result<()> {
    let (_, allowed) = Resource::CPU.get()?;
    setrlimit(Resource::CPU, allowed.min(usage.processor_seconds() + seconds + 1), allowed)
}

/// What this process has used, in files of `proc(5)` that are opened while that is still possible.
struct Usage {
    stat: Option<File>,
    status: Option<File>,
}

impl Usage {
    /// Systems without `/proc` count nothing.
    fn open() -> Self {
        Self { stat: File::open("/proc/self/stat").ok(), status: File::open("/proc/self/status").ok() }
    }

    /// Seconds of processor time this process has used (`proc(5)`, fields 14 and 15, in ticks of 10 ms).
    fn processor_seconds(&mut self) -> u64 {
        let stat = reread(&mut self.stat);
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let ticks = fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok());
        ticks.sum::<u64>() / 100
    }

    /// A size in `/proc/self/status`, in bytes; 0 where it cannot be read.
    fn status_bytes(&mut self, field: &str) -> u64 {
        let status = reread(&mut self.status);
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()).and_then(|n| n.parse::<u64>().ok());
        kilobytes.unwrap_or(0) * 1024
    }
}

fn reread(file: &mut Option<File>) -> String {
    let mut text = String::new();
    if let Some(file) = file
        && file.rewind().is_ok()
    {
        file.read_to_string(&mut text).ok();
    }
    text
}
