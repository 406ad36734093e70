//! `footnote`: one binary, one command per file in `commands/`.

mod commands;
mod config;
mod data_dir;
mod generations;
mod indexes;
mod output;
mod secrets;
mod source_kinds;
mod usage;
mod watch;
mod wiring;

use std::process::ExitCode;

use clap::Parser;

use crate::{commands::Cli, usage::Usage};

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|arg| arg == wiring::PARSE_WORKER) {
        return wiring::parse_worker();
    }
    if lacks_avx2() {
        eprintln!("footnote: this build needs a CPU with AVX2 and FMA (2013 or later)");
        return ExitCode::FAILURE;
    }
    let cli = Cli::parse();
    output::log_to_stderr(cli.global.verbose);
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("footnote: {}", output::one_line(&error));
            if error.is::<Usage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    // Two providers are compiled in; one must be chosen before the first TLS connection.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(commands::run(cli));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    result
}

/// Asks the kernel: the compiler, told that AVX2 is there, would drop a test of its own.
fn lacks_avx2() -> bool {
    cfg!(target_arch = "x86_64")
        && std::fs::read_to_string("/proc/cpuinfo").is_ok_and(|info| info.contains("flags") && !info.contains(" avx2"))
}
