//! A session lent to one sync, replaced when it breaks.

use std::{sync::Arc, time::Duration};

use domain::EngineResult;
use tokio::sync::Mutex;

use super::store::{Session, Store, Trouble};

/// How often anything is attempted before the sync ends, to be resumed later.
const ATTEMPTS: usize = 2;
const BACKOFF: Duration = Duration::from_millis(500);

pub(super) struct Lent {
    store: Arc<dyn Store>,
    session: Mutex<Option<Arc<dyn Session>>>,
}

impl Lent {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, session: Mutex::default() }
    }

    /// Does `work`, and once more on a fresh session where that can help.
    pub(super) async fn attempt<T, F>(&self, work: impl Fn(Arc<dyn Session>) -> F + Send) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, Trouble>> + Send,
    {
        let mut left = ATTEMPTS;
        loop {
            left -= 1;
            let done = match self.session().await {
                Ok(session) => work(session).await,
                Err(error) => Err(error.into()),
            };
            match &done {
                Err(Trouble::Short(_)) if left > 0 => {}
                Err(Trouble::System(error)) if error.retryable && error.retry_after.is_none() && left > 0 => {
                    *self.session.lock().await = None;
                }
                _ => return done,
            }
            tokio::time::sleep(BACKOFF).await;
        }
    }

    async fn session(&self) -> EngineResult<Arc<dyn Session>> {
        let mut session = self.session.lock().await;
        if let Some(session) = &*session {
            return Ok(Arc::clone(session));
        }
        let opened = self.store.open().await?;
        *session = Some(Arc::clone(&opened));
        Ok(opened)
    }
}
