//! The network of a cluster's guests, as it is laid out over the nodes.
//!
//! Each node has a network of its own for them, whose number is the last byte of the node's address, so
//! that all nodes know from the start which way leads to which pod:
//!
//! ```text
//!   pods 10.100.0.0/16     node 10.128.3.7 of the cluster's network has 10.100.7.0/24
//!   services 10.254.0.0/16 nobody's: virtual addresses, which every node translates
//! ```

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Labels of clusters that say so; upstream's words and defaults (user guide of Magnum, "Labels").
pub const PODS_LABEL: &str = "flannel_network_cidr";
/// See [`PODS_LABEL`].
pub const SERVICES_LABEL: &str = "service_cluster_ip_range";
/// See [`PODS_LABEL`].
pub const DOMAIN_LABEL: &str = "dns_cluster_domain";

/// Prefix of a node's part of the pods' network.
const PART: u8 = 24;
/// So many addresses at the beginning of the services' network are not given to services.
const RESERVED: u32 = 32;
/// The name server's number in the services' network, as upstream has it.
const RESOLVER: u32 = 10;

/// The guests' network of one cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GuestNetwork {
    /// All pods; a prefix of at most 16 bits.
    pub pods: Ipv4Net,
    /// Virtual addresses of services.
    pub services: Ipv4Net,
    /// Domain of the services' names: `NAME.default.svc.DOMAIN`.
    pub domain: String,
}

impl Default for GuestNetwork {
    fn default() -> Self {
        GuestNetwork {
            pods: Ipv4Net::new_assert(Ipv4Addr::new(10, 100, 0, 0), 16),
            services: Ipv4Net::new_assert(Ipv4Addr::new(10, 254, 0, 0), 16),
            domain: "cluster.local".into(),
        }
    }
}

impl GuestNetwork {
    /// As a cluster's labels have it.
    ///
    /// # Errors
    /// What is wrong with which label, in words.
    pub fn of(labels: &BTreeMap<String, String>) -> Result<Self, String> {
        let mut network = GuestNetwork::default();
        if let Some(text) = given(labels, PODS_LABEL) {
            network.pods = parsed(PODS_LABEL, text, 8, 16)?;
        }
        if let Some(text) = given(labels, SERVICES_LABEL) {
            network.services = parsed(SERVICES_LABEL, text, 8, 24)?;
        }
        if let Some(text) = given(labels, DOMAIN_LABEL) {
            network.domain = domain(text)?;
        }
        let (pods, services) = (network.pods, network.services);
        if pods.contains(&services.network()) || services.contains(&pods.network()) {
            return Err(format!(
                "{PODS_LABEL} {pods} and {SERVICES_LABEL} {services} meet; choose others."
            ));
        }
        Ok(network)
    }

    /// The part of the node with this address; `None` for an address that no node has.
    pub fn part(&self, node: Ipv4Addr) -> Option<Ipv4Net> {
        let number = u32::from(node.octets()[3]);
        let first = u32::from(self.pods.network()).checked_add(number << (32 - PART))?;
        let part = Ipv4Net::new(first.into(), PART).ok()?;
        (number > 0 && self.pods.contains(&part)).then_some(part)
    }

    /// Where names of services are resolved, on every node.
    pub fn resolver(&self) -> Ipv4Addr {
        (u32::from(self.services.network()) + RESOLVER).into()
    }

    /// Where the API server of a cluster of Kubernetes is known to its pods: the first address, as
    /// Kubernetes has it.
    pub fn api_server(&self) -> Ipv4Addr {
        (u32::from(self.services.network()) + 1).into()
    }

    /// Domains in which guests look for short names, nearest first.
    pub fn search(&self) -> Vec<String> {
        let domain = &self.domain;
        vec![
            format!("default.svc.{domain}"),
            format!("svc.{domain}"),
            domain.clone(),
        ]
    }

    /// May a service have this address?
    pub fn is_for_services(&self, address: Ipv4Addr) -> bool {
        let own = self.services;
        own.contains(&address)
            && u32::from(address) - u32::from(own.network()) >= RESERVED
            && address != own.broadcast()
    }

    /// The address of a service by its number, for whoever draws one; they come round again.
    pub fn service_address(&self, number: u32) -> Ipv4Addr {
        let size = 1u32 << (32 - self.services.prefix_len());
        let room = size - RESERVED - 1;
        (u32::from(self.services.network()) + RESERVED + number % room).into()
    }

    /// The last address that a service may have; the first is that of number 0.
    pub fn last_service_address(&self) -> Ipv4Addr {
        (u32::from(self.services.broadcast()) - 1).into()
    }
}

fn given<'a>(labels: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    let text = labels.get(name)?.trim();
    (!text.is_empty()).then_some(text)
}

fn parsed(label: &str, text: &str, least: u8, most: u8) -> Result<Ipv4Net, String> {
    let net: Ipv4Net = text
        .parse()
        .map_err(|_| format!("{label} is {text}, no IPv4 network such as 10.100.0.0/16."))?;
    if !(least..=most).contains(&net.prefix_len()) || net.network() != net.addr() {
        return Err(format!(
            "{label} is {text}: it names a network by its first address, with a prefix between {least} \
             and {most}."
        ));
    }
    if net.network().is_loopback() || net.network().is_multicast() || net.network().octets()[0] == 0
    {
        return Err(format!("{label} is {text}, where no pod can be."));
    }
    Ok(net)
}

fn domain(text: &str) -> Result<String, String> {
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part
                .bytes()
                .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
    };
    match text.len() <= 200 && text.split('.').all(label) {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "{DOMAIN_LABEL} is {text}, no domain such as cluster.local (small letters, digits, hyphens)."
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn the_layout_is_upstreams_unless_labels_say_otherwise() {
        let network = GuestNetwork::of(&labels(&[(PODS_LABEL, "")])).unwrap();
        assert_eq!(network, GuestNetwork::default());
        assert_eq!(network.resolver().to_string(), "10.254.0.10");
        assert_eq!(network.search()[0], "default.svc.cluster.local");
        let own = labels(&[
            (PODS_LABEL, "172.16.0.0/12"),
            (SERVICES_LABEL, "192.168.4.0/24"),
            (DOMAIN_LABEL, "bay.example"),
        ]);
        let network = GuestNetwork::of(&own).unwrap();
        assert_eq!(network.resolver().to_string(), "192.168.4.10");
        assert_eq!(network.domain, "bay.example");
    }

    #[test]
    fn a_label_that_cannot_be_is_refused_by_its_name() {
        for (label, text) in [
            (PODS_LABEL, "10.100.0.0"),
            (PODS_LABEL, "10.100.0.0/20"),
            (PODS_LABEL, "10.100.0.1/16"),
            (PODS_LABEL, "127.0.0.0/8"),
            (PODS_LABEL, "10.254.0.0/16"),
            (SERVICES_LABEL, "fd00::/64"),
            (SERVICES_LABEL, "10.1.0.0/28"),
            (DOMAIN_LABEL, "Cluster.local"),
            (DOMAIN_LABEL, "a..b"),
        ] {
            let told = GuestNetwork::of(&labels(&[(label, text)])).unwrap_err();
            assert!(told.contains(label), "{told}");
        }
    }

    #[test]
    fn each_node_has_a_part_of_its_own() {
        let network = GuestNetwork::default();
        let part = |text: &str| network.part(text.parse().unwrap());
        assert_eq!(part("10.128.3.7").unwrap().to_string(), "10.100.7.0/24");
        assert_eq!(part("10.128.3.254").unwrap().to_string(), "10.100.254.0/24");
        assert_eq!(part("10.128.3.0"), None);
    }

    #[test]
    fn services_have_addresses_that_are_nobody_elses() {
        let network = GuestNetwork::of(&labels(&[(SERVICES_LABEL, "10.7.0.0/24")])).unwrap();
        for number in 0..1000 {
            assert!(network.is_for_services(network.service_address(number)));
        }
        let last = network.last_service_address();
        assert!(network.is_for_services(last) && last.to_string() == "10.7.0.254");
        for text in ["10.7.0.10", "10.7.0.31", "10.7.0.255", "10.7.1.40"] {
            assert!(!network.is_for_services(text.parse().unwrap()), "{text}");
        }
    }
}
