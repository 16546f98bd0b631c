//! A role under a supervisor: when it reaches the end the plot has for it, everything of it is
//! dropped at that very point, and a moment later it is started again.

use process::Faults;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Which role has which crash point.
#[derive(Clone, Default)]
pub struct Plot(Option<(String, Faults)>);

impl Plot {
    /// Nobody crashes.
    pub fn none() -> Plot {
        Plot(None)
    }

    /// This role passes these crash points.
    pub fn role(name: &str, faults: Faults) -> Plot {
        Plot(Some((name.to_owned(), faults)))
    }

    pub(super) fn of(&self, name: &str) -> Faults {
        match &self.0 {
            Some((role, faults)) if role == name => faults.clone(),
            _ => Faults::none(),
        }
    }
}

pub(super) struct Role {
    task: JoinHandle<()>,
    restarts: Arc<AtomicUsize>,
}

impl Role {
    pub fn start<F>(faults: Faults, make: impl Fn(Faults) -> F + 'static) -> Role
    where
        F: Future<Output = ()>,
    {
        let restarts = Arc::new(AtomicUsize::new(0));
        let counter = restarts.clone();
        let task = tokio::task::spawn_local(async move {
            let mut faults = faults;
            loop {
                let crashed = tokio::select! {
                    () = make(faults.clone()) => false,
                    () = faults.crashed() => true,
                };
                assert!(crashed, "a role ended by itself");
                counter.fetch_add(1, Ordering::SeqCst);
                faults = Faults::none();
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        Role { task, restarts }
    }

    pub fn restarts(&self) -> usize {
        self.restarts.load(Ordering::SeqCst)
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        self.task.abort();
    }
}
