//! A role under a supervisor: when it reaches the end the plot has for it, everything of it is
//! dropped at that very point, and a moment later it is started again.

use process::Faults;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;
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

    fn of(&self, name: &str) -> Faults {
        match &self.0 {
            Some((role, faults)) if role == name => faults.clone(),
            _ => Faults::none(),
        }
    }
}

pub(super) struct Role {
    name: String,
    task: JoinHandle<()>,
    restarts: Arc<AtomicUsize>,
    /// Somebody has pulled its plug.
    off: watch::Sender<bool>,
}

impl Role {
    pub fn start<F>(plot: &Plot, name: &str, make: impl Fn(Faults) -> F + 'static) -> Role
    where
        F: Future<Output = ()>,
    {
        let restarts = Arc::new(AtomicUsize::new(0));
        let counter = restarts.clone();
        let off = watch::Sender::new(false);
        let mut plug = off.subscribe();
        let mut faults = plot.of(name);
        let task = tokio::task::spawn_local(async move {
            while plug.wait_for(|off| !off).await.is_ok() {
                let ended = tokio::select! {
                    () = make(faults.clone()) => true,
                    () = faults.crashed() => false,
                    _ = plug.wait_for(|off| *off) => false,
                };
                assert!(!ended, "a role ended by itself");
                counter.fetch_add(1, Ordering::SeqCst);
                faults = Faults::none();
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        Role {
            name: name.into(),
            task,
            restarts,
            off,
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Ends it at once, until it is switched on again.
    pub fn switch(&self, off: bool) {
        self.off.send_replace(off);
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
