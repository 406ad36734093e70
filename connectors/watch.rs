//! Watches a folder on this machine: says when something under it has changed.

use std::{path::Path, time::Duration};

use domain::{EngineError, EngineResult};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

/// How long a folder must be still before its changes are told, and the most they are held back.
const STILL: Duration = Duration::from_millis(200);
const MOST: Duration = Duration::from_secs(2);

/// A folder under watch, for as long as this lives.
pub struct FolderWatch {
    changes: mpsc::Receiver<()>,
    _watcher: RecommendedWatcher,
}

impl FolderWatch {
    /// # Errors
    /// When the folder is missing or the system watches no more: `fs.inotify.max_user_watches` on Linux.
    pub fn new(path: &Path) -> EngineResult<Self> {
        let failed = |error: notify::Error| {
            EngineError::retry(format!(
                "watch folder {}: {error}; its schedule and `source sync` still work",
                path.display()
            ))
        };
        // One change waiting is as good as many.
        let (sender, changes) = mpsc::channel(1);
        let tell = move |event: notify::Result<notify::Event>| {
            if !matches!(&event, Ok(event) if matches!(event.kind, EventKind::Access(_))) {
                let _ = sender.try_send(());
            }
        };
        let mut watcher = notify::recommended_watcher(tell).map_err(failed)?;
        watcher.watch(path, RecursiveMode::Recursive).map_err(failed)?;
        Ok(Self { changes, _watcher: watcher })
    }

    /// Waits until something has changed and the folder is still again.
    pub async fn changed(&mut self) {
        if self.changes.recv().await.is_none() {
            // The watcher is gone: there is nothing to tell any more.
            return std::future::pending().await;
        }
        let settling = async { while tokio::time::timeout(STILL, self.changes.recv()).await.is_ok() {} };
        let _ = tokio::time::timeout(MOST, settling).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn changes_are_told_and_reading_is_none() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("deep")).unwrap();
        let file = dir.path().join("deep/a.md");
        std::fs::write(&file, "one").unwrap();
        let mut watch = FolderWatch::new(dir.path()).unwrap();
        let soon = Duration::from_secs(10);
        std::fs::write(&file, "two").unwrap();
        tokio::time::timeout(soon, watch.changed()).await.unwrap();
        std::fs::read(&file).unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(600), watch.changed()).await.is_err());
        std::fs::create_dir(dir.path().join("new")).unwrap();
        tokio::time::timeout(soon, watch.changed()).await.unwrap();
        std::fs::write(dir.path().join("new/b.md"), "b").unwrap();
        tokio::time::timeout(soon, watch.changed()).await.unwrap();
        std::fs::remove_file(&file).unwrap();
        tokio::time::timeout(soon, watch.changed()).await.unwrap();
        let missing = FolderWatch::new(&dir.path().join("missing")).err().unwrap();
        assert!(missing.message.contains("missing"), "{}", missing.message);
    }
}
