//! The one writer of the keyword index.

use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::{EngineError, EngineResult, IndexChange, KeywordEntry};
use tantivy::{Index, IndexWriter, TantivyError, Term};

use super::{failed, schema::Fields};

const LOST: &str = "keyword index: its writer failed: apply what came after the last flush again";
const MEGABYTE: usize = 1_000_000;
const MIN_MEMORY_MB: usize = 15;

/// Holds tantivy's writer lock. After a failure the engine's writer is reopened, and the next commit fails:
/// what was applied before it is gone.
pub(super) struct Writer {
    index: Index,
    fields: Fields,
    memory: usize,
    state: Mutex<State>,
}

struct State {
    writer: Option<IndexWriter>,
    /// Whether changes applied since the last commit were dropped.
    lost: bool,
}

impl Writer {
    pub fn open(index: Index, fields: Fields, memory_mb: usize) -> tantivy::Result<Self> {
        let memory = memory_mb.max(MIN_MEMORY_MB) * MEGABYTE;
        let writer = begin(&index, memory)?;
        Ok(Self { index, fields, memory, state: Mutex::new(State { writer: Some(writer), lost: false }) })
    }

    /// Deletes what each document had and adds its new entries.
    pub fn apply(&self, changes: &[IndexChange<KeywordEntry>]) -> EngineResult<()> {
        self.with_writer("apply", |writer| {
            for change in changes {
                let (document, entries) = match change {
                    IndexChange::Replace { document, entries } => (document, entries.as_slice()),
                    IndexChange::Remove { document } => (document, &[][..]),
                };
                writer.delete_term(Term::from_field_text(self.fields.document, document.as_str()));
                for entry in entries {
                    writer.add_document(self.fields.document(document, entry))?;
                }
            }
            Ok(())
        })
    }

    pub fn commit(&self) -> EngineResult<()> {
        if std::mem::take(&mut self.state().lost) {
            return Err(EngineError::retry(LOST));
        }
        self.with_writer("flush", |writer| writer.commit().map(drop))
    }

    fn with_writer(&self, task: &str, work: impl FnOnce(&mut IndexWriter) -> tantivy::Result<()>) -> EngineResult<()> {
        let mut state = self.state();
        let lost_before = state.lost;
        // Should the work fail or panic, the engine's writer is dropped and what it held is lost.
        let taken = state.writer.take();
        state.lost = true;
        let mut writer = match taken {
            Some(writer) => writer,
            None => self.reopen().map_err(|error| failed(task, &error))?,
        };
        work(&mut writer).map_err(|error| failed(task, &error))?;
        state.writer = Some(writer);
        state.lost = lost_before;
        Ok(())
    }

    fn reopen(&self) -> Result<IndexWriter, TantivyError> {
        begin(&self.index, self.memory)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A writer that goes on from the last commit. What a killed one left of its next commit is deleted: tantivy names files
/// after the number of operations, would come to the same name again, and refuses to write over a file.
fn begin(index: &Index, memory: usize) -> tantivy::Result<IndexWriter> {
    let writer = index.writer_with_num_threads(1, memory)?;
    writer.garbage_collect_files().wait()?;
    Ok(writer)
}
