//! A cluster's network on several machines: which they are, and what each is told to join its part with
//! the others'.
//!
//! ```text
//!   a node is placed ──► its machine has an address of its own on the network (seat)
//!   nodes × machines ──► members ──► differ from the last? ──► next generation
//!                                                                 │
//!   machine 1 … n:  Tell ──► (agent makes it so, reports) ◄───────┘  until each has the newest
//! ```
//!
//! # Guarantees
//! - The network's number in tunnels, and each machine's address on it, are written down before anybody
//!   is told; no two have the same.
//! - A network on one machine alone has no tunnel, and its machine is told nothing.
//! - A machine that was declared dead is nobody's peer any more.
//!
//! # Assumes
//! A machine that has no node of the cluster has nothing of its network: that goes with the last node.

mod hear;
mod step;

pub(crate) use hear::{changed, greeted, heard};
pub(super) use step::step;

use crate::context::Context;
use crate::scheduler::{Beside, Fellows};
use schemas::workload::Network;
use schemas::workload::overlay::TUNNEL_BYTES;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use store::compute::hosts;
use store::compute::servers::{self, Server};
use store::compute::spec::Node;
use store::container_infra::overlays::{self, Overlay};
use store::container_infra::{nodegroups, nodes};
use store::{Conn, Result, Tx};

/// The row of a cluster whose first node is about to be made: `None` when no machine could be reached by
/// a tunnel. One that has nodes already stays as it was begun.
pub(super) fn begin(
    tx: &mut Tx<'_>,
    cluster: &str,
    number: i64,
    context: &Context,
) -> Result<Option<Overlay>> {
    let known = overlays::get(tx, cluster)?;
    if known.is_some() || !servers::nodes_of(tx, cluster)?.is_empty() {
        return Ok(known);
    }
    // That nobody can tunnel is believed of a fresh look alone.
    let mtu = match smallest(tx, context, false)? {
        None => smallest(tx, context, true)?,
        known => known,
    };
    let (Some(mtu), Some(vni)) = (mtu, context.settings.vni(number)) else {
        return Ok(None);
    };
    overlays::begin(tx, cluster, vni.into(), mtu.into()).map(Some)
}

/// The largest packet that fits the tunnels of all machines.
fn smallest(tx: &mut Tx<'_>, context: &Context, anew: bool) -> Result<Option<u32>> {
    let (now, silence) = (tx.now(), context.settings.silence());
    let (picture, _) = context.fleet.look(tx, now, silence, anew)?;
    let machines = picture.candidates.iter().filter(|it| it.up);
    let tunnels = machines.filter_map(|it| Some(it.tunnel.as_ref()?.mtu));
    Ok(tunnels.min().and_then(|mtu| mtu.checked_sub(TUNNEL_BYTES)))
}

/// The address that a network's own begin after.
pub(super) fn subnet(network: &Network) -> Option<Ipv4Addr> {
    let (base, _) = network.cidr.as_deref()?.split_once('/')?;
    base.parse().ok()
}

/// Where a node's fellows are, for the scheduler.
pub(crate) fn beside(tx: &mut Tx<'_>, cluster: &str, server: &str) -> Result<Beside> {
    let masters: BTreeSet<String> = nodegroups::of(tx, cluster)?
        .into_iter()
        .filter(|group| group.is_master())
        .map(|group| group.id)
        .collect();
    let group_of: BTreeMap<String, String> = nodes::of(tx, cluster)?
        .into_iter()
        .map(|node| (node.server_id, node.nodegroup_id))
        .collect();
    let own = group_of.get(server);
    let mut beside = Beside::default();
    for fellow in servers::nodes_of(tx, cluster)? {
        let Some(host) = fellow.host_id.filter(|_| fellow.deleting == 0) else {
            continue;
        };
        if fellow.id == server {
            continue;
        }
        let group = group_of.get(&fellow.id);
        let there: &mut Fellows = beside.machines.entry(host).or_default();
        there.nodes += 1;
        there.of_group += i32::from(own.is_some() && group == own);
        let both = [own, group].map(|it| it.is_some_and(|group| masters.contains(group)));
        there.masters += i32::from(both == [true, true]);
    }
    let row = overlays::get(tx, cluster)?;
    beside.mtu = row.and_then(|row| u32::try_from(row.mtu).ok());
    for id in beside.machines.keys() {
        let Some(host) = hosts::get(tx, id)? else {
            continue;
        };
        let inventory = host.inventory()?;
        // Whom an operator has declared dead is about to be replaced, and holds nobody.
        if inventory.tunnel.is_none() && host.forced_down == 0 {
            let why = inventory.tunnel_problem.unwrap_or_default();
            beside.stuck = Some(format!("{} cannot tunnel: {why}", host.hostname));
        }
    }
    Ok(beside)
}

/// Sees to it that the machine has an address of its own on the network of a node that is about to be
/// there. False when none is left.
pub(crate) fn seat(tx: &mut Tx<'_>, node: &Node, host: &str) -> Result<bool> {
    let cluster = node.cluster_id.to_string();
    let (Some(_), Some(subnet)) = (overlays::get(tx, &cluster)?, subnet(&node.network)) else {
        return Ok(true);
    };
    let taken = nodes::of(tx, &cluster)?;
    let taken: Vec<Ipv4Addr> = taken
        .into_iter()
        .filter_map(|node| node.address?.parse().ok())
        .collect();
    Ok(overlays::seat(tx, &cluster, host, subnet, &taken)?.is_some())
}

/// The network of a node as it is on the node's machine.
pub(crate) fn network_on(conn: &mut Conn, server: &Server, node: &Node) -> Result<Network> {
    let mut network = node.network.clone();
    let Some(host) = &server.host_id else {
        return Ok(network);
    };
    let part = overlays::part(conn, &node.cluster_id.to_string(), host)?;
    let gateway: Option<Ipv4Addr> = part.and_then(|part| part.gateway.parse().ok());
    let first = subnet(&network).map(|base| Ipv4Addr::from(u32::from(base) + 1));
    // The first is what an engine takes by itself.
    network.link.gateway = gateway.filter(|gateway| Some(*gateway) != first);
    Ok(network)
}
