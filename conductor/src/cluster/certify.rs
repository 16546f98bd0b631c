//! A node's certificate: made when its server is placed, since it names the machine, and kept in the
//! node's row, so that every telling says the same.

use crate::context::Context;
use pki::{Authority, Names};
use schemas::workload::NodeTls;
use schemas::{Error, Secret};
use store::compute::hosts::Host;
use store::compute::servers::Server;
use store::container_infra::authorities::{self, NODES};
use store::container_infra::nodes::{self, Node};
use store::{Result, Tx};

/// What the engine of this server, a node placed on this machine, proves itself with. `None` when no
/// cluster knows the node any more: it is on its way out.
///
/// # Errors
/// `Unavailable` when the key that seals the cluster's keys is not here.
pub(crate) fn tls_of(
    tx: &mut Tx<'_>,
    server: &Server,
    machine: &Host,
    context: &Context,
) -> Result<Option<NodeTls>> {
    let Some(mut node) = nodes::of_server(tx, &server.id)? else {
        return Ok(None);
    };
    let known = authorities::of(tx, &node.cluster_id, NODES)?;
    let Some(newest) = known.first() else {
        return Err(
            Error::internal(format_args!("cluster {} has no authority", node.cluster_id)).into(),
        );
    };
    if node.certificate.is_none() || node.certified_for != machine.id {
        let key = Secret::new(context.seals.unseal(&newest.about(), &newest.sealed_key)?);
        let authority = Authority::open(&newest.certificate, &key)?;
        let own = authority.node(&names(server, &node, machine)?, tx.now())?;
        node.sealed_key = Some(context.seals.seal(&node.about(), own.key.reveal())?);
        node.certificate = Some(own.certificate);
        node.certified_until = Some(own.until.0);
        node.certified_for.clone_from(&machine.id);
        node.authority = newest.generation;
        nodes::update(tx, &mut node)?;
    }
    // The authority that signed it, and no older one: who was signed by those is not let in.
    let signed_by = known.iter().find(|one| one.generation == node.authority);
    let sealed = node.sealed_key.as_deref().unwrap_or_default();
    Ok(Some(NodeTls {
        ca_pem: signed_by.unwrap_or(newest).certificate.clone(),
        cert_pem: node.certificate.clone().unwrap_or_default(),
        key_pem: context.seals.unseal(&node.about(), sealed)?,
    }))
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
        hosts,
        addresses: addresses
            .into_iter()
            .flatten()
            .chain(["127.0.0.1"])
            .filter_map(|address| address.parse().ok())
            .collect(),
    })
}
