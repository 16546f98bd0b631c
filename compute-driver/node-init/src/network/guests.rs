//! The ways of the cluster's guests: to the pods of every other node through that node, and to the
//! address of the name server, which is the node itself.

use super::index_of;
use crate::error::{During, Result};
use crate::guests::{Guests, Place};
use ipnet::{IpNet, Ipv4Net};
use rtnetlink::packet_route::route::RouteType;
use rtnetlink::{Handle, RouteMessageBuilder};
use std::net::Ipv4Addr;

/// Makes the ways, once the interface is up that all nodes of the cluster are reached by. Returns the
/// node's place; `None` when no address of the interface is one of a node.
pub async fn join(
    inside: &Handle,
    index: u32,
    guests: &Guests,
    addresses: &[IpNet],
    gateways: &[Ipv4Addr],
) -> Result<Option<Place>> {
    let found = addresses.iter().find_map(|it| match it {
        IpNet::V4(outer) => Some((*outer, Place::of(guests, outer.addr())?)),
        IpNet::V6(_) => None,
    });
    let Some((outer, place)) = found else {
        return Ok(None);
    };
    let loopback = index_of(inside, "lo").await?;
    let resolver = guests.resolver();
    let added = inside.address().add(loopback, resolver.into(), 32);
    let added = added.execute().await;
    added.during(format!(
        "giving the node the name server's address {resolver}"
    ))?;
    // What is for a pod that is nowhere does not leave the cluster.
    let nowhere = to(guests.pods).kind(RouteType::Unreachable).build();
    let added = inside.route().add(nowhere).execute().await;
    added.during(format!("keeping what is for {} inside", guests.pods))?;
    for way in place.ways(outer) {
        // Nobody's node: the machine's own address, which leads everywhere.
        if gateways.contains(&way.through) {
            continue;
        }
        let route = to(way.to).gateway(way.through).output_interface(index);
        let added = inside.route().add(route.build()).execute().await;
        added.during(format!("leading {} to {}", way.to, way.through))?;
    }
    Ok(Some(place))
}

fn to(network: Ipv4Net) -> RouteMessageBuilder<Ipv4Addr> {
    RouteMessageBuilder::<Ipv4Addr>::new()
        .destination_prefix(network.network(), network.prefix_len())
}
