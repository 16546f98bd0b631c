//! A network's part on this machine, joined with its parts on others: a VXLAN device (RFC 7348) on the
//! network's bridge, and rules that say whose packets it takes.
//!
//! ```text
//!   jb-…  the network's bridge ── jv-…  the device ══ UDP 4789 ══► each peer's jv-…
//! ```
//!
//! Nothing is learned from what comes in: where each hardware address is, the order says; what is for
//! somebody unknown, or for all, goes to every peer.
//!
//! # Guarantees
//! - Packets of a network are taken from its peers only, by their address, and never from a bridge of
//!   ours: a container that makes such packets itself gets into no network by them. The rules are there
//!   before the device is, and name a new peer before anything is sent there.
//! - No container sends to the port of tunnels outside: by its machine's address (which it gets when it
//!   leaves the machine) it would pass for a peer ([`floor`]).
//! - Both names are made from the network's id, so what is there is found again after a crash.
//!
//! # Assumes
//! Who can send packets with a peer's address to this machine is trusted: VXLAN neither encrypts nor
//! proves anything.

mod device;
mod kernel;
mod rules;

use super::DockerDriver;
use super::labels::{bridge_name, tunnel_name};
use crate::error::{DriverError, Result};
use kernel::Kernel;
use rules::floor;
use schemas::ids::NetworkId;
use schemas::workload::Overlay;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};

impl DockerDriver {
    /// Can tunnels end at this address? How large packets are there.
    pub(super) async fn tunnels_from(&self, address: Ipv4Addr) -> Result<u32> {
        if !self.settings.is_machine() {
            return Err(DriverError::host_fault(
                "its engine is on another machine than its agent, which cannot make tunnels there",
            ));
        }
        let kernel = Kernel::open()?;
        let mtu = kernel.mtu_at(address).await?.ok_or_else(|| {
            DriverError::host_fault(format!(
                "no interface of it has the address {address} (agent.tunnel_address)"
            ))
        })?;
        if !self.can_tunnel.load(Ordering::Relaxed) {
            kernel.can_tunnel().await?;
            self.can_tunnel.store(true, Ordering::Relaxed);
        }
        floor().await?;
        self.keep_rules(&kernel).await?;
        Ok(mtu)
    }

    /// Somebody may have taken rules away, as restarted firewalls do.
    async fn keep_rules(&self, kernel: &Kernel) -> Result<()> {
        let joined: Vec<Overlay> = self.told().values().cloned().collect();
        for overlay in joined {
            let (_, device) = names(overlay.network);
            if rules::there(&device).await? {
                continue;
            }
            tracing::warn!(
                device,
                "the rules of a tunnel were taken away, and are put in place again"
            );
            rules::allow(&device, &overlay).await?;
            // Its network may have gone meanwhile.
            if kernel.link(&device).await?.is_none() {
                rules::forget(&device, true).await?;
            }
        }
        Ok(())
    }

    fn told(&self) -> MutexGuard<'_, BTreeMap<NetworkId, Overlay>> {
        self.joined.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn join_network(&self, overlay: &Overlay) -> Result<()> {
        let (bridge, device) = names(overlay.network);
        let kernel = Kernel::open()?;
        if overlay.peers.is_empty() {
            self.told().remove(&overlay.network);
            return leave(&kernel, &device).await;
        }
        let Some(bridge) = kernel.link(&bridge).await? else {
            return Err(DriverError::conflict(
                "the network is not on this machine yet, so it cannot be joined with others",
            ));
        };
        floor().await?;
        rules::allow(&device, overlay).await?;
        device::ensure(&kernel, &device, bridge.header.index, overlay).await?;
        self.told().insert(overlay.network, overlay.clone());
        Ok(())
    }

    /// The network's part here is joined with no other any more, or is about to go.
    pub(super) async fn part_network(&self, network: NetworkId) -> Result<()> {
        if !self.settings.is_machine() {
            return Ok(());
        }
        let (_, device) = names(network);
        self.told().remove(&network);
        leave(&Kernel::open()?, &device).await
    }

    /// The networks of this host that are joined with others.
    pub(super) async fn joined(&self) -> Result<Vec<NetworkId>> {
        if !self.settings.is_machine() {
            return Ok(Vec::new());
        }
        let kernel = Kernel::open()?;
        let mut joined = Vec::new();
        for network in self.network_list().await? {
            let (_, device) = names(network.id);
            if kernel.link(&device).await?.is_some() {
                joined.push(network.id);
            }
        }
        Ok(joined)
    }
}

fn names(network: NetworkId) -> (String, String) {
    (bridge_name(network), tunnel_name(network))
}

/// The device first: while it is there, so are its rules.
async fn leave(kernel: &Kernel, device: &str) -> Result<()> {
    let was = kernel.remove(device).await?;
    rules::forget(device, was).await
}
