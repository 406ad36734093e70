//! Real servers for tests: found on this machine, started in a folder of their own, ended with the test.

use std::{
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// Where a program is. Without it the test says that it is skipped - and fails where `CI` is set.
#[expect(clippy::disallowed_methods, reason = "tests ask for CI and PATH")]
pub(crate) fn program(name: &str, package: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin";
    let found = path.split(':').map(|folder| Path::new(folder).join(name)).find(|file| file.is_file());
    assert!(found.is_some() || std::env::var("CI").is_err(), "{name} is missing: apt-get install {package}");
    if found.is_none() {
        eprintln!("skipped: {name} is missing (Debian: apt-get install {package})");
    }
    found
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A server that ends when this is dropped.
pub(crate) struct Running(Child);

impl Running {
    /// Starts it and waits until `port` of this machine answers.
    pub(crate) fn start(command: &mut Command, port: u16) -> Self {
        let mut running = Self(command.stdin(Stdio::null()).spawn().unwrap());
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return running;
            }
            assert!(running.0.try_wait().unwrap().is_none(), "{command:?} ended at once");
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{command:?} does not answer on port {port}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
