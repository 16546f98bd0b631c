//! Making the server in a place.

use super::commit::{give_up, group_row, row};
use super::snapshot::Snapshot;
use super::{kubernetes, overlay, swarm};
use crate::context::Context;
use ipnet::Ipv4Net;
use schemas::host::SWARM_LABEL;
use schemas::ids::{ClusterId, NetworkId, NodegroupId, ServerId};
use schemas::workload::{GuestNetwork, Link, Network};
use schemas::{Error, Result as Told};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;
use store::compute::launch::Launch;
use store::compute::spec::{Flavor, Node};
use store::compute::{charge, networks, nodes as servers, quotas, usages};
use store::container_infra::nodes::{self, Phase};
use store::container_infra::overlays;
use store::{Conn, Fail, Result, Tx};

/// User ids of each node: its root and whatever it runs.
const UIDS: u32 = 65_536;

/// Makes the server, or gives the place up for a reason that trying again does not change.
pub(super) fn launch(
    tx: &mut Tx<'_>,
    at: &mut Snapshot,
    place: &str,
    context: &Context,
) -> Result<()> {
    let of = row(at, place)?.nodegroup_id.clone();
    let group = group_row(at, &of)?.spec()?;
    if let Some(lack) = lacking(tx, &at.cluster.project_id, &group.flavor)? {
        return give_up(tx, at, place, &lack);
    }
    let network = match network(tx, at, context)? {
        Ok(network) => network,
        Err(error) => return give_up(tx, at, place, &error.to_string()),
    };
    let address = match row(at, place)?.address.clone() {
        Some(address) => Some(address),
        None => free_address(tx, at, &network)?,
    };
    let Some(address) = address else {
        let why = "the cluster's network has no free address: it is too large";
        return give_up(tx, at, place, why);
    };
    let guests = match GuestNetwork::of(&at.spec.labels) {
        Ok(guests) => guests,
        Err(why) => return give_up(tx, at, place, &why),
    };
    if let Some(why) = meets(&network, &guests) {
        return give_up(tx, at, place, &why);
    }
    let (id, node) = node(at, place, (network, guests), address.clone(), context)?;
    let mut wanted = wanted(at, place, context)?;
    wanted.hostname = node.kubernetes.as_ref().map(|it| it.name.clone());
    match servers::launch(tx, id, &wanted, &node) {
        Ok(_) => {}
        // Found before anything was written.
        Err(Fail::Told(Error::BadRequest(why))) => return give_up(tx, at, place, &why),
        Err(other) => return Err(other),
    }
    let place = row(at, place)?;
    place.phase = Phase::Run.as_str().into();
    place.address = Some(address);
    nodes::update(tx, place)
}

/// What the project's quota has too little of. Asked before anything is taken, so that nothing has to
/// be given back.
fn lacking(conn: &mut Conn, project_id: &str, flavor: &Flavor) -> Result<Option<String>> {
    let each = [("instances", 1)]
        .into_iter()
        .chain(charge::of_flavor(flavor));
    for (resource, amount) in each {
        if quotas::room(conn, project_id, &[(resource, amount)], 1)? < 1 {
            let used = usages::in_use(conn, project_id)?;
            let used = used.get(resource).copied().unwrap_or(0);
            let limit = quotas::limit(conn, project_id, resource)?;
            return Ok(Some(
                quotas::exceeded(resource, amount, used, limit).to_string(),
            ));
        }
    }
    Ok(None)
}

/// The cluster's own network.
fn network(tx: &mut Tx<'_>, at: &Snapshot, context: &Context) -> Result<Told<Network>> {
    let row = networks::ensure(tx, &at.cluster.id)?;
    let Some(cidr) = context.settings.subnet(row.number) else {
        return Ok(Err(Error::Unavailable(
            "every subnet of the cloud's pool is taken (conductor.network_pool); the operator has to \
             enlarge it"
                .into(),
        )));
    };
    let overlay = overlay::begin(tx, &at.cluster.id, row.number, context)?;
    let id =
        NetworkId::parse(&row.id).ok_or_else(|| Error::internal("a network's id is no UUID"))?;
    Ok(Ok(Network {
        id,
        name: at.cluster.name.clone(),
        project_id: at.cluster.project_id.clone(),
        cidr: Some(cidr),
        guests: None,
        link: Link {
            gateway: None,
            mtu: overlay.and_then(|row| u32::try_from(row.mtu).ok()),
        },
    }))
}

/// Why the nodes cannot be on that network, if so: they would not start, for networks of their guests that are
/// theirs, too, would hide it.
fn meets(network: &Network, guests: &GuestNetwork) -> Option<String> {
    let own: Ipv4Net = network.cidr.as_deref()?.parse().ok()?;
    let inner = [
        ("flannel_network_cidr", guests.pods),
        ("service_cluster_ip_range", guests.services),
    ];
    let meets = |it: &Ipv4Net| it.contains(&own.network()) || own.contains(&it.network());
    let (label, met) = inner.into_iter().find(|(_, it)| meets(it))?;
    Some(format!(
        "the cluster's network {own} meets that of its guests, {met} (label {label}): give the label another \
         range, or have the operator change conductor.network_pool"
    ))
}

/// The lowest address of the subnet that no node has, nor any machine; its first one is an engine's own.
fn free_address(conn: &mut Conn, at: &Snapshot, network: &Network) -> Result<Option<String>> {
    let Some(base) = overlay::subnet(network) else {
        return Ok(None);
    };
    let mut taken: BTreeSet<String> = at
        .places()
        .filter_map(|(_, place)| place.row.address.clone())
        .collect();
    let parts = overlays::parts(conn, &at.cluster.id)?;
    taken.extend(parts.into_iter().map(|part| part.gateway));
    Ok((2..=254)
        .map(|last| Ipv4Addr::from(u32::from(base) + last).to_string())
        .find(|address| !taken.contains(address)))
}

/// What the engine in a place is labelled with.
pub(super) fn labels(at: &mut Snapshot, place: &str) -> Result<BTreeMap<String, String>> {
    let place = row(at, place)?;
    let (of, server) = (place.nodegroup_id.clone(), place.server_id.clone());
    let mut labels = group_row(at, &of)?.spec()?.labels;
    if swarm::forms_one(&at.cluster) {
        labels.insert(SWARM_LABEL.into(), server);
    }
    Ok(labels)
}

fn node(
    at: &mut Snapshot,
    place: &str,
    (network, guests): (Network, GuestNetwork),
    address: String,
    context: &Context,
) -> Result<(ServerId, Node)> {
    let settings = &context.settings.cluster;
    let place = row(at, place)?.clone();
    let group = group_row(at, &place.nodegroup_id)?.clone();
    let labels = labels(at, &place.id)?;
    let kubernetes = kubernetes::part(at, &group, &place, (&address, &guests))?;
    let broken = |what: &str| Error::internal(format_args!("the id of a {what} is no UUID"));
    let id = ServerId::parse(&place.server_id).ok_or_else(|| broken("node's server"))?;
    let node = Node {
        cluster_id: ClusterId::parse(&place.cluster_id).ok_or_else(|| broken("cluster"))?,
        nodegroup_id: NodegroupId::parse(&place.nodegroup_id).ok_or_else(|| broken("group"))?,
        ordinal: u32::try_from(place.ordinal).unwrap_or(0),
        network,
        address,
        disk: None,
        uid_count: UIDS,
        bip: settings.node_bip.clone(),
        address_pool: settings.node_address_pool.clone(),
        address_pool_size: settings.node_address_pool_size,
        guests: Some(guests),
        labels,
        publish: kubernetes::publish(at, &group),
        kubernetes,
    };
    Ok((id, node))
}

fn wanted(at: &mut Snapshot, place: &str, context: &Context) -> Result<Launch> {
    let place = row(at, place)?.clone();
    let group = group_row(at, &place.nodegroup_id)?;
    let (name, spec) = (group.name.clone(), group.spec()?);
    // Its users find a node by what its cluster is called and labelled.
    let mut metadata: BTreeMap<String, String> = spec.labels;
    metadata.insert("jeroboam:nodegroup".into(), name);
    let cluster = &at.cluster;
    Ok(Launch {
        metadata,
        key: at.spec.key.clone(),
        patience: Duration::from_secs(context.settings.build_deadline_s),
        ..Launch::plain(
            [&cluster.project_id, &cluster.user_id, &cluster.request_id],
            format!("{}-{}", cluster.name, place.name),
            spec.image,
            spec.flavor,
        )
    })
}
