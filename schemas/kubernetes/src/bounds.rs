//! What one request may cost that asks API servers: time, and bytes that are read.

use crate::Settings;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// Most bytes of all answers to one request.
pub(crate) const MOST: usize = 128 << 20;

/// What one request may cost, however many servers are asked for it: clones share it.
#[derive(Clone, Debug)]
pub struct Bounds {
    until: Instant,
    patience: Duration,
    /// Bytes that may still be read.
    left: Arc<AtomicUsize>,
}

impl Bounds {
    /// Those of a request that begins now.
    pub fn of(settings: &Settings) -> Bounds {
        let patience = settings.patience();
        Bounds {
            until: Instant::now() + patience,
            patience,
            left: Arc::new(AtomicUsize::new(MOST)),
        }
    }

    /// Until when it waits.
    pub(crate) fn until(&self) -> Instant {
        self.until
    }

    /// How long that was in the beginning.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// Has an answer of so many bytes a place in it?
    pub(crate) fn take(&self, bytes: usize) -> bool {
        let less = |left: usize| left.checked_sub(bytes);
        let took = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        took.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_who_are_asked_for_a_request_share_what_it_may_cost() {
        let bounds = Bounds::of(&Settings::default());
        let other = bounds.clone();
        assert!(bounds.take(MOST - 2) && other.take(1));
        assert!(!other.take(2), "only one is left");
        assert!(bounds.take(1) && !other.take(1));
        assert_eq!(bounds.until(), other.until());
    }
}
