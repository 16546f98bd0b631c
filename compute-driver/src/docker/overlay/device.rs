//! The VXLAN device: made, on its bridge, up, and leading where the order says.

use super::kernel::{Kernel, Way, bounded};
use crate::error::{DriverError, Result};
use rtnetlink::packet_route::link::{InfoData, InfoVxlan, LinkAttribute, LinkInfo, LinkMessage};
use rtnetlink::{LinkUnspec, LinkVxlan};
use schemas::workload::Overlay;
use schemas::workload::overlay::TUNNEL_PORT;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// What is for somebody unknown, or for all.
const ALL: [u8; 6] = [0; 6];

/// Makes the device be as the order says. Packets go on meanwhile, unless its number or its own end is
/// another: then it is made anew.
pub(super) async fn ensure(
    kernel: &Kernel,
    name: &str,
    bridge: u32,
    overlay: &Overlay,
) -> Result<()> {
    let mut there = kernel.link(name).await?;
    if there.as_ref().is_some_and(|link| !is_it(link, overlay)) {
        kernel.remove(name).await?;
        there = None;
    }
    let link = match there {
        Some(link) => link,
        None => make(kernel, name, overlay).await?,
    };
    let device = link.header.index;
    let wanted = ways(overlay)?;
    let has: BTreeSet<Way> = kernel.ways(device).await?.into_iter().collect();
    for way in wanted.difference(&has) {
        kernel.add_way(device, *way).await?;
    }
    for way in has.difference(&wanted) {
        kernel.drop_way(device, *way).await?;
    }
    let set = LinkUnspec::new_with_index(device)
        .mtu(overlay.mtu)
        .controller(bridge)
        .up()
        .build();
    bounded(kernel.handle.link().set(set).execute())
        .await
        .map_err(|failed| failed.during(format!("putting {name} on its bridge")))
}

async fn make(kernel: &Kernel, name: &str, overlay: &Overlay) -> Result<LinkMessage> {
    let device = LinkVxlan::new(name, overlay.vni)
        .local(overlay.address)
        .port(TUNNEL_PORT)
        .learning(false)
        .build();
    bounded(kernel.handle.link().add(device).execute())
        .await
        .map_err(|failed| failed.during(format!("making the tunnel {name}")))?;
    let made = kernel.link(name).await?;
    made.ok_or_else(|| DriverError::conflict(format!("the tunnel {name} went as it was made")))
}

/// Has the device the order's number and end?
fn is_it(link: &LinkMessage, overlay: &Overlay) -> bool {
    let data = link.attributes.iter().find_map(|it| match it {
        LinkAttribute::LinkInfo(infos) => infos.iter().find_map(|info| match info {
            LinkInfo::Data(InfoData::Vxlan(data)) => Some(data),
            _ => None,
        }),
        _ => None,
    });
    let Some(data) = data else {
        return false;
    };
    let number = InfoVxlan::Id(overlay.vni);
    let end = InfoVxlan::Local(overlay.address);
    data.contains(&number) && data.contains(&end)
}

/// Where what is for whom goes.
fn ways(overlay: &Overlay) -> Result<BTreeSet<Way>> {
    let mut ways = BTreeSet::new();
    for peer in &overlay.peers {
        ways.insert((ALL, peer.address));
        for mac in &peer.macs {
            ways.insert((parse(mac)?, peer.address));
        }
    }
    Ok(only_one_each(ways))
}

/// A hardware address is in one place. Who is said to be in two has moved a moment ago: what is for him
/// goes to all.
fn only_one_each(ways: BTreeSet<Way>) -> BTreeSet<Way> {
    let places = |mac: &[u8; 6]| ways.iter().filter(|(other, _)| other == mac).count();
    let once = |(mac, _): &&(_, Ipv4Addr)| *mac == ALL || places(mac) == 1;
    ways.iter().filter(once).copied().collect()
}

fn parse(mac: &str) -> Result<[u8; 6]> {
    let wrong = || DriverError::permanent(format!("'{mac}' is no hardware address"));
    let bytes: Vec<u8> = mac
        .split(':')
        .map(|part| u8::from_str_radix(part, 16))
        .collect::<std::result::Result<_, _>>()
        .map_err(|_| wrong())?;
    bytes.try_into().map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::ids::NetworkId;
    use schemas::workload::Peer;

    #[test]
    fn what_is_for_an_address_that_is_said_to_be_in_two_places_goes_to_all() {
        let peer = |last, macs: &[&str]| Peer {
            address: [192, 0, 2, last].into(),
            macs: macs.iter().map(|mac| (*mac).to_owned()).collect(),
        };
        let overlay = Overlay {
            network: NetworkId::new(),
            vni: 1,
            mtu: 1450,
            address: [192, 0, 2, 1].into(),
            peers: vec![
                peer(2, &["02:42:0a:00:00:02", "02:42:0a:00:00:03"]),
                peer(3, &["02:42:0a:00:00:03"]),
            ],
        };
        let two = Ipv4Addr::new(192, 0, 2, 2);
        let three = Ipv4Addr::new(192, 0, 2, 3);
        let known = [0x02, 0x42, 0x0a, 0, 0, 2];
        let wanted = BTreeSet::from([(ALL, two), (ALL, three), (known, two)]);
        assert_eq!(ways(&overlay).unwrap(), wanted);
        assert!(parse("02:42:zz:00:00:00").is_err() && parse("02:42").is_err());
    }
}
