//! What a control plane of Kubernetes proves itself with, made with its node's certificate.

use super::issuer;
use crate::context::Context;
use pki::{Names, signing_key};
use schemas::workload::kubernetes::Control;
use store::compute::spec::Kubernetes;
use store::container_infra::accounts_keys;
use store::container_infra::authorities::{self, NODES};
use store::container_infra::nodes::{self, Node};
use store::{Result, Tx};

/// The authority of those who may ask etcd.
const ETCD: &str = "etcd";
/// Who the control plane is to its own API server.
const USER: &str = "jeroboam:control-plane";

/// As it was made before, or made now.
pub(super) fn of(
    tx: &mut Tx<'_>,
    node: &mut Node,
    kubernetes: &Kubernetes,
    context: &Context,
) -> Result<Control> {
    if let Some(sealed) = &node.sealed_control {
        let text = context.seals.unseal(&node.about_control(), sealed)?;
        return Ok(serde_json::from_str(&text)?);
    }
    let now = tx.now();
    let known = authorities::of(tx, &node.cluster_id, NODES)?;
    let own = issuer(&known, &node.cluster_id, context)?.client(USER, "system:masters", now)?;
    let known = authorities::of(tx, &node.cluster_id, ETCD)?;
    let etcd = issuer(&known, &node.cluster_id, context)?.node(&of_etcd(node, kubernetes), now)?;
    let control = Control {
        // Those it speaks to may have to be led to who signed it as those who speak to it.
        cert_pem: own.certificate + endorsements(node.certificate.as_deref().unwrap_or_default()),
        key_pem: own.key.reveal().to_owned(),
        accounts_key_pem: accounts_key(tx, &node.cluster_id, context)?,
        etcd_ca_pem: known
            .first()
            .map_or_else(String::new, |one| one.certificate.clone()),
        etcd_cert_pem: etcd.certificate,
        etcd_key_pem: etcd.key.reveal().to_owned(),
    };
    let text = serde_json::to_string(&control)?;
    node.sealed_control = Some(context.seals.seal(&node.about_control(), &text)?);
    nodes::update(tx, node)?;
    Ok(control)
}

/// What is behind a node's own certificate: what older authorities say for who signed it.
fn endorsements(certificates: &str) -> &str {
    const END: &str = "-----END CERTIFICATE-----\n";
    certificates
        .split_once(END)
        .map_or("", |(_, behind)| behind)
}

fn of_etcd(node: &Node, kubernetes: &Kubernetes) -> Names {
    let addresses = [node.address.as_deref(), Some("127.0.0.1")];
    Names {
        common: kubernetes.name.clone(),
        organization: None,
        hosts: vec![kubernetes.name.clone(), "localhost".into()],
        addresses: addresses
            .into_iter()
            .flatten()
            .filter_map(|address| address.parse().ok())
            .collect(),
    }
}

/// The cluster's own, made for its first master.
fn accounts_key(tx: &mut Tx<'_>, cluster: &str, context: &Context) -> Result<String> {
    let about = accounts_keys::about(cluster);
    if let Some(sealed) = accounts_keys::get(tx, cluster)? {
        return Ok(context.seals.unseal(&about, &sealed)?);
    }
    let key = signing_key()?;
    let sealed = context.seals.seal(&about, key.reveal())?;
    accounts_keys::insert(tx, cluster, &sealed)?;
    Ok(key.reveal().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_to_older_authorities_is_all_that_is_behind_the_first_certificate() {
        let one = |what: &str| {
            format!("-----BEGIN CERTIFICATE-----\n{what}\n-----END CERTIFICATE-----\n")
        };
        let (own, first, second) = (one("own"), one("first"), one("second"));
        let all = format!("{own}{first}{second}");
        assert_eq!(endorsements(&all), format!("{first}{second}"));
        assert_eq!((endorsements(&own), endorsements("")), ("", ""));
    }
}
