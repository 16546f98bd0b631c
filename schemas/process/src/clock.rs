//! The one place that asks what time it is.

use schemas::Timestamp;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// Tells the time. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// Follows tokio's clock from a fixed beginning: with `tokio::time::pause` time is virtual, and
    /// rows, leases and timers agree about it.
    Virtual {
        /// Time at `since`.
        start: Timestamp,
        /// Where tokio's clock stood then.
        since: Instant,
    },
}

impl Clock {
    /// A virtual clock that begins at a fixed day. Call within a tokio runtime.
    pub fn virtual_now() -> Clock {
        Clock::Virtual {
            start: Timestamp(1_800_000_000_000_000),
            since: Instant::now(),
        }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::System => {
                #[expect(clippy::disallowed_methods, reason = "this is the owner")]
                let now = SystemTime::now();
                let since = now
                    .duration_since(SystemTime::UNIX_EPOCH)
                    .unwrap_or(Duration::ZERO);
                Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
            }
            Clock::Virtual { start, since } => *start + since.elapsed(),
        }
    }
}
