//! Nothing where something was: the container, what was kept of a snapshot, networks nobody is on.

use super::Attempt;
use crate::failure::Failure;
use crate::ledger::What;
use schemas::host::Seen;
use schemas::ids::{ImageId, NetworkId};

impl Attempt<'_> {
    pub(super) async fn absent(&mut self) -> Result<Seen, Failure> {
        let (host, id) = (self.host(), self.order.id);
        let driver = host.driver.as_ref();
        self.status.step("removing");
        let was = host.ledger.get(id).what;
        if let What::Pod { pod, .. } = &was {
            self.end_pod(pod).await?;
        }
        if !matches!(was, What::Snapshot { .. }) {
            let _turn = host.containers.lock(&id).await;
            host.call("remove", driver.ensure_absent(id)).await?;
            if let Some(nodes) = host.nodes() {
                nodes.saw(id, None);
            }
        }
        if !matches!(was, What::Container { .. } | What::Pod { .. } | What::Gone) {
            let image = ImageId(id.0);
            host.call("snapshot", driver.ensure_snapshot_absent(image))
                .await?;
        }
        let networks: Vec<NetworkId> = match was {
            What::Container { networks, .. } | What::Pod { networks, .. } => {
                networks.into_iter().collect()
            }
            // Whose it was is not known, so every network is tried: those in use refuse to go.
            What::Unknown => {
                let all = host.call("networks", driver.list_networks()).await?;
                all.into_iter().map(|network| network.id).collect()
            }
            What::Snapshot { .. } | What::Gone => Vec::new(),
        };
        for network in networks {
            host.call("network", host.networks.remove_unused(driver, network))
                .await?;
        }
        Ok(Seen::Absent)
    }
}
