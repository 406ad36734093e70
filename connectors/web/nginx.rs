//! The crawl of a real web server: nginx with a folder of files.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

use super::tests::config;
use crate::{
    Parts, SourceConfig,
    conformance::{Replica, parts},
};

struct Nginx {
    child: Child,
    folder: TempDir,
    address: String,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = (self.child.kill(), self.child.wait());
    }
}

/// `None` where nginx is not installed, which CI does not accept.
#[expect(clippy::disallowed_methods, reason = "CI says by its environment that nothing may be missing")]
async fn nginx() -> Option<Nginx> {
    let program = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/bin/nginx", "/opt/homebrew/bin/nginx"];
    let Some(program) = program.into_iter().find(|path| Path::new(path).exists()) else {
        assert!(std::env::var("CI").is_err(), "nginx is missing: tests/scripts/packages.sh installs it");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("www")).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let root = folder.path().display();
    let settings = format!(
        "daemon off; master_process off; pid {root}/pid; error_log {root}/error.log; events {{}}
        http {{ access_log {root}/access.log; client_body_temp_path {root}; proxy_temp_path {root}; fastcgi_temp_path {root};
        uwsgi_temp_path {root}; scgi_temp_path {root}; default_type application/octet-stream;
        types {{ text/html html; text/plain txt; application/pdf pdf; }}
        server {{ listen 127.0.0.1:{port}; root {root}/www; absolute_redirect off; }} }}"
    );
    fs::write(folder.path().join("nginx.conf"), settings).unwrap();
    let mut command = Command::new(program);
    command.arg("-e").arg(folder.path().join("error.log")).arg("-c").arg(folder.path().join("nginx.conf"));
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let nginx = Nginx { child, folder, address: format!("http://127.0.0.1:{port}") };
    for _ in 0..200 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return Some(nginx);
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("nginx did not start: {}", fs::read_to_string(nginx.folder.path().join("error.log")).unwrap_or_default());
}

impl Nginx {
    /// Writes a file as of an hour ago and `age_secs` more, so that its time stands for this state alone.
    fn write(&self, path: &str, text: &str, age_secs: u64) {
        let path = self.folder.path().join("www").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_760_000_000 - age_secs);
        fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    }

    fn log(&self) -> String {
        let log = self.folder.path().join("access.log");
        let text = fs::read_to_string(&log).unwrap();
        fs::write(log, "").unwrap();
        text
    }

    async fn sync(&self, replica: &mut Replica) {
        let parts = Parts { work_dir: self.folder.path().join("work"), ..parts() };
        let connector = config(&format!("{}/", self.address)).open(parts).unwrap();
        replica.sync(&*connector).await.unwrap();
    }
}

#[tokio::test]
async fn a_folder_served_by_nginx_is_mirrored() {
    let Some(nginx) = nginx().await else { return };
    nginx.write(
        "index.html",
        "<a href=guide>guide</a> <a href=notes.md>n</a> <a href=data.bin>d</a> <a href=gone.html>g</a>",
        10,
    );
    nginx.write("guide/index.html", "<a href=one.html>1</a> <a href=two.txt>2</a>", 10);
    nginx.write("guide/one.html", "the first", 10);
    nginx.write("guide/two.txt", "the second", 10);
    nginx.write("notes.md", "# Notes", 10);
    nginx.write("data.bin", "\0\x01", 10);
    nginx.write("gone.html", "not for long", 10);
    nginx.write("robots.txt", "User-agent: *\nDisallow: /guide/two\n", 10);
    let mut replica = Replica::default();
    nginx.sync(&mut replica).await;
    let paths =
        |replica: &Replica| replica.documents.keys().map(|id| id.replace(&nginx.address, "")).collect::<Vec<_>>();
    assert_eq!(paths(&replica), ["/", "/gone.html", "/guide/", "/guide/one.html", "/notes.md"]);
    assert_eq!(replica.failures.len(), 1, "{:?}", replica.failures);
    assert!(!nginx.log().contains("two.txt"));

    nginx.sync(&mut replica).await;
    assert_eq!((replica.fetched, nginx.log().matches("\" 304 ").count()), (0, 5));

    nginx.write("guide/one.html", "the FIRST", 5);
    fs::remove_file(nginx.folder.path().join("www/gone.html")).unwrap();
    nginx.sync(&mut replica).await;
    assert_eq!((replica.fetched, paths(&replica).len()), (1, 4));
    assert!(replica.documents[&format!("{}/guide/one.html", nginx.address)].text.contains("FIRST"));
}
