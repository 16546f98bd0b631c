//! Ending well: the first signal asks, the second ends at once, and asking has a bound.

use schemas::{Error, Result};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Exit status of a process that was told twice.
const TOLD_TWICE: i32 = 130;

/// Tells the parts of a process to end. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// One that only `begin` sets off.
    pub fn new() -> Shutdown {
        Shutdown::default()
    }

    /// One that SIGTERM and SIGINT set off; the second of them ends the process at once.
    ///
    /// # Errors
    /// `Internal` when the kernel refuses to hand signals over.
    pub fn on_signals() -> Result<Shutdown> {
        let shutdown = Shutdown::new();
        let mut terminate = signal(SignalKind::terminate()).map_err(Error::internal)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::internal)?;
        let told = shutdown.clone();
        tokio::spawn(async move {
            for time in 0.. {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                if time == 0 {
                    info!("ending; a second signal ends at once");
                    told.begin();
                } else {
                    std::process::exit(TOLD_TWICE);
                }
            }
        });
        Ok(shutdown)
    }

    /// Asks everything to end.
    pub fn begin(&self) {
        self.0.cancel();
    }

    /// Resolves when it is time to end.
    pub async fn begun(&self) {
        self.0.cancelled().await;
    }

    /// The token, for what takes one.
    pub fn token(&self) -> CancellationToken {
        self.0.clone()
    }

    /// Waits for `work`; once asked to end, for at most `patience` more. `None` when it took longer:
    /// it is dropped then.
    pub async fn drain<T>(&self, patience: Duration, work: impl Future<Output = T>) -> Option<T> {
        let bound = async {
            self.begun().await;
            tokio::time::sleep(patience).await;
        };
        tokio::select! {
            biased;
            done = work => Some(done),
            () = bound => {
                warn!(?patience, "something did not end in time and is cut off");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_does_not_end_in_time_is_cut_off() {
        let shutdown = Shutdown::new();
        shutdown.begin();
        let never = std::future::pending::<()>();
        assert_eq!(shutdown.drain(Duration::from_secs(10), never).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn work_goes_on_until_somebody_asks() {
        let shutdown = Shutdown::new();
        let long = async {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            7
        };
        assert_eq!(shutdown.drain(Duration::from_secs(1), long).await, Some(7));
    }
}
