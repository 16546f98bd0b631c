//! What the agent says: all services of the cluster, full desired state.

use crate::guests::Place;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddrV4};

/// The document. Keys that are not known here are left alone: agents may be newer than a node's image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// In any order.
    pub services: Vec<Service>,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Its name, a DNS label.
    pub name: String,
    /// Its virtual address; without, its name stands for the addresses of its pods.
    #[serde(default)]
    pub address: Option<Ipv4Addr>,
    /// Addresses of the pods that are ready.
    #[serde(default)]
    pub pods: Vec<Ipv4Addr>,
    /// At which ports it is reached.
    #[serde(default)]
    pub ports: Vec<Port>,
}

/// One port of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// Its name, under which its number is asked for.
    #[serde(default)]
    pub name: Option<String>,
    /// Of the virtual address.
    pub port: u16,
    /// Of the node's own address, too.
    #[serde(default)]
    pub node_port: Option<u16>,
    /// What is spoken.
    #[serde(default)]
    pub protocol: Protocol,
    /// Where connections go; nowhere: they are refused.
    #[serde(default)]
    pub endpoints: Vec<SocketAddrV4>,
}

/// What is spoken at a port.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        })
    }
}

/// An address of a service with all that is behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Front<'a> {
    /// What is spoken there.
    pub protocol: Protocol,
    /// Virtual, or the node's own.
    pub at: SocketAddrV4,
    /// What is behind it.
    pub endpoints: &'a [SocketAddrV4],
}

impl Document {
    /// Reads one.
    ///
    /// # Errors
    /// What is not understood, or cannot be, in words.
    pub fn parse(text: &[u8], place: &Place) -> Result<Self, String> {
        let document: Self = serde_json::from_slice(text)
            .map_err(|error| format!("the services are not understood: {error}"))?;
        document.problem(place).map_or(Ok(document), Err)
    }

    fn problem(&self, place: &Place) -> Option<String> {
        let (own, resolver) = (place.guests.services, place.guests.resolver());
        for service in &self.services {
            let wrong = service.address;
            let wrong = wrong.filter(|it| *it == resolver || !own.contains(it));
            if let Some(address) = wrong {
                return Some(format!(
                    "service {} has the address {address}, which is none of {own} that a service \
                     may have",
                    service.name
                ));
            }
        }
        let mut taken = BTreeSet::new();
        let twice = self
            .fronts(place)
            .find(|it| !taken.insert((it.protocol, it.at)))?;
        Some(format!(
            "two services have {} {}; one has to go",
            twice.protocol, twice.at
        ))
    }

    /// All addresses at which services are reached on a node.
    pub fn fronts(&self, place: &Place) -> impl Iterator<Item = Front<'_>> {
        let node = place.address;
        let ports = self.services.iter().flat_map(|service| {
            let ports = service.ports.iter();
            ports.map(move |port| (service.address, port))
        });
        ports.flat_map(move |(address, port)| {
            let virtual_ = address.map(|it| SocketAddrV4::new(it, port.port));
            let nodes = port.node_port.map(|it| SocketAddrV4::new(node, it));
            let front = |at| Front {
                protocol: port.protocol,
                at,
                endpoints: &port.endpoints,
            };
            virtual_.into_iter().chain(nodes).map(front)
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::guests::tests::place;
    use serde_json::json;

    /// `web` with two endpoints and a port of the node, `dns` over UDP with none.
    pub(crate) fn sample() -> Document {
        let text = json!({
            "cluster_id": "whoever's",
            "services": [
                {
                    "name": "web", "address": "10.254.0.40", "pods": ["10.100.7.2", "10.100.8.2"],
                    "ports": [{
                        "name": "http", "port": 80, "node_port": 30080, "protocol": "tcp",
                        "endpoints": ["10.100.7.2:8080", "10.100.8.2:8080"],
                    }],
                },
                {
                    "name": "dns", "address": "10.254.0.41", "pods": [],
                    "ports": [{ "port": 53, "node_port": null, "protocol": "udp", "endpoints": [] }],
                },
                { "name": "peers", "address": null, "pods": ["10.100.8.2", "10.100.9.9"],
                  "ports": [{
                      "name": "sql", "port": 5432, "protocol": "tcp",
                      "endpoints": ["10.100.8.2:5432", "10.100.9.9:5433"],
                  }],
                },
                { "name": "nobody", "address": null, "pods": [], "ports": [] },
            ],
        });
        Document::parse(text.to_string().as_bytes(), &place()).unwrap()
    }

    #[test]
    fn a_service_is_reached_at_its_address_and_at_the_nodes() {
        let document = sample();
        let fronts: Vec<String> = document
            .fronts(&place())
            .map(|it| format!("{} {} {}", it.protocol, it.at, it.endpoints.len()))
            .collect();
        let all = [
            "tcp 10.254.0.40:80 2",
            "tcp 10.5.6.7:30080 2",
            "udp 10.254.0.41:53 0",
        ];
        assert_eq!(fronts, all);
    }

    #[test]
    fn services_that_cannot_be_are_refused_by_name() {
        let refused = |text: &str| Document::parse(text.as_bytes(), &place()).unwrap_err();
        assert!(refused("{").contains("not understood"));
        assert!(refused("{}").contains("services"));
        for address in ["10.254.0.10", "10.5.6.7"] {
            let text = json!({ "services": [{ "name": "a", "address": address }] });
            assert!(refused(&text.to_string()).contains("service a has the address"));
        }
        let port = json!({ "port": 1, "node_port": 30_000 });
        let text = json!({ "services": [
            { "name": "a", "address": "10.254.0.40", "ports": [port] },
            { "name": "b", "address": "10.254.0.41", "ports": [port] },
        ] });
        let told = refused(&text.to_string());
        assert!(
            told.contains("two services have tcp 10.5.6.7:30000"),
            "{told}"
        );
    }
}
