//! Nodes of clusters: servers that are hosts above. Whoever makes nodes makes them here.

use super::action::Action;
use super::change::{self, Asked, Then};
use super::launch::{self, Launch};
use super::servers;
use super::spec::{BootImage, Node};
use crate::image::images;
use crate::schema::servers as table;
use crate::{Conn, Result, Scope, Tx};
use diesel::prelude::*;
use schemas::Error;
use schemas::ids::ServerId;
use schemas::image::Visibility;
use schemas::workload::Power;
use std::collections::BTreeMap;

/// Metadata key under which users find a node's cluster.
pub const CLUSTER: &str = "jeroboam:cluster_id";
/// Image property `os_distro` of an image that boots a node.
pub const DISTRO: &str = "jeroboam-node";
/// Image property of an image whose nodes can be nodes of Kubernetes: its version (`v1.20.2`).
pub const KUBERNETES: &str = "jeroboam_kubernetes";

/// Writes a node's server under an id known before (UUIDv5 of its group and place), charged to its
/// project as any other server. One that is there already is left as it is: false.
///
/// A node may do more on its machine than other containers, so it boots only from an image that an
/// administrator published: `public`, with the property `os_distro` that says so.
///
/// # Errors
/// `OverQuota`; `BadRequest` for an image that may not boot a node.
pub fn launch(tx: &mut Tx<'_>, id: ServerId, wanted: &Launch, node: &Node) -> Result<bool> {
    if servers::get(tx, &Scope::All, &id.to_string())?.is_some() {
        return Ok(false);
    }
    check_image(tx, &wanted.image)?;
    let mut wanted = Launch {
        networked: true,
        within: None,
        min_count: 1,
        max_count: 1,
        ..wanted.clone()
    };
    let cluster = node.cluster_id.to_string();
    wanted.metadata.insert(CLUSTER.into(), cluster);
    launch::launch_node(tx, &wanted, id, node)?;
    Ok(true)
}

/// Has a node's server made anew from an image, on its machine, with the disk it has and with these labels of
/// its engine. It runs then, whatever it did before.
///
/// # Errors
/// `Conflict` while something else is being done to it; `BadRequest` for an image that may not boot a node.
pub fn rebuild(
    tx: &mut Tx<'_>,
    asked: &Asked,
    id: &str,
    image: &BootImage,
    labels: &BTreeMap<String, String>,
) -> Result<()> {
    change::server(tx, asked, id, Action::RebuildNode, |tx, at| {
        check_image(tx, image)?;
        let spec = &mut at.spec;
        if let Some(node) = &mut spec.node {
            node.disk = Some(node.disk.unwrap_or(spec.incarnation));
            node.labels.clone_from(labels);
        }
        spec.image = image.clone();
        spec.incarnation += 1;
        spec.reboot = None;
        spec.power = Power::Running;
        at.server.image_id = Some(image.id.to_string());
        Ok(Then::Told("rebuilding"))
    })?;
    Ok(())
}

/// Is there a server of this id that is a node of this cluster? Nobody else may be a host of it.
pub fn is_node(conn: &mut Conn, id: &str, cluster_id: &str) -> Result<bool> {
    let of: Option<Option<String>> = table::table
        .find(id)
        .select(table::node_of)
        .first(conn)
        .optional()?;
    Ok(of.flatten().as_deref() == Some(cluster_id))
}

/// Machines that nodes of a cluster are placed on, but for one server and those on their way out.
pub fn machines_of(conn: &mut Conn, cluster_id: &str, but_for: &str) -> Result<Vec<String>> {
    let placed: Vec<Option<String>> = table::table
        .filter(table::node_of.eq(cluster_id).and(table::id.ne(but_for)))
        .filter(table::host_id.is_not_null().and(table::deleting.eq(0)))
        .select(table::host_id)
        .distinct()
        .load(conn)?;
    Ok(placed.into_iter().flatten().collect())
}

fn check_image(tx: &mut Tx<'_>, image: &BootImage) -> Result<()> {
    let id = image.id.to_string();
    let published = match images::get(tx, &Scope::All, &id)? {
        Some(row) => {
            let distro = row.properties()?.remove("os_distro");
            row.visibility == Visibility::Public.as_str()
                && distro.as_deref() == Some(DISTRO)
                && row.manifest == image.manifest
        }
        None => false,
    };
    if published {
        return Ok(());
    }
    Err(Error::BadRequest(format!(
        "Image {id} cannot boot a node: that takes a public image with the property os_distro = \
         {DISTRO}, which only an administrator publishes."
    ))
    .into())
}
