//! The newest state of a branch, kept in a bare repository of bounded size: one commit deep, never checked out.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use domain::{EngineError, EngineResult};
use tokio::fs;

use super::{
    blobs::Blobs,
    program::{self, Failed},
    remote::{Remote, local},
    tree::{self, Tree},
};
use crate::http::Guard;

const TIP: &str = "refs/footnote/tip";
const MOST_TREE_BYTES: u64 = 128 << 20;
/// Each fetch adds a pack; a mirror with so many is made anew.
const MOST_PACKS: usize = 50;
const WATCH: Duration = Duration::from_millis(250);

/// What a mirror may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) bytes: u64,
    pub(crate) time: Duration,
}

/// A mirror at a path of ours. What is in it may be deleted at any time.
pub(crate) struct Mirror {
    remote: Remote,
    /// What to fetch: `HEAD` or `refs/heads/NAME`.
    reference: String,
    dir: PathBuf,
    guard: Guard,
    limits: Limits,
}

impl Mirror {
    /// `branch`: the one the remote names as its own when there is none.
    pub(crate) fn new(
        remote: Remote,
        branch: Option<&str>,
        dir: PathBuf,
        guard: Guard,
        limits: Limits,
    ) -> EngineResult<Self> {
        let reference = match branch {
            None => "HEAD".to_owned(),
            Some(name) if is_branch(name) => format!("refs/heads/{name}"),
            Some(name) => return Err(EngineError::give_up(format!("git: `{name}` is not a branch's name"))),
        };
        Ok(Self { remote, reference, dir, guard, limits })
    }

    /// Fetches and lists. `None` when there is no such repository or branch, as far as the credentials see.
    pub(crate) async fn fetch(&self) -> EngineResult<Option<Tree>> {
        let _alone = self.lock().await?;
        let kept = self.dir.join("mirror");
        let fetched = if is_usable(&kept) { Some(self.fetch_into(&kept).await) } else { None };
        let outcome = match fetched {
            Some(Ok(tree)) => Ok(tree),
            // What is kept may be locked by a process that was killed, broken, or have grown too large.
            _ => self.fetch_anew(&kept).await,
        };
        match outcome {
            Ok(tree) => Ok(Some(tree)),
            Err(Failed::Absent) => Ok(None),
            Err(Failed::Otherwise(error)) => Err(error),
        }
    }

    /// Reads the contents of what [`fetch`](Self::fetch) listed.
    pub(crate) fn blobs(&self) -> EngineResult<Blobs> {
        Blobs::open(&self.dir.join("mirror"))
    }

    /// The remote, as people write it.
    pub(crate) fn address(&self) -> &str {
        self.remote.url().as_str()
    }

    /// Git's own locks would make the second of two fetches fail. This one ends with the file, at the latest with the
    /// process.
    async fn lock(&self) -> EngineResult<File> {
        fs::create_dir_all(&self.dir).await.map_err(|error| local("make a folder", &error))?;
        let file = File::options().create(true).truncate(false).write(true).open(self.dir.join("lock"));
        let file = file.map_err(|error| local("open the lock", &error))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(WATCH).await,
                Err(TryLockError::Error(error)) => return Err(local("take the lock", &error)),
            }
        }
    }

    async fn fetch_anew(&self, kept: &Path) -> Result<Tree, Failed> {
        let fresh = self.dir.join("mirror.new");
        remove(&fresh).await?;
        fs::create_dir_all(&fresh).await.map_err(|error| local("make a folder", &error))?;
        let mut init = program::command(&fresh, &[], &[]);
        init.args(["init", "--quiet", "--bare", "--template="]);
        program::run(init, "make a mirror", 1 << 10, self.limits.time).await?;
        let fetched = self.fetch_into(&fresh).await;
        if fetched.is_ok() {
            remove(kept).await?;
            fs::rename(&fresh, kept).await.map_err(|error| local("rename a folder", &error))?;
        } else {
            remove(&fresh).await?;
        }
        fetched
    }

    async fn fetch_into(&self, dir: &Path) -> Result<Tree, Failed> {
        let what = format!("fetch {}", self.address());
        let opened = self.remote.open(&self.guard, &self.dir).await?;
        let mut fetch = program::command(dir, &opened.env, &opened.config);
        fetch.args(["fetch", "--quiet", "--force", "--depth=1", "--no-tags", "--no-recurse-submodules"]);
        fetch.args(["--no-write-fetch-head", "--", &opened.url, &format!("+{}:{TIP}", self.reference)]);
        let running = program::run(fetch, &what, 1 << 20, self.limits.time);
        let is_done = tokio::select! {
            outcome = running => outcome.map(|_| size(dir) <= self.limits.bytes)?,
            () = self.grows_too_large(dir) => false,
        };
        if !is_done {
            return Err(Failed::Otherwise(EngineError::give_up(format!(
                "{what}: its newest state takes more than {} bytes; raise `max_repository_bytes`",
                self.limits.bytes
            ))));
        }
        let mut list = program::command(dir, &[], &[]);
        list.args(["ls-tree", "-r", "-z", "-l", "--full-tree", TIP]);
        let listed = program::run(list, &format!("list {}", self.address()), MOST_TREE_BYTES, self.limits.time).await?;
        Ok(tree::parse(&listed).ok_or_else(|| EngineError::retry(format!("list {}: not a listing", self.address())))?)
    }

    /// Ends only when the limit is passed.
    async fn grows_too_large(&self, dir: &Path) {
        while size(dir) <= self.limits.bytes {
            tokio::time::sleep(WATCH).await;
        }
    }
}

/// Deletes what is kept in `dir` of anything but `names`: mirrors of repositories that are gone.
pub(crate) async fn keep_only(dir: &Path, names: &[String]) -> EngineResult<()> {
    let Ok(mut entries) = fs::read_dir(dir).await else { return Ok(()) };
    while let Ok(Some(entry)) = entries.next_entry().await {
        if !names.iter().any(|name| entry.file_name() == **name) {
            remove(&entry.path()).await?;
        }
    }
    Ok(())
}

fn is_usable(dir: &Path) -> bool {
    let packs = walkdir::WalkDir::new(dir.join("objects/pack")).into_iter().flatten();
    dir.join("HEAD").is_file()
        && packs.filter(|entry| entry.path().extension().is_some_and(|end| end == "pack")).count() < MOST_PACKS
}

fn size(dir: &Path) -> u64 {
    let files = walkdir::WalkDir::new(dir).into_iter().flatten();
    files.filter_map(|file| file.metadata().ok()).filter(|file| file.is_file()).map(|file| file.len()).sum()
}

async fn remove(dir: &Path) -> EngineResult<()> {
    match fs::remove_dir_all(dir).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(local("remove a folder", &error)),
        _ => Ok(()),
    }
}

/// The rules of `git check-ref-format`, as far as they keep a name from being anything but a name.
fn is_branch(name: &str) -> bool {
    let is_forbidden = |char: char| char.is_control() || char.is_whitespace() || "~^:?*[\\".contains(char);
    !name.is_empty()
        && !name.starts_with(['-', '/', '.'])
        && !name.ends_with(['/', '.'])
        && !name.contains("..")
        && !name.contains("@{")
        && !name.contains("//")
        && !name.contains(is_forbidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_a_name_and_nothing_else() {
        for name in ["main", "feature/x", "v1.0", "übung"] {
            assert!(is_branch(name), "{name}");
        }
        for name in ["", "-x", "a:b", "a b", "a..b", "+x:refs/heads/y", "a@{1}", "x^", "/x", "a\n"] {
            assert!(!is_branch(name), "{name}");
        }
    }
}
