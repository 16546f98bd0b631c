//! The network of a cluster's guests, as its labels lay it out: said before the first node is made, and
//! never again, for every node and every pod has its addresses by it.

use schemas::container_infra::body::invalid;
use schemas::container_infra::coe::Coe;
use schemas::workload::GuestNetwork;
use schemas::workload::guests::{DOMAIN_LABEL, PODS_LABEL, SERVICES_LABEL};
use schemas::{Error, Result};
use store::container_infra::spec::Labels;

/// Can it be laid out so? Asked of a cluster, or of the template of some; `made`: this cloud is about to
/// make nodes of Kubernetes by it.
///
/// # Errors
/// `BadRequest` that names the label.
pub fn laid_out(coe: Coe, made: bool, labels: &Labels) -> Result<()> {
    match coe {
        Coe::Docker => read(labels).map(drop),
        Coe::Kubernetes if made => read(labels).map(drop),
        // Their orchestrators lay out networks of their own.
        _ => Ok(()),
    }
}

/// Is it the same after the labels change?
///
/// # Errors
/// `BadRequest` that names the label.
pub(super) fn stays(coe: Coe, before: &Labels, after: &Labels) -> Result<()> {
    laid_out(coe, true, after)?;
    if coe != Coe::Docker {
        return Ok(());
    }
    // Of clusters that are older than these labels no other network is known.
    let (was, is) = (GuestNetwork::of(before).unwrap_or_default(), read(after)?);
    for (label, was, is) in [
        (PODS_LABEL, was.pods.to_string(), is.pods.to_string()),
        (
            SERVICES_LABEL,
            was.services.to_string(),
            is.services.to_string(),
        ),
        (DOMAIN_LABEL, was.domain, is.domain),
    ] {
        if was != is {
            return Err(invalid(
                "labels",
                &format!(
                    "{label} is {was} in this cluster, whose nodes are laid out by it, and stays so; \
                     for {is} make another cluster."
                ),
            ));
        }
    }
    Ok(())
}

/// Does a group of nodes leave it as it is? `own` are the labels that are the group's alone.
///
/// # Errors
/// `BadRequest` that names the label.
pub fn shared(coe: &str, cluster: &Labels, own: Option<&Labels>) -> Result<()> {
    if ![Coe::Docker.as_str(), Coe::Kubernetes.as_str()].contains(&coe) {
        return Ok(());
    }
    let own = own.into_iter().flatten();
    let mut own = own
        .filter(|(label, _)| [PODS_LABEL, SERVICES_LABEL, DOMAIN_LABEL].contains(&label.as_str()));
    match own.find(|(label, value)| cluster.get(*label) != Some(value)) {
        None => Ok(()),
        Some((label, _)) => Err(invalid(
            "labels",
            &format!(
                "{label} is said by the cluster, whose nodes share one network, and by no group; leave \
                 it out."
            ),
        )),
    }
}

fn read(labels: &Labels) -> Result<GuestNetwork, Error> {
    GuestNetwork::of(labels).map_err(|why| invalid("labels", &why))
}
