//! What one handle's messages came to, for `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers since the start of this handle and its clones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages the broker took.
    pub published: u64,
    /// Messages that could not be handed to the broker.
    pub failed: u64,
    /// Messages received and understood.
    pub received: u64,
    /// Messages received and thrown away: malformed, or larger than [`crate::MAX_BYTES`].
    pub malformed: u64,
}

#[derive(Default)]
pub(crate) struct Tally {
    published: AtomicU64,
    failed: AtomicU64,
    received: AtomicU64,
    malformed: AtomicU64,
}

impl Tally {
    pub(crate) fn publish(&self, done: bool) {
        let which = if done { &self.published } else { &self.failed };
        which.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn receive(&self, understood: bool) {
        let which = if understood {
            &self.received
        } else {
            &self.malformed
        };
        which.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Counts {
        Counts {
            published: self.published.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            received: self.received.load(Ordering::Relaxed),
            malformed: self.malformed.load(Ordering::Relaxed),
        }
    }
}
