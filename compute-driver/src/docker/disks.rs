//! Disks of nodes: volumes of the engine, each with the number of the incarnation it was made for.
//!
//! A node made anew is told by [`Node::disk`](schemas::workload::Node::disk) whether it goes on with a
//! disk that is there. So removing a container does not remove it (the engine removes with a container
//! only volumes that it named itself), and it is removed by name: when the node goes, and before a node
//! with another disk is made.
//!
//! # Guarantees
//! - A disk says by its labels whose files are on it and where the node is published, from the moment it
//!   is there. Between the removal of a container and the making of the next, nothing else does.
//! - At no point does a killed agent leave a disk that [`DockerDriver::remove`] does not find.
//!
//! # Fails when
//! Somebody else uses a disk that is to go: the engine refuses, and it is tried again with the order.

use super::node::{self, Place};
use super::{DockerDriver, labels};
use crate::error::{DriverError, Result};
use bollard::Docker;
use bollard::models::{Mount, MountType, MountVolumeOptions, Volume, VolumeCreateRequest};
use schemas::ids::WorkloadId;
use schemas::workload::Workload;
use std::collections::HashMap;

/// Where the inner engine keeps images and containers.
const DISK: &str = "/var/lib/docker";

impl DockerDriver {
    /// All disks on this engine, whichever host they belong to.
    pub(super) async fn disks(&self) -> Result<Vec<Volume>> {
        let any = HashMap::from([("label".to_owned(), vec![labels::UIDS.to_owned()])]);
        self.list_volumes(any).await
    }

    /// Makes a node's disk, unless it is there, and writes down whose files are on it.
    pub(super) async fn put_disk(&self, workload: &Workload, place: &Place<'_>) -> Result<()> {
        let told = HashMap::from([
            (labels::ID.to_owned(), workload.id.to_string()),
            (labels::HOST.to_owned(), self.host_id().to_string()),
            (labels::PROJECT.to_owned(), workload.project_id.clone()),
            (labels::KIND.to_owned(), "node-disk".to_owned()),
            (labels::INCARNATION.to_owned(), place.disk.to_string()),
            (labels::UIDS.to_owned(), labels::uids(place.uids)),
            (labels::PORTS.to_owned(), labels::ports(&place.ports)),
        ]);
        let request = VolumeCreateRequest {
            name: Some(place.volume.clone()),
            driver: Some("local".to_owned()),
            labels: Some(told),
            ..VolumeCreateRequest::default()
        };
        let create = async |docker: &Docker| docker.create_volume(request).await;
        let deadline = self.deadlines().effect();
        let made = self.client.ask("create volume", deadline, create).await?;
        // The engine answers with the one that is there, whatever its labels.
        if node::range(&made.labels) != Some(place.uids) {
            return Err(DriverError::host_fault(format!(
                "the volume {} is in the place of the node's disk, and is none; remove it",
                made.name
            )));
        }
        Ok(())
    }

    /// Removes the disks of a node but for the one of this number. No container has them any more.
    pub(super) async fn drop_disks(&self, id: WorkloadId, keep: Option<u32>) -> Result<()> {
        let keep = keep.map(|number| labels::disk_name(self.host_id(), id, number));
        let ours = labels::filter(&[
            (labels::ID, id.to_string()),
            (labels::HOST, self.host_id().to_string()),
        ]);
        for there in self.list_volumes(ours).await? {
            if Some(&there.name) != keep.as_ref() {
                self.drop_volume(&there.name).await?;
            }
        }
        Ok(())
    }
}

/// How a node has its disk. Empty at first, whatever the image has there.
pub(super) fn mount(name: &str) -> Mount {
    Mount {
        typ: Some(MountType::VOLUME),
        source: Some(name.to_owned()),
        target: Some(DISK.to_owned()),
        volume_options: Some(MountVolumeOptions {
            no_copy: Some(true),
            ..MountVolumeOptions::default()
        }),
        ..Mount::default()
    }
}
