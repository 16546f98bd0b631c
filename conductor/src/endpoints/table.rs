//! The table of a cluster's services, pure: `table(services, pods) -> Services`.

use schemas::host::Seen;
use schemas::ids::ClusterId;
use schemas::workload::Services;
use schemas::workload::pod::{Phase, PodSpec};
use schemas::workload::services::{Service as Entry, ServicePort};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};
use store::Result;
use store::compute::servers::Server;
use store::compute::spec::Guest;
use store::container_infra::services::{Port, Service, Spec, Target};

/// A pod that runs, as services see it.
#[derive(Clone, Debug)]
pub(super) struct Backend {
    pub address: Ipv4Addr,
    pub labels: BTreeMap<String, String>,
    /// It says that it is.
    pub ready: bool,
    /// Its ports that have names.
    pub ports: BTreeMap<String, u16>,
}

impl Backend {
    /// `None` for one that does not run, or is not on the network yet.
    pub(super) fn of(pod: &Server, cluster: ClusterId) -> Result<Option<Backend>> {
        let Some(seen) = pod.sight()?.state else {
            return Ok(None);
        };
        let Some(address) = super::address(&seen, cluster) else {
            return Ok(None);
        };
        let ready = match &seen {
            Seen::Pod(pod) if pod.phase == Phase::Running => pod.ready,
            _ => return Ok(None),
        };
        Ok(match pod.spec()?.guest {
            Some(Guest::Pod { spec, .. }) => Some(Backend {
                address,
                ready,
                ports: named(&spec),
                labels: spec.labels,
            }),
            _ => None,
        })
    }
}

/// Of two containers that give one name, the first is meant.
fn named(spec: &PodSpec) -> BTreeMap<String, u16> {
    let mut ports = BTreeMap::new();
    for member in &spec.containers {
        for (name, port) in &member.ports {
            ports.entry(name.clone()).or_insert(*port);
        }
    }
    ports
}

/// What nodes are to know. Everything is in order, so that the same rows make the same table.
pub(super) fn table(
    cluster_id: ClusterId,
    rows: &[(&Service, Spec)],
    backends: &[Backend],
) -> Services {
    let mut services: Vec<Entry> = rows
        .iter()
        .map(|(row, spec)| entry(row, spec, backends))
        .collect();
    services.sort_by(|one, other| one.name.cmp(&other.name));
    Services {
        cluster_id,
        services,
    }
}

fn entry(row: &Service, spec: &Spec, backends: &[Backend]) -> Entry {
    let mut behind: Vec<&Backend> = backends
        .iter()
        .filter(|pod| (pod.ready || spec.not_ready_too) && selects(spec, pod))
        .collect();
    behind.sort_by_key(|pod| pod.address);
    Entry {
        name: row.name.clone(),
        address: row.address.as_deref().and_then(|text| text.parse().ok()),
        pods: behind.iter().map(|pod| pod.address).collect(),
        // Without an address nobody translates anything for it, and they are for those who ask.
        ports: spec
            .ports
            .iter()
            .map(|port| leading(port, &behind))
            .collect(),
    }
}

/// A selector of nothing selects nothing, as in Kubernetes.
fn selects(spec: &Spec, pod: &Backend) -> bool {
    let matches = |(key, value): (&String, &String)| pod.labels.get(key) == Some(value);
    !spec.selector.is_empty() && spec.selector.iter().all(matches)
}

fn leading(port: &Port, behind: &[&Backend]) -> ServicePort {
    let of = |pod: &&Backend| match &port.target {
        Target::Number(number) => Some(*number),
        Target::Name(name) => pod.ports.get(name).copied(),
    };
    let endpoint = |pod: &&Backend| Some(SocketAddrV4::new(pod.address, of(pod)?));
    ServicePort {
        name: port.name.clone(),
        port: port.port,
        node_port: port.node_port,
        protocol: port.protocol,
        endpoints: behind.iter().filter_map(endpoint).collect(),
    }
}

/// Does anything in it lead there?
pub(super) fn leads_to(table: &Services, address: Ipv4Addr) -> bool {
    table
        .services
        .iter()
        .any(|service| service.pods.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::workload::services::Protocol;
    use store::container_infra::services::Reach;

    fn row(name: &str) -> Service {
        Service {
            id: name.into(),
            project_id: "p".into(),
            user_id: "u".into(),
            cluster_id: "c".into(),
            name: name.into(),
            address: Some("10.254.0.40".into()),
            revision: 1,
            request_id: String::new(),
            created_at: 0,
            updated_at: None,
            spec: String::new(),
        }
    }

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    fn spec() -> Spec {
        Spec {
            selector: labels(&[("app", "web")]),
            ports: vec![Port {
                name: None,
                protocol: Protocol::Tcp,
                port: 80,
                target: Target::Number(8080),
                node_port: Some(30_080),
            }],
            ..Spec::default()
        }
    }

    fn pod(last: u8) -> Backend {
        Backend {
            address: Ipv4Addr::new(10, 100, 2, last),
            labels: labels(&[("app", "web"), ("tier", "front")]),
            ready: true,
            ports: BTreeMap::new(),
        }
    }

    fn endpoints(spec: Spec, pods: &[Backend]) -> Vec<String> {
        let table = table(ClusterId::new(), &[(&row("web"), spec)], pods);
        let ports = table.services[0].ports.iter();
        let all = ports.flat_map(|port| port.endpoints.iter().map(ToString::to_string));
        all.collect()
    }

    #[test]
    fn ready_pods_that_are_selected_are_behind_a_service_in_order() {
        let waiting = Backend {
            ready: false,
            ..pod(7)
        };
        let other = Backend {
            labels: labels(&[("app", "db")]),
            ..pod(8)
        };
        let pods = [pod(9), waiting, other, pod(3)];
        assert_eq!(
            endpoints(spec(), &pods),
            ["10.100.2.3:8080", "10.100.2.9:8080"]
        );
        let too = Spec {
            not_ready_too: true,
            ..spec()
        };
        assert_eq!(endpoints(too, &pods).len(), 3);
        let nobody = Spec {
            selector: BTreeMap::new(),
            ..spec()
        };
        assert_eq!(endpoints(nobody, &pods), [""; 0]);
    }

    #[test]
    fn a_port_by_name_is_each_pods_own() {
        let with = |last, port| Backend {
            ports: BTreeMap::from([("http".to_owned(), port)]),
            ..pod(last)
        };
        let mut by_name = spec();
        by_name.ports[0].target = Target::Name("http".into());
        let pods = [with(3, 8080), with(4, 9090), pod(5)];
        assert_eq!(
            endpoints(by_name, &pods),
            ["10.100.2.3:8080", "10.100.2.4:9090"]
        );
    }

    #[test]
    fn a_name_alone_stands_for_its_pods() {
        let mut headless = Spec {
            reach: Reach::Headless,
            ..spec()
        };
        headless.ports[0].name = Some("sql".into());
        let table = table(ClusterId::new(), &[(&row("db"), headless)], &[pod(3)]);
        let ports = &table.services[0].ports;
        assert_eq!(ports[0].endpoints, ["10.100.2.3:8080".parse().unwrap()]);
        assert_eq!((ports.len(), ports[0].name.as_deref()), (1, Some("sql")));
        assert_eq!(table.services[0].pods, [pod(3).address]);
        assert!(leads_to(&table, pod(3).address));
        assert!(!leads_to(&table, pod(4).address));
    }

    #[test]
    fn the_order_of_rows_makes_no_difference() {
        let id = ClusterId::new();
        let (a, b) = (row("a"), row("b"));
        let one = table(id, &[(&a, spec()), (&b, spec())], &[pod(1), pod(2)]);
        let other = table(id, &[(&b, spec()), (&a, spec())], &[pod(2), pod(1)]);
        assert_eq!(one, other);
    }
}
