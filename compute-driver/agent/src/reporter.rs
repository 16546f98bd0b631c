//! How the agent speaks: every observation carries the agent's life and a number within it, so that
//! conductors can tell old news from new.

use bus::{Bus, Report};
use process::Clock;
use schemas::Result;
use schemas::host::{Heartbeat, Held, Hello, Inventory, Observed, Problem, Seen};
use schemas::ids::{EpochId, HostId, WorkloadId};
use schemas::workload::Observation;
use std::sync::atomic::{AtomicU64, Ordering};

/// One life of an agent, as others hear of it.
pub(crate) struct Reporter {
    bus: Bus,
    clock: Clock,
    host: HostId,
    epoch: EpochId,
    seq: AtomicU64,
}

impl Reporter {
    pub(crate) fn new(bus: Bus, clock: Clock, host: HostId) -> Reporter {
        Reporter {
            bus,
            clock,
            host,
            epoch: EpochId::new(),
            seq: AtomicU64::new(0),
        }
    }

    pub(crate) fn epoch(&self) -> EpochId {
        self.epoch
    }

    pub(crate) async fn hello(
        &self,
        inventory: Inventory,
        present: Vec<Observation>,
    ) -> Result<()> {
        let (host, epoch) = (self.host, self.epoch);
        let hello = Hello {
            host,
            epoch,
            inventory,
            present,
        };
        self.bus.report(&Report::Hello(hello)).await
    }

    pub(crate) async fn heartbeat(&self, inventory: Inventory, holds: Vec<Held>) -> Result<()> {
        let heartbeat = Heartbeat {
            host: self.host,
            epoch: self.epoch,
            at: self.clock.now(),
            inventory,
            holds,
        };
        self.bus.report(&Report::Heartbeat(heartbeat)).await
    }

    /// One try; its number. Of one id at most one may be under way, or the numbers would overtake each other.
    pub(crate) async fn observed(
        &self,
        id: WorkloadId,
        generation: u64,
        state: Seen,
        problem: Option<Problem>,
    ) -> Result<u64> {
        let seq = 1 + self.seq.fetch_add(1, Ordering::SeqCst);
        let observed = Observed {
            host: self.host,
            epoch: self.epoch,
            seq,
            id,
            generation,
            state,
            problem,
        };
        self.bus.report(&Report::Observed(observed)).await?;
        Ok(seq)
    }
}
