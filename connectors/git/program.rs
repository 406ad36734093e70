//! Runs the git program: no shell, no prompts, no settings but ours, bounded time and output.

use std::{path::Path, process::Stdio, time::Duration};

use domain::EngineError;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
};

/// Where programs are looked for: the environment of the process itself is not passed on.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin:/run/current-system/sw/bin";
const MOST_ERROR_BYTES: u64 = 16 << 10;

/// What every call is told. No hooks, no submodules, no redirects, no housekeeping; a transfer that stands still ends.
const CONFIG: &[(&str, &str)] = &[
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("credential.helper", ""),
    ("fetch.recurseSubmodules", "false"),
    ("fetch.unpackLimit", "1"),
    ("gc.auto", "0"),
    ("http.followRedirects", "false"),
    ("http.lowSpeedLimit", "1"),
    ("http.lowSpeedTime", "60"),
    ("maintenance.auto", "false"),
    ("protocol.version", "2"),
];

/// Texts by which git says that the credentials do not do.
const REFUSED: &[&str] = &[
    "authentication failed",
    "could not read username",
    "could not read password",
    "returned error: 401",
    "returned error: 403",
    "permission denied (",
];

/// Texts by which git says that waiting will not help.
const FINAL: &[&str] = &[
    "returned error: 30",
    "returned error: 40",
    "host key verification failed",
    "dubious ownership",
    "transport '",
    "dumb http transport",
    "certificate",
];

/// Texts by which git says that a repository or branch is not there, or not for these credentials.
const ABSENT: &[&str] = &[
    "couldn't find remote ref",
    "' not found",
    "repository not found",
    "not exported",
    "does not appear to be a git repository",
];

/// How a call failed.
pub(super) enum Failed {
    /// There is no such repository or branch.
    Absent,
    Otherwise(EngineError),
}

impl From<EngineError> for Failed {
    fn from(error: EngineError) -> Self {
        Self::Otherwise(error)
    }
}

/// A call in the making, in the repository at `dir`.
pub(super) fn command(dir: &Path, env: &[(String, String)], config: &[(String, String)]) -> Command {
    let mut command = Command::new("git");
    command.env_clear().envs([
        ("PATH", PATH),
        ("LC_ALL", "C"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_NO_LAZY_FETCH", "1"),
        ("GIT_NO_REPLACE_OBJECTS", "1"),
    ]);
    command.env("GIT_DIR", dir).env("HOME", dir).current_dir(dir).envs(env.iter().cloned());
    let ours = CONFIG.iter().map(|(key, value)| (*key, *value));
    let all = ours.chain(config.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    let mut count = 0;
    for (key, value) in all {
        command.env(format!("GIT_CONFIG_KEY_{count}"), key).env(format!("GIT_CONFIG_VALUE_{count}"), value);
        count += 1;
    }
    command.env("GIT_CONFIG_COUNT", count.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Waits for a call's end and returns what it wrote, at most `most_bytes`.
pub(super) async fn run(
    mut command: Command,
    what: &str,
    most_bytes: u64,
    timeout: Duration,
) -> Result<Vec<u8>, Failed> {
    let mut child = command.spawn().map_err(|error| missing(&error))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let reading = async { tokio::join!(read(out, most_bytes), read(err, MOST_ERROR_BYTES), child.wait()) };
    let Ok((out, said, status)) = tokio::time::timeout(timeout, reading).await else {
        return Err(EngineError::retry(format!("{what}: no end after {} seconds", timeout.as_secs())).into());
    };
    if out.len() as u64 > most_bytes {
        return Err(EngineError::give_up(format!("{what}: git wrote more than {most_bytes} bytes")).into());
    }
    if status.is_ok_and(|status| status.success()) {
        return Ok(out);
    }
    Err(failure(what, &String::from_utf8_lossy(&said)))
}

/// Everything up to a byte over the limit; what is beyond is read and forgotten.
async fn read(pipe: Option<impl AsyncRead + Unpin>, most_bytes: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        let _ = (&mut pipe).take(most_bytes + 1).read_to_end(&mut bytes).await;
        let _ = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await;
    }
    bytes
}

pub(super) fn missing(error: &std::io::Error) -> EngineError {
    EngineError::give_up(format!("run git: {error}; install git 2.37 or newer on this machine"))
}

fn failure(what: &str, said: &str) -> Failed {
    let lower = said.to_lowercase();
    let says = |texts: &[&str]| texts.iter().any(|text| lower.contains(text));
    if says(ABSENT) {
        return Failed::Absent;
    }
    let line: Vec<&str> = said.split_whitespace().collect();
    let line: Vec<char> = line.join(" ").chars().filter(|char| !char.is_control()).collect();
    let shown: String = line.iter().skip(line.len().saturating_sub(400)).collect();
    if says(REFUSED) {
        return EngineError::give_up(format!(
            "{what}: the server does not accept the source's credentials; check or renew them ({shown})"
        ))
        .into();
    }
    let message = format!("{what}: {shown}");
    if says(FINAL) { EngineError::give_up(message).into() } else { EngineError::retry(message).into() }
}
