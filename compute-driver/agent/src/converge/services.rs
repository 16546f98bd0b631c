//! The services of the cluster whose node this host is.

use super::Attempt;
use crate::failure::Failure;
use schemas::host::Seen;
use schemas::workload::Services;

impl Attempt<'_> {
    pub(super) async fn services(&mut self, wanted: &Services) -> Result<Seen, Failure> {
        let host = self.host();
        self.status.step("telling the node its cluster's services");
        host.call("services", host.driver.ensure_services(wanted))
            .await?;
        if let Some(node) = host.beneath() {
            node.serves(wanted);
        }
        Ok(Seen::Services)
    }
}
