//! Keeps a role running: what fails or panics begins again after a growing pause.

use crate::Shutdown;
use schemas::{Error, Result};
use std::time::Duration;
use tokio::time::Instant;
use tracing::{error, info};

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A role that ran so long was well: its next pause is the first again.
const WELL: Duration = Duration::from_secs(60);

/// Runs a role until shutdown, as often as it takes. Ends when the role ends after shutdown began.
///
/// # Errors
/// `BadRequest`, from the role: what an operator wrote cannot work, and trying again will not help.
pub async fn supervise<F, Role>(name: &'static str, shutdown: Shutdown, mut begin: F) -> Result<()>
where
    F: FnMut() -> Role,
    Role: Future<Output = Result<()>> + Send + 'static,
{
    let mut pause = FIRST_PAUSE;
    loop {
        let since = Instant::now();
        let ended = tokio::spawn(begin()).await;
        if shutdown.token().is_cancelled() {
            info!(role = name, "ended");
            return Ok(());
        }
        if since.elapsed() >= WELL {
            pause = FIRST_PAUSE;
        }
        let cause = match ended {
            Ok(Ok(())) => Error::Internal("ended without being asked to".into()),
            Ok(Err(error @ Error::BadRequest(_))) => return Err(error),
            Ok(Err(error)) => error,
            Err(panic) => Error::internal(panic),
        };
        error!(role = name, %cause, ?pause, "failed; begins again");
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shutdown.begun() => return Ok(()),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test(start_paused = true)]
    async fn a_role_that_fails_or_panics_begins_again_until_shutdown() {
        let shutdown = Shutdown::new();
        let lives = Arc::new(AtomicU32::new(0));
        let (counted, end) = (lives.clone(), shutdown.clone());
        supervise("test", shutdown, move || {
            let (life, end) = (counted.fetch_add(1, Ordering::SeqCst), end.clone());
            async move {
                match life {
                    0 => Err(Error::Unavailable("no broker".into())),
                    1 => panic!("a defect"),
                    2 => Ok(()),
                    _ => {
                        end.begin();
                        Ok(())
                    }
                }
            }
        })
        .await
        .unwrap();
        assert_eq!(lives.load(Ordering::SeqCst), 4);
    }

    #[tokio::test]
    async fn what_the_operator_must_mend_is_not_tried_again() {
        let wrong = Error::BadRequest("no such scheme".into());
        let told = wrong.clone();
        let ended = supervise("test", Shutdown::new(), move || {
            std::future::ready(Err(told.clone()))
        });
        assert_eq!(ended.await, Err(wrong));
    }
}
