//! Which virtual address and which ports of nodes a service has: those that its manifest asks for,
//! those it had, or whichever are free. All in the transaction that writes its row.

use super::NodePorts;
use crate::container_infra::bay;
use rand::Rng;
use rand::seq::IndexedRandom;
use schemas::Error;
use schemas::container_infra::body::invalid;
use schemas::container_infra::manifest::Service as Wanted;
use schemas::workload::GuestNetwork;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use store::container_infra::services::{self, Port, Reach};
use store::{Conn, Result, Scope};

/// The network of the guests of the bay, if services can be made or changed in it now.
///
/// # Errors
/// As [`bay::open`].
pub(super) fn network(conn: &mut Conn, scope: &Scope, id: &str) -> Result<GuestNetwork> {
    let bay = bay::open(conn, scope, id, "services")?;
    let told = |why| Error::BadRequest(format!("Bay {} can have no services: {why}", bay.name));
    Ok(GuestNetwork::of(&bay.spec()?.labels).map_err(told)?)
}

/// The virtual address of a new service.
///
/// # Errors
/// `BadRequest` for one that is not the bay's to give, `Conflict` when all are taken. That one which is
/// asked for is free is found when the row is written.
pub(super) fn address(
    conn: &mut Conn,
    network: &GuestNetwork,
    cluster: &str,
    wanted: &Wanted,
) -> Result<Option<Ipv4Addr>> {
    if wanted.reach == Reach::Headless {
        return Ok(None);
    }
    if let Some(asked) = wanted.address {
        if !network.is_for_services(asked) {
            let told = format!(
                "spec.clusterIP: {asked} is none of the bay's to give: {} to {} are.",
                network.service_address(0),
                network.last_service_address(),
            );
            return Err(invalid("manifest", &told).into());
        }
        return Ok(Some(asked));
    }
    let taken = services::addresses(conn, cluster)?;
    // They come round: among one more than are taken there is a free one, unless there are no more.
    let start = rand::rng().random::<u32>() >> 1;
    let mut drawn = (0..=taken.len()).filter_map(|step| {
        let step = u32::try_from(step).ok()?;
        Some(network.service_address(start + step))
    });
    let free = drawn.find(|address| !taken.contains(&address.to_string()));
    free.map(Some).ok_or_else(|| {
        Error::Conflict(format!(
            "All addresses of {} are taken; delete a service, or make a bay with a larger \
             service_cluster_ip_range.",
            network.services
        ))
        .into()
    })
}

/// The ports of a service, with a port of the nodes for each if it is published. `before`: those it
/// has; who has one already keeps it unless he asks for another.
///
/// # Errors
/// `BadRequest` for a port that is nobody's to ask for, `Conflict` when all are taken. That one which is
/// asked for is free is found when the row is written.
pub(super) fn ports(
    conn: &mut Conn,
    wanted: &Wanted,
    before: &[Port],
    range: NodePorts,
) -> Result<Vec<Port>> {
    let mut ports = wanted.ports.clone();
    if !wanted.reach.is_published() {
        return Ok(ports);
    }
    for (index, port) in ports.iter().enumerate() {
        if let Some(asked) = port.node_port {
            may_have(index, asked, before, range)?;
        }
    }
    let mut own: BTreeSet<u16> = ports.iter().filter_map(|port| port.node_port).collect();
    for port in ports.iter_mut().filter(|port| port.node_port.is_none()) {
        let same = |old: &&Port| (old.port, old.protocol) == (port.port, port.protocol);
        let had = before.iter().find(same).and_then(|old| old.node_port);
        // Another port of the manifest may have asked for it.
        port.node_port = had.filter(|had| own.insert(*had));
    }
    if ports.iter().all(|port| port.node_port.is_some()) {
        return Ok(ports);
    }
    let mut taken = services::published(conn)?;
    let dropped = before.iter().filter_map(|port| port.node_port);
    dropped.for_each(|port| {
        taken.remove(&port);
    });
    taken.append(&mut own);
    let mut free = range.free(&taken);
    for port in ports.iter_mut().filter(|port| port.node_port.is_none()) {
        let drawn = free.choose(&mut rand::rng()).copied();
        let drawn = drawn.ok_or_else(|| {
            Error::Conflict(format!(
                "All ports of {range} are published for services already; delete one of the types \
                 NodePort and LoadBalancer, or use ClusterIP."
            ))
        })?;
        free.retain(|other| *other != drawn);
        port.node_port = Some(drawn);
    }
    Ok(ports)
}

/// The range may have been another one when the service was given its ports.
fn may_have(index: usize, asked: u16, before: &[Port], range: NodePorts) -> Result<()> {
    let kept = before.iter().any(|port| port.node_port == Some(asked));
    match kept || range.contains(asked) {
        true => Ok(()),
        false => Err(invalid(
            "manifest",
            &format!(
                "spec.ports[{index}].nodePort: {asked} is not one of {range}, which services have."
            ),
        )
        .into()),
    }
}
