//! A machine's part of a cluster's network, joined with those on other machines.

use super::Attempt;
use crate::failure::Failure;
use compute_driver::DriverError;
use schemas::host::Seen;
use schemas::workload::Overlay;

impl Attempt<'_> {
    pub(super) async fn overlay(&mut self, wanted: &Overlay) -> Result<Seen, Failure> {
        let host = self.host();
        if host.beneath().is_some() {
            let no = "a node is no machine, and has no tunnels to others";
            return Err(DriverError::permanent(no).into());
        }
        self.status.step("joining the network with other machines");
        let joining = host.networks.join(host.driver.as_ref(), wanted);
        host.call("overlay", joining).await?;
        Ok(Seen::Overlay)
    }
}
