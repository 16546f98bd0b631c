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

use crate::context::Context;
use crate::look::Effect;
use crate::scheduler::{Beside, Fellows};
use schemas::Timestamp;
use schemas::host::{Converge, Desired, Heartbeat, Observed, Seen};
use schemas::ids::{ClusterId, WorkloadId};
use schemas::workload::overlay::TUNNEL_BYTES;
use schemas::workload::{self, Network, Peer};
use schemas::{Error, Kind};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;
use store::compute::hosts::{self, Host};
use store::compute::servers::{self, Server};
use store::compute::spec::Node;
use store::container_infra::clusters::{self, Cluster};
use store::container_infra::overlays::{self, Member, Overlay, Part};
use store::container_infra::{nodegroups, nodes};
use store::{Conn, Fail, Result, Scope, Tx};

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
    let (now, silence) = (tx.now(), context.settings.silence());
    let (picture, _) = context.fleet.look(tx, now, silence, false)?;
    let tunnels = picture.candidates.iter().filter(|it| it.up);
    let mtu = tunnels
        .filter_map(|it| Some(it.tunnel.as_ref()?.mtu))
        .min()
        .and_then(|mtu| mtu.checked_sub(TUNNEL_BYTES));
    drop(picture);
    let (Some(mtu), Some(vni)) = (mtu, context.settings.vni(number)) else {
        return Ok(None);
    };
    overlays::begin(tx, cluster, vni.into(), mtu.into()).map(Some)
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

/// One step: what is to be told, and when to look again.
pub(super) fn step(
    tx: &mut Tx<'_>,
    cluster: &Cluster,
    context: &Context,
) -> Result<(Vec<Effect>, Option<Timestamp>)> {
    let (Some(mut row), Some(id)) = (
        overlays::get(tx, &cluster.id)?,
        ClusterId::parse(&cluster.id),
    ) else {
        return Ok((Vec::new(), None));
    };
    let servers = servers::nodes_of(tx, &cluster.id)?;
    let mut machines = BTreeMap::new();
    for id in servers.iter().filter_map(|server| server.host_id.as_ref()) {
        if let Some(host) = hosts::get(tx, id)?.filter(|host| host.forced_down == 0) {
            machines.insert(id.clone(), host);
        }
    }
    let members = members(&servers, &machines)?;
    if row.members()? != members {
        overlays::put(tx, &mut row, &members)?;
    }
    let mut round = Round {
        row: &row,
        members: &members,
        id,
        request_id: &cluster.request_id,
        now: tx.now(),
        resend: Duration::from_secs(context.settings.resend_s.max(1)),
        effects: Vec::new(),
        until: None,
    };
    for mut part in overlays::parts(tx, &cluster.id)? {
        if !servers
            .iter()
            .any(|it| it.host_id.as_ref() == Some(&part.host_id))
        {
            overlays::forget(tx, &cluster.id, &part.host_id)?;
            continue;
        }
        let before = part.clone();
        let up = |host: &&Host| host.is_up(round.now, context.settings.silence());
        if let Some(host) = machines.get(&part.host_id).filter(up) {
            round.tell(&mut part, host)?;
        }
        if part != before {
            overlays::note(tx, &part)?;
        }
    }
    Ok((round.effects, round.until))
}

/// The machines with a node that was seen there, so that the network is there, too.
fn members(servers: &[Server], machines: &BTreeMap<String, Host>) -> Result<Vec<Member>> {
    let mut members: BTreeMap<&str, Member> = BTreeMap::new();
    for server in servers {
        let Some((id, host)) = server
            .host_id
            .as_ref()
            .and_then(|id| machines.get_key_value(id))
        else {
            continue;
        };
        let Some(Seen::Container(seen)) = server.sight()?.state else {
            continue;
        };
        let Some(tunnel) = host.inventory()?.tunnel else {
            continue;
        };
        let member = members.entry(id).or_insert_with(|| Member {
            host: id.clone(),
            peer: Peer {
                address: tunnel.address,
                macs: Vec::new(),
            },
        });
        let macs = seen.interfaces.into_iter().map(|it| it.mac);
        member.peer.macs.extend(macs.filter(|mac| !mac.is_empty()));
        member.peer.macs.sort();
    }
    Ok(members.into_values().collect())
}

/// What is told in one look.
struct Round<'a> {
    row: &'a Overlay,
    members: &'a [Member],
    id: ClusterId,
    request_id: &'a str,
    now: Timestamp,
    resend: Duration,
    effects: Vec<Effect>,
    until: Option<Timestamp>,
}

impl Round<'_> {
    /// Tells a machine what it does not have yet.
    fn tell(&mut self, part: &mut Part, host: &Host) -> Result<()> {
        let own = self.members.iter().find(|it| it.host == part.host_id);
        let others = self.members.iter().filter(|it| it.host != part.host_id);
        let peers: Vec<Peer> = match own {
            Some(_) => others.map(|it| it.peer.clone()).collect(),
            None => Vec::new(),
        };
        let done = part.applied >= self.row.generation;
        if peers.is_empty() && (part.joined == 0 || done) {
            part.joined = 0;
            return Ok(());
        }
        if done {
            return Ok(());
        }
        let again = Timestamp(part.told_at) + self.resend;
        if part.told == self.row.generation && self.now < again {
            self.look_by(again);
            return Ok(());
        }
        let Some(to) = host.host_id() else {
            return Ok(());
        };
        let network = store::compute::networks::id_of(&self.row.cluster_id);
        let broken = |what: &str| Fail::from(Error::internal(format_args!("a {what} is broken")));
        let order = workload::Overlay {
            network: schemas::ids::NetworkId::parse(&network)
                .ok_or_else(|| broken("network's id"))?,
            vni: u32::try_from(self.row.vni).map_err(|_| broken("network's number"))?,
            mtu: u32::try_from(self.row.mtu).map_err(|_| broken("network's size of packets"))?,
            address: own.map_or(Ipv4Addr::UNSPECIFIED, |own| own.peer.address),
            peers,
        };
        part.told = self.row.generation;
        part.told_at = self.now.0;
        part.joined |= i64::from(!order.peers.is_empty());
        self.effects.push(Effect::Tell(
            to,
            Converge {
                id: WorkloadId::of_overlay(self.id),
                generation: self.row.generation.cast_unsigned(),
                request_id: self.request_id.to_owned(),
                desired: Desired::Overlay(order),
            },
        ));
        self.look_by(self.now + self.resend);
        Ok(())
    }

    fn look_by(&mut self, time: Timestamp) {
        self.until = Some(self.until.map_or(time, |until| until.min(time)));
    }
}

/// A machine says how far it is.
pub(crate) fn heard(tx: &mut Tx<'_>, seen: &Observed) -> Result<()> {
    let host = hosts::get(tx, &seen.host.to_string())?;
    let Some(host) = host.filter(|host| host.epoch == seen.epoch.to_string()) else {
        return Ok(());
    };
    let about = |id: &String| ClusterId::parse(id).map(WorkloadId::of_overlay) == Some(seen.id);
    let Some(cluster) = overlays::on_host(tx, &host.id)?.into_iter().find(about) else {
        return Ok(());
    };
    let (Some(mut part), Some(row)) = (
        overlays::part(tx, &cluster, &host.id)?,
        clusters::get(tx, &Scope::All, &cluster)?,
    ) else {
        return Ok(());
    };
    let generation = i64::try_from(seen.generation).unwrap_or(i64::MAX);
    let problem = seen.problem.as_ref().map(|problem| problem.text.clone());
    match &problem {
        Some(problem) if part.problem.as_ref() != Some(problem) => {
            let message = format!("{}: {problem}", host.hostname);
            tracing::warn!(cluster, message, "a machine does not join a network");
            clusters::event(tx, &row, "", "join-network", "converge", "Error", &message)?;
        }
        Some(_) => {}
        None => part.applied = part.applied.max(generation.min(part.told)),
    }
    part.problem = problem;
    overlays::note(tx, &part)?;
    tx.due(Kind::Cluster, &cluster)
}

/// An agent has begun anew: what its machine had may be lost.
pub(crate) fn greeted(tx: &mut Tx<'_>, host: &str) -> Result<()> {
    for cluster in overlays::on_host(tx, host)? {
        if let Some(mut part) = overlays::part(tx, &cluster, host)? {
            (part.told, part.applied) = (0, 0);
            overlays::note(tx, &part)?;
        }
        tx.due(Kind::Cluster, &cluster)?;
    }
    Ok(())
}

/// A machine that was not counted on is from now on, or its end of tunnels is another.
pub(crate) fn changed(
    tx: &mut Tx<'_>,
    before: Option<&Host>,
    beat: &Heartbeat,
    context: &Context,
) -> Result<()> {
    let Some(before) = before else {
        return Ok(());
    };
    let host = beat.host.to_string();
    if before.epoch != beat.epoch.to_string() {
        return greeted(tx, &host);
    }
    let up = before.is_up(tx.now(), context.settings.silence());
    if up && before.inventory()?.tunnel == beat.inventory.tunnel {
        return Ok(());
    }
    for cluster in overlays::on_host(tx, &host)? {
        tx.due(Kind::Cluster, &cluster)?;
    }
    Ok(())
}
