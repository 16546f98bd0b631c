//! Which addresses a name stands for, as Kubernetes' specification of names has it. Pure.

use super::document::{Document, Port, Service};
use std::net::{Ipv4Addr, SocketAddrV4};

/// What is known of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Its addresses.
    Addresses(Vec<Ipv4Addr>),
    /// The ports that it stands for, each at a host.
    Ports(Vec<Target>),
    /// It is an address, whose names within the domain these are.
    Names(Vec<String>),
    /// It is there, and has no address.
    Nothing,
    /// There is no such name, and nobody else knows it.
    Unknown,
    /// Others may know it.
    Elsewhere,
}

/// A port at a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The port.
    pub port: u16,
    /// The host's name within the domain: `web.default.svc`.
    pub name: String,
    /// The host's address.
    pub address: Ipv4Addr,
}

/// Looks for a name, in small letters and without a dot at its end. `NAME.default.svc.DOMAIN` is a
/// service's; guests that do not search may leave out its end. Of a service
/// `_PORT._PROTOCOL.NAME.default.svc.DOMAIN` is a port that has a name, and, where its name stands for
/// its pods, `10-100-7-2.NAME.default.svc.DOMAIN` is one of them.
pub fn find(document: &Document, domain: &str, name: &str) -> Found {
    if let Some(address) = reversed(name) {
        return match named(document, address) {
            names if names.is_empty() => Found::Elsewhere,
            names => Found::Names(names),
        };
    }
    let inside = match name.strip_suffix(domain) {
        Some("") => return Found::Nothing,
        rest => rest.and_then(|it| it.strip_suffix('.')),
    };
    match inside {
        Some("svc" | "default.svc") => Found::Nothing,
        Some(inside) => {
            let service = inside.strip_suffix(".default.svc");
            service.map_or(Found::Unknown, |it| of_service(document, it))
        }
        None => {
            let short = name.strip_suffix(".svc").unwrap_or(name);
            let short = short.strip_suffix(".default");
            match of_service(document, short.unwrap_or(name)) {
                // A name of one word is nobody's out there.
                Found::Unknown if name.contains('.') => Found::Elsewhere,
                found => found,
            }
        }
    }
}

/// `WORDS.SERVICE`, or the service alone.
fn of_service(document: &Document, name: &str) -> Found {
    let Some((before, service)) = name.rsplit_once('.') else {
        return addresses(document, name);
    };
    let Some(service) = document.services.iter().find(|it| it.name == service) else {
        return Found::Unknown;
    };
    match before.split_once('.') {
        Some((port, protocol)) => ports(service, port, protocol),
        None => {
            let pod = |address: &&Ipv4Addr| dashed(**address) == before;
            let pod = service.pods.iter().find(pod);
            // Of a service with an address pods have no names.
            let pod = pod.filter(|_| service.address.is_none());
            pod.map_or(Found::Unknown, |it| Found::Addresses(vec![*it]))
        }
    }
}

/// `_http`, `_tcp`.
fn ports(service: &Service, port: &str, protocol: &str) -> Found {
    let asked = |one: &&Port| {
        let name = port.strip_prefix('_');
        let spoken = one.protocol.to_string();
        one.name.is_some()
            && one.name.as_deref() == name
            && protocol.strip_prefix('_') == Some(&spoken)
    };
    let Some(port) = service.ports.iter().find(asked) else {
        return Found::Unknown;
    };
    let all: Vec<Target> = match service.address {
        Some(address) => vec![Target {
            port: port.port,
            name: within(service, None),
            address,
        }],
        None => {
            let endpoints = port.endpoints.iter();
            let target = |it: &SocketAddrV4| Target {
                port: it.port(),
                name: within(service, Some(*it.ip())),
                address: *it.ip(),
            };
            endpoints.map(target).collect()
        }
    };
    match all.is_empty() {
        true => Found::Unknown,
        false => Found::Ports(all),
    }
}

/// The name of a service, or of one of its pods, within the domain.
fn within(service: &Service, pod: Option<Ipv4Addr>) -> String {
    let service = format!("{}.default.svc", service.name);
    pod.map_or(service.clone(), |pod| format!("{}.{service}", dashed(pod)))
}

fn dashed(address: Ipv4Addr) -> String {
    address.to_string().replace('.', "-")
}

/// Names of an address.
fn named(document: &Document, address: Ipv4Addr) -> Vec<String> {
    let each = document.services.iter();
    let names = each.filter_map(|service| match service.address {
        Some(own) => (own == address).then(|| within(service, None)),
        None => {
            let pod = service.pods.contains(&address);
            pod.then(|| within(service, Some(address)))
        }
    });
    names.collect()
}

/// `2.7.100.10.in-addr.arpa` is 10.100.7.2.
fn reversed(name: &str) -> Option<Ipv4Addr> {
    let bytes = name.strip_suffix(".in-addr.arpa")?.split('.').rev();
    let text = bytes.collect::<Vec<_>>().join(".");
    text.parse().ok()
}

fn addresses(document: &Document, service: &str) -> Found {
    let Some(service) = document.services.iter().find(|it| it.name == service) else {
        return Found::Unknown;
    };
    match service.address {
        Some(address) => Found::Addresses(vec![address]),
        // As if it were not there: whoever asks would else hold a name that leads nowhere for good.
        None if service.pods.is_empty() => Found::Unknown,
        None => Found::Addresses(service.pods.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::document::tests::sample;

    #[test]
    fn names_of_services_stand_for_their_addresses_and_others_are_asked_elsewhere() {
        let web = Found::Addresses(vec![Ipv4Addr::new(10, 254, 0, 40)]);
        let pods = [[10, 100, 8, 2], [10, 100, 9, 9]].map(Ipv4Addr::from);
        for (name, found) in [
            ("web.default.svc.cluster.local", web.clone()),
            ("web.default.svc", web.clone()),
            ("web.default", web.clone()),
            ("web", web),
            (
                "peers.default.svc.cluster.local",
                Found::Addresses(pods.to_vec()),
            ),
            ("nobody.default.svc.cluster.local", Found::Unknown),
            ("default.svc.cluster.local", Found::Nothing),
            ("cluster.local", Found::Nothing),
            ("other.default.svc.cluster.local", Found::Unknown),
            ("web.other.svc.cluster.local", Found::Unknown),
            ("web.svc.cluster.local", Found::Unknown),
            ("www.example.org.cluster.local", Found::Unknown),
            ("other", Found::Unknown),
            ("www.example.org", Found::Elsewhere),
            ("notcluster.local", Found::Elsewhere),
            ("web.svc", Found::Elsewhere),
        ] {
            assert_eq!(find(&sample(), "cluster.local", name), found, "{name}");
        }
    }

    #[test]
    fn a_port_with_a_name_is_a_number_at_the_service_or_at_each_of_its_pods() {
        let target = |port, name: &str, address: [u8; 4]| Target {
            port,
            name: name.into(),
            address: address.into(),
        };
        let web = Found::Ports(vec![target(80, "web.default.svc", [10, 254, 0, 40])]);
        let peers = Found::Ports(vec![
            target(5432, "10-100-8-2.peers.default.svc", [10, 100, 8, 2]),
            target(5433, "10-100-9-9.peers.default.svc", [10, 100, 9, 9]),
        ]);
        let one = Found::Addresses(vec![Ipv4Addr::new(10, 100, 9, 9)]);
        for (name, found) in [
            ("_http._tcp.web.default.svc.cluster.local", web.clone()),
            ("_http._tcp.web", web),
            ("_sql._tcp.peers.default.svc.cluster.local", peers),
            ("10-100-9-9.peers.default.svc.cluster.local", one),
            ("10-100-7-2.web.default.svc.cluster.local", Found::Unknown),
            ("_http._udp.web.default.svc.cluster.local", Found::Unknown),
            ("_no._tcp.web.default.svc.cluster.local", Found::Unknown),
            ("http.tcp.web.default.svc.cluster.local", Found::Unknown),
            ("_._tcp.dns.default.svc.cluster.local", Found::Unknown),
            ("_http._tcp.none.default.svc.cluster.local", Found::Unknown),
            (
                "_a._http._tcp.web.default.svc.cluster.local",
                Found::Unknown,
            ),
            ("_http._tcp.example.org", Found::Elsewhere),
        ] {
            assert_eq!(find(&sample(), "cluster.local", name), found, "{name}");
        }
    }

    #[test]
    fn an_address_has_the_name_of_its_service_or_of_a_pod_of_one() {
        let name = |name: &str| Found::Names(vec![name.into()]);
        for (asked, found) in [
            ("40.0.254.10.in-addr.arpa", name("web.default.svc")),
            (
                "9.9.100.10.in-addr.arpa",
                name("10-100-9-9.peers.default.svc"),
            ),
            ("2.7.100.10.in-addr.arpa", Found::Elsewhere),
            ("40.0.254.in-addr.arpa", Found::Elsewhere),
            ("in-addr.arpa", Found::Elsewhere),
        ] {
            assert_eq!(find(&sample(), "cluster.local", asked), found, "{asked}");
        }
    }
}
