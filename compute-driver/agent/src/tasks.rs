//! The tasks of one agent: they end with it.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinSet;
use tracing::error;

/// A set of tasks that anything may add to, and that ends as a whole.
#[derive(Default)]
pub(crate) struct Tasks(Mutex<JoinSet<()>>);

impl Tasks {
    /// Runs it until it ends or [`Tasks::abort_all`].
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut set = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(ended) = set.try_join_next() {
            if let Err(cause) = ended
                && cause.is_panic()
            {
                error!(%cause, "a task of the agent panicked");
            }
        }
        set.spawn(task);
    }

    /// Drops all of them where they are.
    pub(crate) fn abort_all(&self) {
        let mut set = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        set.abort_all();
        while set.try_join_next().is_some() {}
    }
}

/// However its holder ends, nothing of the tasks goes on.
pub(crate) struct AbortOnDrop(pub(crate) Arc<Tasks>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort_all();
    }
}
