//! What is on the simulated machine. Every change is one function without waiting in between; the
//! time that things take is added by the driver around them.

use super::archive::Image;
use super::container::Container;
use super::engine::SimTimings;
use super::files::Files;
use super::network::{self, Subnet};
use super::node::Inner;
use super::script::{Op, Script};
use super::swarm::{Part as SwarmPart, Swarms};
use crate::error::{DriverError, Result};
use crate::node::Ports;
use crate::pod::{Part, Role};
use schemas::ids::{HostId, ImageId, NetworkId, WorkloadId};
use schemas::workload::{Digest, Interface, Network, Overlay, RunState, Services, Workload};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// A container's id on a machine that may serve several hosts.
pub(super) type Key = (HostId, WorkloadId);

#[derive(Default)]
pub(super) struct Machine {
    pub(super) down: bool,
    pub(super) hanging: bool,
    pub(super) containers: BTreeMap<Key, Container>,
    pub(super) networks: BTreeMap<(HostId, NetworkId), Subnet>,
    /// How networks are joined with those of other machines.
    pub(super) overlays: BTreeMap<(HostId, NetworkId), Overlay>,
    pub(super) images: BTreeMap<(HostId, Digest), Arc<Image>>,
    pub(super) snapshots: BTreeMap<(HostId, ImageId), Arc<Image>>,
    /// Disks of nodes, by node and number, as the engines that have them.
    pub(super) disks: BTreeMap<(Key, u32), Inner>,
    /// Folders of pods, by pod and name, and files on the disks of nodes.
    pub(super) volumes: BTreeMap<(Key, String), Files>,
    /// What a node serves.
    pub(super) services: Option<Services>,
    /// Of the nodes on it.
    pub(super) swarms: Swarms,
    /// Of a machine that is inside a node: its part in a Swarm.
    pub(super) part: SwarmPart,
    lives: BTreeMap<Key, usize>,
    failed: BTreeMap<(Key, Op), u32>,
    boots: u64,
    /// The next port of the machine to be published at.
    port: u16,
}

impl Machine {
    pub(super) fn container(&mut self, key: Key) -> Result<&mut Container> {
        self.containers
            .get_mut(&key)
            .ok_or_else(|| DriverError::no_container(key.1))
    }

    /// Fails the operation if its container was told so.
    pub(super) fn obey(&mut self, key: Key, op: Op, script: Script<'_>) -> Result<()> {
        if script.refuses(op) {
            return Err(DriverError::permanent(format!(
                "the container was told to refuse '{}' (label sim.refuse)",
                op.as_str()
            )));
        }
        let failed = self.failed.entry((key, op)).or_default();
        if *failed < script.failures(op) {
            *failed += 1;
            return Err(DriverError::Engine {
                text: format!("told to fail '{}' (label sim.fail)", op.as_str()),
            });
        }
        Ok(())
    }

    /// Puts a container there, in place of another incarnation. Answers whether one was removed.
    pub(super) fn create(
        &mut self,
        host: HostId,
        workload: &Workload,
        part: Option<Part>,
        timings: &SimTimings,
    ) -> Result<bool> {
        self.held(host, part.as_ref())?;
        let image = match part.as_ref().map(|part| &part.role) {
            Some(Role::Sandbox(_)) => Some(Machine::nothing()),
            _ => {
                let images = &self.images;
                images
                    .get(&(host, workload.image.manifest.clone()))
                    .cloned()
            }
        };
        let image = image.ok_or_else(|| DriverError::NotFound {
            what: format!("image {}", workload.image.id),
        })?;
        for attachment in &workload.networks {
            self.subnet(host, attachment.network.id)?;
        }
        let key = (host, workload.id);
        let inner = match &workload.node {
            Some(node) => Some(self.inner(key, workload, node, timings)?),
            None => None,
        };
        let begun = match part.as_ref().map(|part| &part.role) {
            Some(Role::Sandbox(folders)) => super::pods::beginnings(folders)?,
            _ => Vec::new(),
        };
        self.volumes
            .extend(begun.into_iter().map(|(name, files)| ((key, name), files)));
        let container = Container::new(workload.clone(), image, inner.clone(), part)?;
        let replaced = self.containers.insert(key, container);
        self.keep_disk(key, workload, inner);
        if let Some(mut replaced) = replaced {
            replaced.end(137, false);
            return Ok(true);
        }
        Ok(false)
    }

    /// Begins a life: gives addresses, as real engines do at start and not before.
    pub(super) fn start(&mut self, key: Key) -> Result<()> {
        let container = self.container(key)?;
        let attachments = container.workload.networks.clone();
        let part = container.part.clone();
        self.held(key.0, part.as_ref())?;
        let mut interfaces: Vec<Interface> = Vec::new();
        for attachment in &attachments {
            let subnet = self.subnet(key.0, attachment.network.id)?;
            let taken = self.addresses(attachment.network.id);
            interfaces.push(network::connect(subnet, attachment, &taken)?);
        }
        self.boots += 1;
        let boot = format!("boot-{}", self.boots);
        let published = self.publish(key)?;
        let lives = self.lives.entry(key).or_default();
        let nth = std::mem::replace(lives, *lives + 1);
        let container = self.container(key)?;
        container.nth = nth;
        container.begin(boot, interfaces);
        container.published = published;
        Ok(())
    }

    /// Where a container is published in the life that begins: a node where it was before.
    fn publish(&mut self, key: Key) -> Result<Ports> {
        let container = self.container(key)?;
        let mut published = match &container.inner {
            Some(inner) => inner.ports.clone(),
            None => Ports::new(),
        };
        for inside in container.workload.publish.clone() {
            published.entry(inside).or_insert_with(|| self.free_port());
        }
        Ok(published)
    }

    /// A port of the machine that no container is published at.
    fn free_port(&mut self) -> u16 {
        loop {
            self.port = self.port.checked_add(1).unwrap_or(0).max(32768);
            let taken = |it: &Container| it.published.values().any(|port| *port == self.port);
            if !self.containers.values().any(taken) {
                return self.port;
            }
        }
    }

    /// Gives the network its subnet, unless it has one.
    pub(super) fn ensure_network(&mut self, host: HostId, network: &Network) -> Result<()> {
        if let Some(there) = self.networks.get(&(host, network.id)) {
            if network.cidr.is_some() && there.network.cidr != network.cidr {
                return Err(other_subnet(network));
            }
            if there.network.link.gateway == network.link.gateway {
                return Ok(());
            }
            self.remove_network(host, network.id)?;
        }
        let taken: Vec<_> = self.networks.values().map(|subnet| subnet.range).collect();
        let range = network::place(network, &taken)?;
        let subnet = Subnet {
            network: network.clone(),
            range,
        };
        self.networks.insert((host, network.id), subnet);
        Ok(())
    }

    /// Joins a network that is here; with nobody: parts it.
    pub(super) fn ensure_overlay(&mut self, host: HostId, overlay: &Overlay) -> Result<()> {
        let key = (host, overlay.network);
        if overlay.peers.is_empty() {
            self.overlays.remove(&key);
            return Ok(());
        }
        if !self.networks.contains_key(&key) {
            return Err(DriverError::conflict(
                "the network is not on this machine yet, so it cannot be joined with others",
            ));
        }
        self.overlays.insert(key, overlay.clone());
        Ok(())
    }

    /// Removes the network and what joins it, unless a container is attached to it.
    pub(super) fn remove_network(&mut self, host: HostId, id: NetworkId) -> Result<()> {
        let mut attached = self
            .containers
            .values()
            .flat_map(|it| &it.workload.networks);
        if attached.any(|attachment| attachment.network.id == id) {
            return Err(DriverError::conflict(
                "the network still has containers attached to it",
            ));
        }
        self.overlays.remove(&(host, id));
        self.networks.remove(&(host, id));
        Ok(())
    }

    /// Does somebody listen on a port of the container at an address, or of a name, of a network that
    /// `from` is on, too? `None` when there is no such container.
    pub(super) fn hears(&self, from: Key, whom: &str, port: u16) -> Option<bool> {
        let there = match whom {
            "127.0.0.1" | "localhost" => self.home(from),
            _ => self.reach(self.home(from), whom)?,
        };
        let hears = |key: &Key| self.get(*key).is_some_and(|it| it.hears(port));
        Some(self.parts(there).iter().any(hears))
    }

    fn reach(&self, from: Key, whom: &str) -> Option<Key> {
        let mine = &self.containers.get(&from)?.interfaces;
        let found = self
            .containers
            .iter()
            .filter(|(_, it)| it.state == RunState::Running)
            .find(|(_, it)| {
                let pairs = it.interfaces.iter().zip(&it.workload.networks);
                let meets = |id| mine.iter().any(|here| here.network_id == id);
                pairs.into_iter().any(|(there, attachment)| {
                    let named = it.workload.hostname == whom
                        || attachment.aliases.iter().any(|alias| alias == whom);
                    meets(there.network_id) && (there.address == whom || named)
                })
            });
        found.map(|(key, _)| *key)
    }

    fn subnet(&self, host: HostId, id: NetworkId) -> Result<&Subnet> {
        self.networks
            .get(&(host, id))
            .ok_or_else(|| DriverError::NotFound {
                what: format!("network {id}"),
            })
    }

    fn addresses(&self, network: NetworkId) -> Vec<IpAddr> {
        let all = self.containers.values().flat_map(|it| &it.interfaces);
        let here = all.filter(|interface| interface.network_id == network);
        here.filter_map(|interface| interface.address.parse().ok())
            .collect()
    }
}

fn other_subnet(network: &Network) -> DriverError {
    DriverError::conflict(format!(
        "network '{}' has another subnet on this host; remove it from its containers first",
        network.name
    ))
}
