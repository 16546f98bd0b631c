//! The network of a cluster's guests: its layout over the nodes, as this node has to know it.
//!
//! A node whose address is `a.b.c.X` has the part of number X of the pods' network, so every node knows
//! from the start which way leads to which pod.

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// Prefix of a node's part.
const PART: u8 = 24;
/// The name server's number in the services' network.
const RESOLVER: u32 = 10;

/// The layout; key `guests` of the node's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guests {
    /// All pods.
    pub pods: Ipv4Net,
    /// Virtual addresses of services.
    pub services: Ipv4Net,
    /// Domain of the services' names.
    pub domain: String,
}

/// Where this node is in the layout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The layout.
    pub guests: Guests,
    /// The node's own address.
    pub address: Ipv4Addr,
    /// Its part of the pods' network.
    pub part: Ipv4Net,
}

/// A way to another node's pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Their part of the network.
    pub to: Ipv4Net,
    /// The node.
    pub through: Ipv4Addr,
}

impl Guests {
    /// Why these cannot be.
    pub fn problem(&self) -> Option<String> {
        let (pods, services) = (self.pods, self.services);
        if pods.prefix_len() > PART || pods.addr() != pods.network() {
            return Some(format!(
                "guests.pods is {pods}: it names a network with room for parts of {PART} bits"
            ));
        }
        // There has to be an address for the name server.
        if services.prefix_len() > 24 || services.addr() != services.network() {
            return Some(format!(
                "guests.services is {services}: it names a network of at most 24 bits"
            ));
        }
        if pods.contains(&services.network()) || services.contains(&pods.network()) {
            return Some(format!(
                "guests.pods {pods} and guests.services {services} meet"
            ));
        }
        if self.domain.trim_matches('.').is_empty() {
            return Some("guests.domain is empty".to_owned());
        }
        None
    }

    /// The part of the node with this address; `None` for an address that no node has.
    fn part(&self, node: Ipv4Addr) -> Option<Ipv4Net> {
        let number = u32::from(node.octets()[3]);
        let first = u32::from(self.pods.network()).checked_add(number << (32 - PART))?;
        let part = Ipv4Net::new(first.into(), PART).ok()?;
        (number > 0 && self.pods.contains(&part)).then_some(part)
    }

    /// Where names of services are resolved.
    pub fn resolver(&self) -> Ipv4Addr {
        (u32::from(self.services.network()) + RESOLVER).into()
    }
}

impl Place {
    /// That of a node with this address.
    pub fn of(guests: &Guests, address: Ipv4Addr) -> Option<Self> {
        Some(Place {
            guests: guests.clone(),
            address,
            part: guests.part(address)?,
        })
    }

    /// The address by which the node itself is known to pods: that of its bridge, once it has one.
    pub fn gateway(&self) -> Ipv4Addr {
        (u32::from(self.part.network()) + 1).into()
    }

    /// Ways to the pods of whichever nodes may be on the network that this one is on. Of a larger
    /// network only those: others would have parts that are taken.
    pub fn ways(&self, outer: Ipv4Net) -> impl Iterator<Item = Way> + '_ {
        let [a, b, c, _] = self.address.octets();
        let others = (1..=254)
            .map(move |number| Ipv4Addr::new(a, b, c, number))
            .filter(move |it| *it != self.address && outer.contains(it))
            .filter(move |it| *it != outer.network() && *it != outer.broadcast());
        others.filter_map(|through| {
            let to = self.guests.part(through)?;
            Some(Way { to, through })
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn sample() -> Guests {
        Guests {
            pods: "10.100.0.0/16".parse().unwrap(),
            services: "10.254.0.0/16".parse().unwrap(),
            domain: "cluster.local".to_owned(),
        }
    }

    pub(crate) fn place() -> Place {
        Place::of(&sample(), Ipv4Addr::new(10, 5, 6, 7)).unwrap()
    }

    #[test]
    fn a_node_has_the_part_of_its_addresss_last_byte() {
        let place = place();
        assert_eq!(place.part.to_string(), "10.100.7.0/24");
        assert_eq!(place.gateway().to_string(), "10.100.7.1");
        assert_eq!(place.guests.resolver().to_string(), "10.254.0.10");
        assert_eq!(Place::of(&sample(), Ipv4Addr::new(10, 5, 6, 0)), None);
    }

    #[test]
    fn ways_lead_to_every_node_that_may_be_there_but_itself() {
        let place = place();
        let ways: Vec<Way> = place.ways("10.5.6.0/24".parse().unwrap()).collect();
        assert_eq!(ways.len(), 253);
        assert!(ways.contains(&Way {
            to: "10.100.9.0/24".parse().unwrap(),
            through: Ipv4Addr::new(10, 5, 6, 9),
        }));
        assert!(ways.iter().all(|it| it.to != place.part));
        let few = place.ways("10.5.6.7/28".parse().unwrap());
        let few: Vec<u8> = few.map(|it| it.through.octets()[3]).collect();
        assert_eq!(few, [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14]);
    }

    #[test]
    fn a_layout_that_cannot_be_is_refused_by_name() {
        let problem = |change: fn(&mut Guests)| {
            let mut guests = sample();
            change(&mut guests);
            guests.problem().unwrap()
        };
        assert_eq!(sample().problem(), None);
        assert!(problem(|it| it.pods = "10.100.0.0/25".parse().unwrap()).contains("pods"));
        assert!(problem(|it| it.services = "10.254.0.1/16".parse().unwrap()).contains("services"));
        assert!(problem(|it| it.services = "10.100.8.0/24".parse().unwrap()).contains("meet"));
        assert!(problem(|it| it.domain = ".".to_owned()).contains("domain"));
    }
}
