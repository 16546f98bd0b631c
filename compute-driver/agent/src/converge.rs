//! Makes one order true. An attempt may end anywhere; the next begins by looking.

mod absent;
mod container;
mod overlay;
mod pod;
mod services;
mod snapshot;
mod swarm;

use crate::failure::Failure;
use crate::host::Host;
use crate::keeper::Keeper;
use crate::ledger::What;
use crate::plan::Past;
use crate::status::Status;
use schemas::host::{Converge, Desired, Seen};
use schemas::workload::Observation;

/// The attempts at one order.
pub(crate) struct Attempt<'a> {
    keeper: &'a Keeper,
    order: &'a Converge,
    status: &'a Status,
    past: Past,
    last: Option<Observation>,
}

impl<'a> Attempt<'a> {
    pub(crate) fn new(keeper: &'a Keeper, order: &'a Converge, status: &'a Status) -> Attempt<'a> {
        let entry = keeper.keepers.host.ledger.get(order.id);
        let past = Past {
            reached: entry.reached(order.generation),
            ..Past::default()
        };
        Attempt {
            keeper,
            order,
            status,
            past,
            last: None,
        }
    }

    fn host(&self) -> &'a Host {
        &self.keeper.keepers.host
    }

    /// One attempt: what is there at its end.
    pub(crate) async fn run(&mut self) -> Result<Seen, Failure> {
        match &self.order.desired {
            Desired::Container(workload) => self.container(workload).await,
            Desired::Pod(pod) => self.pod(pod).await,
            Desired::Snapshot(snapshot) => self.snapshot(snapshot).await,
            Desired::Services(services) => self.services(services).await,
            Desired::Swarm(order) => self.swarm(order).await,
            Desired::Overlay(overlay) => self.overlay(overlay).await,
            Desired::Absent => self.absent().await,
        }
    }

    /// For an order that is given up.
    pub(crate) async fn what_there_is(&self) -> Seen {
        match &self.order.desired {
            Desired::Pod(pod) => return crate::pod::what_there_is(self.host(), pod).await,
            Desired::Services(_) => return Seen::Services,
            Desired::Overlay(_) => return Seen::Overlay,
            // What was last known of it holds.
            Desired::Swarm(_) => {
                let step = self.status.words();
                return Seen::Busy { step };
            }
            _ => {}
        }
        match self.host().inspect(self.order.id).await {
            Ok(Some(seen)) => Seen::Container(seen),
            Ok(None) => Seen::Absent,
            // The last that is known is better than a guess.
            Err(error) => match self.last.clone() {
                Some(seen) => Seen::Container(seen),
                None => Seen::Busy {
                    step: error.to_string(),
                },
            },
        }
    }
}

/// What the ledger says of an id whose order has ended like this.
pub(crate) fn what_is(order: &Converge, state: &Seen, before: What) -> What {
    match (&order.desired, state) {
        (Desired::Absent, Seen::Absent) => What::Gone,
        (Desired::Snapshot(_), Seen::Snapshot { manifest }) => What::Snapshot {
            manifest: Some(manifest.clone()),
        },
        (Desired::Snapshot(_), _) => What::Snapshot { manifest: None },
        _ => before,
    }
}
