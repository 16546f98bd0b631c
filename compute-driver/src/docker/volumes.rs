//! Folders that the containers of a pod share: volumes of the engine, labelled with their pod.
//!
//! One in memory is a tmpfs that the engine mounts. It lives as long as a container has it: the
//! pod's sandbox has all of them.

use super::observe::Filters;
use super::{DockerDriver, labels};
use crate::error::{DriverError, Result};
use bollard::Docker;
use bollard::models::{
    Mount, MountType, MountVolumeOptions, Volume as EngineVolume, VolumeCreateRequest,
};
use bollard::query_parameters::{ListVolumesOptionsBuilder, RemoveVolumeOptions};
use schemas::ids::{HostId, WorkloadId};
use schemas::workload::Pod;
use schemas::workload::pod::Volume;
use std::collections::HashMap;

/// Everybody inside may write, whatever user an image runs as.
pub(super) const MODE: u32 = 0o777;

impl DockerDriver {
    /// Makes a pod's folders, and removes those of its former incarnations.
    pub(super) async fn put_volumes(&self, pod: &Pod) -> Result<()> {
        let incarnation = pod.incarnation.to_string();
        let of_pod = labels::filter(&self.of_pod(pod.id));
        for there in self.list_volumes(of_pod).await? {
            if there.labels.get(labels::INCARNATION) != Some(&incarnation) {
                self.drop_volume(&there.name).await?;
            }
        }
        for volume in &pod.spec.volumes {
            let request = request(self.host_id(), pod, volume);
            let create = async |docker: &Docker| docker.create_volume(request).await;
            let deadline = self.deadlines().effect();
            self.client.ask("create volume", deadline, create).await?;
        }
        Ok(())
    }

    /// Removes all folders of a pod.
    pub(super) async fn drop_volumes(&self, pod: WorkloadId) -> Result<()> {
        let of_pod = labels::filter(&self.of_pod(pod));
        for there in self.list_volumes(of_pod).await? {
            self.drop_volume(&there.name).await?;
        }
        Ok(())
    }

    /// Removes all volumes of something whose containers are gone, so that nothing tells whether it was
    /// a pod or a node.
    pub(super) async fn drop_any_volumes(&self, id: WorkloadId) -> Result<()> {
        let (id, host) = (id.to_string(), self.host_id().to_string());
        let of_host = labels::filter(&[(labels::HOST, host)]);
        for there in self.list_volumes(of_host).await? {
            let named = |label| there.labels.get(label) == Some(&id);
            if named(labels::POD) || named(labels::ID) {
                self.drop_volume(&there.name).await?;
            }
        }
        Ok(())
    }

    /// Volumes of the engine that have what is asked for.
    pub(super) async fn list_volumes(&self, filters: Filters) -> Result<Vec<EngineVolume>> {
        let options = ListVolumesOptionsBuilder::new().filters(&filters).build();
        let list = async |docker: &Docker| docker.list_volumes(Some(options)).await;
        let call = self.deadlines().call();
        let listed = self.client.ask("list volumes", call, list).await?;
        Ok(listed.volumes.unwrap_or_default())
    }

    /// Removes one; none there is success.
    pub(super) async fn drop_volume(&self, name: &str) -> Result<()> {
        let remove = async |docker: &Docker| {
            docker
                .remove_volume(name, None::<RemoveVolumeOptions>)
                .await
        };
        let deadline = self.deadlines().effect();
        match self.client.ask("remove volume", deadline, remove).await {
            Err(DriverError::NotFound { .. }) => Ok(()),
            result => result,
        }
    }
}

/// Where a container sees a folder.
pub(super) fn mount(
    host: HostId,
    pod: WorkloadId,
    incarnation: u32,
    volume: &str,
    path: String,
    read_only: bool,
) -> Mount {
    Mount {
        typ: Some(MountType::VOLUME),
        source: Some(labels::volume_name(host, pod, incarnation, volume)),
        target: Some(path),
        read_only: Some(read_only),
        volume_options: Some(MountVolumeOptions {
            // It is empty at first, whatever the image has there.
            no_copy: Some(true),
            ..MountVolumeOptions::default()
        }),
        ..Mount::default()
    }
}

fn request(host: HostId, pod: &Pod, volume: &Volume) -> VolumeCreateRequest {
    let labels = HashMap::from([
        (labels::POD.to_owned(), pod.id.to_string()),
        (labels::HOST.to_owned(), host.to_string()),
        (labels::PROJECT.to_owned(), pod.project_id.clone()),
        (labels::NAME.to_owned(), volume.name.clone()),
        (labels::KIND.to_owned(), "volume".to_owned()),
        (labels::INCARNATION.to_owned(), pod.incarnation.to_string()),
    ]);
    VolumeCreateRequest {
        name: Some(labels::volume_name(
            host,
            pod.id,
            pod.incarnation,
            &volume.name,
        )),
        driver: Some("local".to_owned()),
        driver_opts: volume.memory.then(|| tmpfs(volume.size_bytes)),
        labels: Some(labels),
        ..VolumeCreateRequest::default()
    }
}

fn tmpfs(size: Option<u64>) -> HashMap<String, String> {
    let size = size.map(|size| format!(",size={size}")).unwrap_or_default();
    HashMap::from([
        ("type".to_owned(), "tmpfs".to_owned()),
        ("device".to_owned(), "tmpfs".to_owned()),
        ("o".to_owned(), format!("mode={MODE:o}{size}")),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_in_memory_is_open_to_all_inside_and_bounded() {
        assert_eq!(tmpfs(Some(4096))["o"], "mode=777,size=4096");
        assert_eq!(tmpfs(None)["o"], "mode=777");
    }
}
