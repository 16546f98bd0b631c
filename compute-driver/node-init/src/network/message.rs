//! What the kernel says about interfaces, and how it is said again elsewhere. Pure.

use ipnet::IpNet;
use rtnetlink::packet_route::AddressFamily;
use rtnetlink::packet_route::address::{
    AddressAttribute, AddressHeaderFlags, AddressMessage, AddressScope,
};
use rtnetlink::packet_route::link::{LinkAttribute, LinkMessage};
use rtnetlink::packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteType,
};
use std::net::{IpAddr, Ipv4Addr};

/// An interface's name and hardware address. Those without one (tunnels) are left alone.
pub fn name_and_hardware(link: &LinkMessage) -> Option<(String, Vec<u8>)> {
    let name = link.attributes.iter().find_map(|it| match it {
        LinkAttribute::IfName(name) => Some(name.clone()),
        _ => None,
    })?;
    let hardware = link.attributes.iter().find_map(|it| match it {
        LinkAttribute::Address(address) if address.len() == 6 => Some(address.clone()),
        _ => None,
    })?;
    Some((name, hardware))
}

/// Another hardware address, as unique as this one: the outer engine derives its own from the
/// addresses of a network, or draws them.
pub fn other_hardware(hardware: &[u8]) -> Vec<u8> {
    const SEVERAL: u8 = 1;
    const LOCAL: u8 = 2;
    const OTHER: u8 = 4;
    let mut other = hardware.to_vec();
    if let Some(first) = other.first_mut() {
        *first = (*first ^ OTHER | LOCAL) & !SEVERAL;
    }
    other
}

/// Is it an address that was given, not one that an interface gives itself?
pub fn moves(address: &AddressMessage) -> bool {
    address.header.scope == AddressScope::Universe
}

/// An address with the size of its network.
pub fn network(address: &AddressMessage) -> Option<IpNet> {
    let attributes = &address.attributes;
    let local = attributes.iter().find_map(|it| match it {
        AddressAttribute::Local(address) => Some(*address),
        _ => None,
    });
    // IPv6 has this one only; on a point-to-point line of IPv4 it is that of the other end.
    let plain = attributes.iter().find_map(|it| match it {
        AddressAttribute::Address(address) => Some(*address),
        _ => None,
    });
    let address_: IpAddr = local.or(plain)?;
    IpNet::new(address_, address.header.prefix_len).ok()
}

/// Spares an address that was in use a moment ago the search for somebody else who has it.
pub fn already_ours(address: &mut AddressMessage) {
    if address.header.family == AddressFamily::Inet6 {
        address.header.flags |= AddressHeaderFlags::Nodad;
    }
}

/// Requests for all routes there are.
pub fn all_routes() -> impl Iterator<Item = RouteMessage> {
    [AddressFamily::Inet, AddressFamily::Inet6]
        .into_iter()
        .map(|family| {
            let mut request = RouteMessage::default();
            request.header.address_family = family;
            request
        })
}

/// The route, if it leads through that interface and somebody made it: those that come with an
/// address come by themselves again.
pub fn route_by(route: &RouteMessage, index: u32) -> Option<RouteMessage> {
    let header = &route.header;
    let ours = header.table == RouteHeader::RT_TABLE_MAIN
        && header.kind == RouteType::Unicast
        && header.protocol != RouteProtocol::Kernel
        && route.attributes.contains(&RouteAttribute::Oif(index));
    ours.then(|| route.clone())
}

/// The IPv4 address through which a route leads, if it leads through one.
pub fn gateway(route: &RouteMessage) -> Option<Ipv4Addr> {
    route.attributes.iter().find_map(|it| match it {
        RouteAttribute::Gateway(RouteAddress::Inet(address)) => Some(*address),
        _ => None,
    })
}

/// The same route by another interface.
pub fn through(mut route: RouteMessage, index: u32) -> RouteMessage {
    route.attributes.retain(|it| {
        matches!(
            it,
            RouteAttribute::Destination(_)
                | RouteAttribute::Gateway(_)
                | RouteAttribute::PrefSource(_)
                | RouteAttribute::Priority(_)
                | RouteAttribute::Metrics(_)
        )
    });
    route.attributes.push(RouteAttribute::Oif(index));
    // What they say is a state, not a wish.
    route.header.flags = Default::default();
    route
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_hardware_address_is_local_and_of_one_interface() {
        let docker = [0x02, 0x42, 0xac, 0x12, 0, 2];
        assert_eq!(other_hardware(&docker), [0x06, 0x42, 0xac, 0x12, 0, 2]);
        assert_eq!(other_hardware(&other_hardware(&docker)), docker);
        for first in 0..=u8::MAX {
            let other = other_hardware(&[first, 1, 2, 3, 4, 5]);
            assert_eq!(other[0] & 3, 2);
            assert_ne!(other[0], first);
        }
    }

    #[test]
    fn routes_that_come_with_an_address_are_not_copied() {
        let gateway = RouteAttribute::Gateway(RouteAddress::Inet(Ipv4Addr::new(10, 0, 0, 1)));
        let mut default = RouteMessage::default();
        default.header.table = RouteHeader::RT_TABLE_MAIN;
        default.header.kind = RouteType::Unicast;
        default.header.protocol = RouteProtocol::Boot;
        default.attributes = vec![
            RouteAttribute::Table(254),
            gateway.clone(),
            RouteAttribute::Oif(7),
        ];
        assert_eq!(route_by(&default, 8), None);
        let copied = through(route_by(&default, 7).unwrap(), 2);
        assert_eq!(super::gateway(&copied), Some(Ipv4Addr::new(10, 0, 0, 1)));
        assert_eq!(copied.attributes, [gateway, RouteAttribute::Oif(2)]);
        default.header.protocol = RouteProtocol::Kernel;
        assert_eq!(route_by(&default, 7), None);
    }

    #[test]
    fn an_address_is_the_interfaces_own_end() {
        let mut message = AddressMessage::default();
        message.header.prefix_len = 24;
        let address = |last| IpAddr::from(Ipv4Addr::new(10, 0, 0, last));
        message.attributes = vec![AddressAttribute::Address(address(9))];
        assert_eq!(network(&message).unwrap().to_string(), "10.0.0.9/24");
        message.attributes.push(AddressAttribute::Local(address(5)));
        assert_eq!(network(&message).unwrap().to_string(), "10.0.0.5/24");
    }
}
