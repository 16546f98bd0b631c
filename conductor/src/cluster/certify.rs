//! What a node proves itself with: made when its server is placed, since its certificate names the machine,
//! and kept in the node's row, so that every telling says the same.

mod control;

use crate::context::Context;
use pki::{Authority, Names};
use schemas::workload::NodeTls;
use schemas::workload::kubernetes::Control;
use schemas::{Error, Secret};
use store::compute::hosts::Host;
use store::compute::servers::Server;
use store::compute::spec::Kubernetes;
use store::container_infra::authorities::{self, Authority as Row, NODES};
use store::container_infra::nodes::{self, Node};
use store::{Result, Tx};

/// What a node proves itself with.
#[derive(Debug)]
pub(crate) struct Proof {
    /// Its engine, and its kubelet.
    pub tls: NodeTls,
    /// Its control plane of Kubernetes, if that is on it.
    pub control: Option<Control>,
}

/// What this server, a node placed on this machine, proves itself with. `None` when no cluster knows the
/// node any more: it is on its way out.
///
/// # Errors
/// `Unavailable` when the key that seals the cluster's keys is not here.
pub(crate) fn proof_of(
    tx: &mut Tx<'_>,
    server: &Server,
    machine: &Host,
    context: &Context,
) -> Result<Option<Proof>> {
    let Some(mut node) = nodes::of_server(tx, &server.id)? else {
        return Ok(None);
    };
    let kubernetes = server.spec()?.node.and_then(|node| node.kubernetes);
    let known = authorities::of(tx, &node.cluster_id, NODES)?;
    if node.certificate.is_none() || node.certified_for != machine.id {
        let authority = issuer(&known, &node.cluster_id, context)?;
        let mut names = names(server, &node, machine)?;
        if let Some(kubernetes) = &kubernetes {
            known_as(&mut names, kubernetes);
        }
        let own = authority.node(&names, tx.now())?;
        let endorsements = endorsements(tx, &mut node, kubernetes.as_ref(), &known, context)?;
        node.sealed_key = Some(context.seals.seal(&node.about(), own.key.reveal())?);
        node.certificate = Some(own.certificate + &endorsements);
        node.certified_until = Some(own.until.0);
        node.certified_for.clone_from(&machine.id);
        node.authority = known.first().map_or(0, |newest| newest.generation);
        nodes::update(tx, &mut node)?;
    }
    let sealed = node.sealed_key.as_deref().unwrap_or_default();
    let tls = NodeTls {
        ca_pem: trusted(&known, &node),
        cert_pem: node.certificate.clone().unwrap_or_default(),
        key_pem: context.seals.unseal(&node.about(), sealed)?,
    };
    let control = match kubernetes.filter(|kubernetes| kubernetes.control) {
        Some(kubernetes) => Some(control::of(tx, &mut node, &kubernetes, context)?),
        None => None,
    };
    Ok(Some(Proof { tls, control }))
}

/// The newest of a cluster's authorities of one kind, ready to sign.
fn issuer(known: &[Row], cluster: &str, context: &Context) -> Result<Authority> {
    let newest = known
        .first()
        .ok_or_else(|| Error::internal(format_args!("cluster {cluster} has no authority")))?;
    let key = Secret::new(context.seals.unseal(&newest.about(), &newest.sealed_key)?);
    Ok(Authority::open(&newest.certificate, &key)?)
}

/// What leads from the newest authority to those before it, for peers of a master that know no newer one yet:
/// as long as there are such nodes, it trusts those authorities, too. Nothing for other nodes: who needs
/// them is told of the newest when it is made.
fn endorsements(
    tx: &mut Tx<'_>,
    node: &mut Node,
    kubernetes: Option<&Kubernetes>,
    known: &[Row],
    context: &Context,
) -> Result<String> {
    node.trusts_from = 0;
    let ([newest, older @ ..], true) = (known, kubernetes.is_some_and(|it| it.control)) else {
        return Ok(String::new());
    };
    let signed = |other: &Node| other.certificate.is_some() && other.id != node.id;
    let others = nodes::of(tx, &node.cluster_id)?;
    let oldest = others
        .iter()
        .filter(|other| signed(other))
        .map(|other| other.authority)
        .min();
    let mut all = String::new();
    for one in older
        .iter()
        .filter(|one| oldest.is_some_and(|oldest| oldest <= one.generation))
    {
        let key = Secret::new(context.seals.unseal(&one.about(), &one.sealed_key)?);
        let authority = Authority::open(&one.certificate, &key)?;
        all += &authority.endorse(&newest.certificate, tx.now())?;
        node.trusts_from = one.generation;
    }
    Ok(all)
}

/// The authority that signed its certificate, and no older one: who was signed by those is not let in. But
/// for a master that others have to follow.
fn trusted(known: &[Row], node: &Node) -> String {
    let own = |one: &&Row| one.generation == node.authority;
    let follow = |one: &&Row| {
        node.trusts_from != 0 && (node.trusts_from..node.authority).contains(&one.generation)
    };
    let signed_by = known.iter().find(own).or(known.first());
    let older = known.iter().filter(follow);
    signed_by
        .into_iter()
        .chain(older)
        .map(|one| one.certificate.as_str())
        .collect()
}

/// A node of Kubernetes is a user of its API server; a master is that server, by the names that pods have
/// for it, too.
fn known_as(names: &mut Names, kubernetes: &Kubernetes) {
    names.common = format!("system:node:{}", kubernetes.name);
    names.organization = Some("system:nodes".into());
    if !names.hosts.contains(&kubernetes.name) {
        names.hosts.push(kubernetes.name.clone());
    }
    if kubernetes.control {
        let service = ["", ".default", ".default.svc", ".default.svc.cluster.local"];
        let hosts = service.map(|domain| format!("kubernetes{domain}"));
        names.hosts.extend(hosts);
        names.addresses.push(kubernetes.service_address.into());
    }
}

/// Whatever the node is reached at: from outside on its machine's address, by the other nodes on its
/// own, by itself.
fn names(server: &Server, node: &Node, machine: &Host) -> Result<Names> {
    let outside = machine.inventory()?.address;
    let addresses = [Some(outside.as_str()), node.address.as_deref()];
    let mut hosts = vec![server.hostname.clone(), "localhost".into()];
    // A machine may be known by its name.
    if !outside.is_empty() && outside.parse::<std::net::IpAddr>().is_err() {
        hosts.push(outside.clone());
    }
    Ok(Names {
        common: server.hostname.clone(),
        organization: None,
        hosts,
        addresses: addresses
            .into_iter()
            .flatten()
            .chain(["127.0.0.1"])
            .filter_map(|address| address.parse().ok())
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn a_node_of_kubernetes_is_a_user_there_and_a_master_serves_by_the_names_that_pods_know() {
        let mut of = Kubernetes {
            name: "bay-default-worker-0-1".into(),
            api: String::new(),
            service_address: Ipv4Addr::new(10, 254, 0, 1),
            labels: Default::default(),
            taints: Vec::new(),
            control: false,
        };
        let host = || Names {
            common: "bay-default-worker-0-1".into(),
            organization: None,
            hosts: vec!["bay-default-worker-0-1".into(), "localhost".into()],
            addresses: Vec::new(),
        };
        let mut worker = host();
        known_as(&mut worker, &of);
        assert_eq!(worker.common, "system:node:bay-default-worker-0-1");
        assert_eq!(worker.organization.as_deref(), Some("system:nodes"));
        assert_eq!((worker.hosts, worker.addresses.len()), (host().hosts, 0));
        of.control = true;
        let mut master = host();
        known_as(&mut master, &of);
        let service = [
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
        ];
        assert_eq!(master.hosts[2..], service);
        assert_eq!(master.addresses, [of.service_address]);
    }
}
