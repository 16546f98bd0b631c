//! The manifest of a service: names, how it is reached, and at which ports. Which address and which
//! ports of nodes it has where it names none is drawn by those who keep the rows.

use super::document;
use super::fields::{self, below};
use super::{bad, labels, names, plain};
use crate::Result;
use crate::container_infra::service::{Port, Reach, Target};
use crate::workload::services::Protocol;
use k8s_openapi::api::core::v1;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Most ports of a service.
const MOST: usize = 100;

/// A service, as asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Its own within the cluster; a DNS label, for it is a host's name.
    pub name: String,
    /// Its own labels.
    pub labels: BTreeMap<String, String>,
    /// Pods with all of these labels are behind it; none: no pod is.
    pub selector: BTreeMap<String, String>,
    /// In the manifest's order, 1 to 100. `node_port` is the one asked for, if any was.
    pub ports: Vec<Port>,
    /// How it is reached.
    pub reach: Reach,
    /// The virtual address asked for; `None`: any.
    pub address: Option<Ipv4Addr>,
    /// Pods that are not ready are behind it, too.
    pub not_ready_too: bool,
}

/// Reads the manifest of a service.
///
/// # Errors
/// `BadRequest` with the place in the manifest, what is wrong there, and what is possible.
pub fn service(text: &str) -> Result<Service> {
    // Config maps may stand beside it, as everywhere; a service has no use for them.
    let (service, _): (v1::Service, _) = document::read(text)?;
    let plain = plain(&service)?;
    fields::OBJECT.check("", &plain)?;
    fields::META.check("metadata", &plain["metadata"])?;
    let name = service.metadata.name.clone().unwrap_or_default();
    if name.is_empty() {
        return Err(bad("metadata.name", "it is missing"));
    }
    names::label("metadata.name", &name)?;
    let labels = labels("metadata", &service.metadata)?;
    let spec = service.spec.ok_or_else(|| bad("spec", "it is missing"))?;
    let plain = &plain["spec"];
    // Before the fields that only such services have.
    let reach = reach(&spec)?;
    fields::SERVICE.check("spec", plain)?;
    fields::SERVICE_PORT.check_all("spec.ports", &plain["ports"])?;
    let (reach, address) = address(&spec, reach)?;
    let selector = spec.selector.clone().unwrap_or_default();
    names::labels("spec.selector", &selector)?;
    Ok(Service {
        name,
        labels,
        selector,
        ports: ports(spec.ports.as_deref().unwrap_or_default(), reach)?,
        reach,
        address,
        not_ready_too: spec.publish_not_ready_addresses.unwrap_or_default(),
    })
}

fn reach(spec: &v1::ServiceSpec) -> Result<Reach> {
    match spec.type_.as_deref() {
        None | Some("" | "ClusterIP") => Ok(Reach::ClusterIp),
        Some("NodePort") => Ok(Reach::NodePort),
        Some("LoadBalancer") => Ok(Reach::LoadBalancer),
        Some("ExternalName") => Err(bad(
            "spec.type",
            "ExternalName is not supported here: services stand for pods of the cluster, and for no \
             other name",
        )),
        Some(_) => Err(bad(
            "spec.type",
            "it is ClusterIP, NodePort or LoadBalancer",
        )),
    }
}

/// The address asked for, and whether there is to be one at all.
fn address(spec: &v1::ServiceSpec, reach: Reach) -> Result<(Reach, Option<Ipv4Addr>)> {
    let one = spec.cluster_ip.as_deref().unwrap_or_default();
    match spec.cluster_ips.as_deref() {
        None | Some([]) => {}
        Some([same]) if same == one => {}
        Some(_) => {
            return Err(bad(
                "spec.clusterIPs",
                "a service has one address; it is the same as clusterIP, or left out",
            ));
        }
    }
    match one {
        "" => Ok((reach, None)),
        "None" if reach.is_published() => Err(bad(
            "spec.clusterIP",
            "without an address there is nothing to publish; leave it out, or make the type ClusterIP",
        )),
        "None" => Ok((Reach::Headless, None)),
        text => {
            let why = "it is an IPv4 address, None, or left out";
            let address = text.parse().map_err(|_| bad("spec.clusterIP", why))?;
            Ok((reach, Some(address)))
        }
    }
}

fn ports(list: &[v1::ServicePort], reach: Reach) -> Result<Vec<Port>> {
    const PATH: &str = "spec.ports";
    if list.is_empty() {
        return Err(bad(PATH, "there must be at least one"));
    }
    if list.len() > MOST {
        let told = format!("there are {}, and {MOST} is the most", list.len());
        return Err(bad(PATH, &told));
    }
    let mut ports: Vec<Port> = Vec::new();
    for (index, from) in list.iter().enumerate() {
        let path = format!("{PATH}[{index}]");
        let new = port(&path, from, reach)?;
        if list.len() > 1 && new.name.is_none() {
            return Err(bad(
                &below(&path, "name"),
                "it is missing: where there are several, each has a name",
            ));
        }
        for other in &ports {
            let twice = |field: &str, why: &str| Err(bad(&below(&path, field), why));
            if other.name == new.name {
                return twice("name", "another port has this name");
            }
            if (other.port, other.protocol) == (new.port, new.protocol) {
                return twice("port", "another port is the same, with the same protocol");
            }
            if new.node_port.is_some() && other.node_port == new.node_port {
                return twice("nodePort", "another port has it already");
            }
        }
        ports.push(new);
    }
    Ok(ports)
}

fn port(path: &str, from: &v1::ServicePort, reach: Reach) -> Result<Port> {
    let at = |field: &str| below(path, field);
    let number = |field: &str, number: i32| {
        let read = u16::try_from(number).ok().filter(|number| *number > 0);
        read.ok_or_else(|| bad(&at(field), "it must be 1 to 65535"))
    };
    let name = from.name.clone().filter(|name| !name.is_empty());
    if let Some(name) = &name {
        names::label(&at("name"), name)?;
    }
    let protocol = match from.protocol.as_deref() {
        None | Some("" | "TCP") => Protocol::Tcp,
        Some("UDP") => Protocol::Udp,
        Some("SCTP") => {
            return Err(bad(
                &at("protocol"),
                "SCTP is not translated here; it is TCP or UDP",
            ));
        }
        Some(_) => return Err(bad(&at("protocol"), "it is TCP or UDP")),
    };
    let port = number("port", from.port)?;
    let target = match &from.target_port {
        // As Kubernetes, which takes 0 and nothing for the same number.
        None | Some(IntOrString::Int(0)) => Target::Number(port),
        Some(IntOrString::String(text)) if text.is_empty() => Target::Number(port),
        Some(IntOrString::Int(target)) => Target::Number(number("targetPort", *target)?),
        Some(IntOrString::String(_)) if protocol == Protocol::Udp => {
            return Err(bad(
                &at("targetPort"),
                "only TCP ports of containers are known by their names; write the number",
            ));
        }
        Some(IntOrString::String(name)) => {
            names::port(&at("targetPort"), name)?;
            Target::Name(name.clone())
        }
    };
    let node_port = match from.node_port.filter(|asked| *asked != 0) {
        Some(_) if !reach.is_published() => {
            return Err(bad(
                &at("nodePort"),
                "only services of the types NodePort and LoadBalancer have one",
            ));
        }
        asked => asked.map(|asked| number("nodePort", asked)).transpose()?,
    };
    Ok(Port {
        name,
        protocol,
        port,
        target,
        node_port,
    })
}
