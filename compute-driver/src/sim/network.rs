//! Simulated networks: subnets that must not overlap, addresses given out from the lowest.

use crate::error::{DriverError, Result};
use ipnet::IpNet;
use schemas::workload::{Attachment, Interface, Network};
use std::net::IpAddr;

/// A network and the subnet it has got.
#[derive(Clone, Debug)]
pub(super) struct Subnet {
    pub(super) network: Network,
    pub(super) range: IpNet,
}

/// Gives a network its subnet, or says why it cannot have it.
pub(super) fn place(network: &Network, taken: &[IpNet]) -> Result<IpNet> {
    let free = |range: &IpNet| !taken.iter().any(|other| overlap(range, other));
    let Some(cidr) = &network.cidr else {
        let pool: IpNet = IpNet::V4(ipnet::Ipv4Net::new_assert([10, 200, 0, 0].into(), 13));
        let mut ranges = pool.subnets(24).into_iter().flatten();
        return ranges
            .find(free)
            .ok_or_else(|| DriverError::host_fault("this host has no free subnet left"));
    };
    let range: IpNet = cidr
        .parse()
        .map_err(|_| DriverError::permanent(format!("'{cidr}' is no subnet in CIDR form")))?;
    if free(&range) {
        Ok(range.trunc())
    } else {
        Err(DriverError::host_fault(format!(
            "the subnet {cidr} overlaps with another network of this host; choose another subnet"
        )))
    }
}

/// Gives an interface its address.
pub(super) fn connect(
    subnet: &Subnet,
    attachment: &Attachment,
    taken: &[IpAddr],
) -> Result<Interface> {
    let gateway = subnet.network.link.gateway.map(IpAddr::V4);
    let gateway = gateway.or_else(|| subnet.range.hosts().next());
    let free = |address: &IpAddr| Some(*address) != gateway && !taken.contains(address);
    let address = match &attachment.address {
        None => subnet.range.hosts().find(free).ok_or_else(|| {
            DriverError::conflict(format!(
                "network '{}' has no free address left",
                subnet.network.name
            ))
        })?,
        Some(text) => {
            let wanted = text
                .parse()
                .ok()
                .filter(|address| subnet.range.contains(address));
            let wanted: IpAddr = wanted.ok_or_else(|| {
                let (range, name) = (subnet.range, &subnet.network.name);
                DriverError::permanent(format!(
                    "the address {text} is not within the subnet {range} of network '{name}'"
                ))
            })?;
            if !free(&wanted) {
                return Err(DriverError::conflict(format!(
                    "the address {text} is in use on network '{}'",
                    subnet.network.name
                )));
            }
            wanted
        }
    };
    Ok(Interface {
        network_id: subnet.network.id,
        network_name: subnet.network.name.clone(),
        address: address.to_string(),
        prefix: subnet.range.prefix_len(),
        mac: mac(address),
    })
}

fn mac(address: IpAddr) -> String {
    let octets = match address {
        IpAddr::V4(v4) => v4.octets(),
        IpAddr::V6(v6) => v6.octets()[12..].try_into().unwrap_or_default(),
    };
    let [a, b, c, d] = octets;
    format!("02:42:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
}

fn overlap(one: &IpNet, other: &IpNet) -> bool {
    one.contains(&other.network()) || other.contains(&one.network())
}
