//! What one look at one object ends with.

use crate::cluster::Probe;
use schemas::Timestamp;
use schemas::host::Converge;
use schemas::ids::HostId;

/// The end of a look: when to look again, and what to tell others after the commit.
#[derive(Debug)]
pub(crate) struct Look {
    pub next: Next,
    pub effects: Vec<Effect>,
}

/// When to look again.
#[derive(Debug)]
pub(crate) enum Next {
    /// When something changes.
    Done,
    /// At once: a step was taken, another follows.
    Now,
    /// At a time, for a reason in words; or earlier, when something changes.
    At(Timestamp, String),
}

/// What leaves the database. It may be lost: the next look repeats it.
#[derive(Debug)]
pub(crate) enum Effect {
    /// A host is told what should be.
    Tell(HostId, Converge),
    /// A cluster's API server is looked at.
    Probe(Probe),
}

impl Look {
    pub fn done() -> Look {
        Look {
            next: Next::Done,
            effects: Vec::new(),
        }
    }

    pub fn now() -> Look {
        Look {
            next: Next::Now,
            effects: Vec::new(),
        }
    }

    pub fn wait(until: Timestamp, reason: String) -> Look {
        Look {
            next: Next::At(until, reason),
            effects: Vec::new(),
        }
    }

    pub fn and(mut self, effect: Effect) -> Look {
        self.effects.push(effect);
        self
    }
}
