//! A node's part in its cluster's Swarm.

use super::Attempt;
use crate::failure::Failure;
use compute_driver::DriverError;
use schemas::host::{Seen, SwarmOrder};

impl Attempt<'_> {
    pub(super) async fn swarm(&mut self, order: &SwarmOrder) -> Result<Seen, Failure> {
        let host = self.host();
        if host.beneath().is_none() {
            let no = "a machine is no node of a cluster, and takes no part in a Swarm";
            return Err(DriverError::permanent(no).into());
        }
        self.status.step("taking its part in the Swarm");
        let seen = host.call("swarm", host.driver.ensure_swarm(order)).await?;
        Ok(Seen::Swarm(Box::new(seen)))
    }
}
