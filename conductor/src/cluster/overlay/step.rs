//! Telling machines: what is wanted is worked out of rows in the look's transaction, told after its
//! commit, and told again until it is answered.

use crate::context::Context;
use crate::look::Effect;
use schemas::host::{Converge, Desired, Seen};
use schemas::ids::{ClusterId, NetworkId, WorkloadId};
use schemas::workload::{self, Peer};
use schemas::{Error, Timestamp};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;
use store::compute::hosts::{self, Host};
use store::compute::networks;
use store::compute::servers::{self, Server};
use store::container_infra::clusters::Cluster;
use store::container_infra::overlays::{self, Member, Overlay, Part};
use store::{Fail, Result, Tx};

/// One step: what is to be told, and when to look again.
pub(in crate::cluster) fn step(
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
    let before = row.members()?;
    let members = members(&servers, &machines, &before)?;
    if before != members {
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

/// The machines with a node that was seen there, so that the network is there, too. One that was joined
/// stays so while its agent cannot tell where its tunnels end.
fn members(
    servers: &[Server],
    machines: &BTreeMap<String, Host>,
    before: &[Member],
) -> Result<Vec<Member>> {
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
        let known = || before.iter().find(|member| member.host == *id);
        let address = match host.inventory()?.tunnel {
            Some(tunnel) => Some(tunnel.address),
            None => known().map(|member| member.peer.address),
        };
        let Some(address) = address else {
            continue;
        };
        let member = members.entry(id).or_insert_with(|| Member {
            host: id.clone(),
            peer: Peer {
                address,
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
        let network = networks::id_of(&self.row.cluster_id);
        let broken = |what: &str| Fail::from(Error::internal(format_args!("a {what} is broken")));
        let order = workload::Overlay {
            network: NetworkId::parse(&network).ok_or_else(|| broken("network's id"))?,
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
