//! Pods: a sandbox of ours (module `pause`), and containers that are joined to its network and IPC.
//!
//! # Guarantees
//! - A member is never there before its pod's sandbox, and never outlives the making of another one.
//! - Members go first, then the sandbox, then folders: what is left after a crash is found by the
//!   pod's label.

use super::settings::DockerSettings;
use super::{DockerDriver, labels, observe, pause, volumes};
use crate::error::{DriverError, Result};
use crate::inject;
use crate::pod::{self, Part, PodHere, Role};
use bollard::models::{ContainerCreateBody, HostConfig, HostConfigLogConfig};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use schemas::ids::WorkloadId;
use schemas::workload::pod::Volume;
use schemas::workload::{Pod, RunState, Workload};

/// Members described at a time.
const AT_ONCE: usize = 8;
/// Where the sandbox sees the folders.
const FOLDERS: &str = "/volumes";

impl DockerDriver {
    pub(super) async fn put_sandbox(&self, pod: &Pod) -> Result<()> {
        let here = self.pod_here(pod.id).await?;
        let was = here.as_ref().and_then(|here| here.sandbox.as_ref());
        let fits = was.filter(|it| it.incarnation == pod.incarnation);
        match fits.map(|it| it.state) {
            Some(RunState::Running | RunState::Paused) => return Ok(()),
            Some(RunState::Created) => return self.run(pod.id).await,
            _ => {}
        }
        if here.is_some() {
            self.remove_containers(pod.id).await?;
        }
        if here.is_some() || !pod.spec.volumes.is_empty() {
            self.put_volumes(pod).await?;
        }
        let (workload, part) = pod::sandbox(pod);
        match self.make_part(&workload, &part).await {
            Err(DriverError::NotFound { .. }) => {
                self.lost_pause_image();
                self.make_part(&workload, &part).await?;
            }
            made => made?,
        }
        self.run(pod.id).await
    }

    pub(super) async fn put_member(&self, pod: &Pod, name: &str) -> Result<()> {
        let (workload, part) = pod::member(pod, name)?;
        self.make_part(&workload, &part).await
    }

    async fn make_part(&self, workload: &Workload, part: &Part) -> Result<()> {
        let image = match part.role {
            Role::Sandbox(_) => Some(self.pause_image().await?),
            Role::Member(..) => None,
        };
        self.make(workload, Some((part, image))).await
    }

    pub(super) async fn pod_here(&self, id: WorkloadId) -> Result<Option<PodHere>> {
        let names = self.names_labelled(&self.of_pod(id)).await?;
        let seen = stream::iter(names).map(|name| async move { self.describe(&name).await });
        let seen: Vec<_> = seen.buffer_unordered(AT_ONCE).try_collect().await?;
        if seen.is_empty() {
            return Ok(None);
        }
        let mut here = PodHere::default();
        for found in seen.iter().flatten() {
            let Some(observation) = self.observation(found) else {
                continue;
            };
            let twin = observation.state == RunState::Unknown;
            match observe::label(found, labels::MEMBER) {
                // The finished one counts.
                Some(name) if !twin || !here.members.contains_key(name) => {
                    here.members.insert(name.clone(), observation);
                }
                None if !twin || here.sandbox.is_none() => here.sandbox = Some(observation),
                _ => {}
            }
        }
        Ok(Some(here))
    }

    /// Removes what is left of a pod's containers, members first.
    pub(super) async fn remove_containers(&self, pod: WorkloadId) -> Result<()> {
        let sandbox = labels::container_name(self.host_id(), pod);
        let mut names = self.names_labelled(&self.of_pod(pod)).await?;
        names.sort_by_key(|name| name.starts_with(&sandbox));
        for name in names {
            self.remove_named(&name).await?;
        }
        Ok(())
    }

    pub(super) fn of_pod(&self, id: WorkloadId) -> [(&'static str, String); 2] {
        [
            (labels::POD, id.to_string()),
            (labels::HOST, self.host_id().to_string()),
        ]
    }
}

/// What is put into a part before its start: folders get their mode, and the files they begin with.
pub(super) fn files(part: &Part) -> Result<Option<Bytes>> {
    let Role::Sandbox(volumes) = &part.role else {
        return Ok(None);
    };
    let on_disk: Vec<&Volume> = volumes.iter().filter(|volume| !volume.memory).collect();
    if on_disk.is_empty() {
        return Ok(None);
    }
    let mut tar = inject::Tar::new(Vec::new());
    for volume in on_disk {
        let place = folder(&volume.name);
        let place = place.trim_start_matches('/');
        match &volume.files {
            None => inject::folder(&mut tar, place, volumes::MODE)?,
            Some(files) => inject::below(&mut tar, place, files)?,
        }
    }
    let tar = tar.into_inner().map_err(|error| DriverError::Engine {
        text: error.to_string(),
    })?;
    Ok(Some(tar.into()))
}

/// Writes what makes a container a part of a pod into its configuration.
pub(super) fn configure(
    settings: &DockerSettings,
    workload: &Workload,
    part: &Part,
    image: Option<String>,
    body: &mut ContainerCreateBody,
) -> Result<()> {
    let (host, incarnation) = (settings.host, workload.incarnation);
    let labels = body.labels.get_or_insert_default();
    labels.insert(labels::POD.into(), part.pod.to_string());
    let config = body.host_config.get_or_insert_default();
    match &part.role {
        Role::Sandbox(folders) => {
            labels.insert(labels::KIND.into(), "sandbox".into());
            labels.remove(labels::IMAGE);
            body.image = image;
            config.ipc_mode = Some("shareable".into());
            config.cap_add = None;
            config.log_config = Some(HostConfigLogConfig {
                typ: Some("none".into()),
                config: None,
            });
            let mounts = folders.iter().map(|volume| {
                let path = folder(&volume.name);
                volumes::mount(host, part.pod, incarnation, &volume.name, path, false)
            });
            config.mounts = Some(mounts.collect());
        }
        Role::Member(name, member) => {
            labels.insert(labels::KIND.into(), "member".into());
            labels.insert(labels::MEMBER.into(), name.clone());
            body.working_dir = member.working_dir.clone();
            body.user = member.user.clone();
            join(&labels::container_name(host, part.pod), config);
            let mounts = member.mounts.iter().map(|it| {
                let path = it.path.clone();
                volumes::mount(host, part.pod, incarnation, &it.volume, path, it.read_only)
            });
            config.mounts = Some(mounts.collect());
            // These are the sandbox's, and the engine refuses to be told twice.
            body.hostname = None;
            body.exposed_ports = None;
            body.networking_config = None;
        }
    }
    Ok(())
}

fn join(sandbox: &str, config: &mut HostConfig) {
    config.network_mode = Some(format!("container:{sandbox}"));
    config.ipc_mode = Some(format!("container:{sandbox}"));
    config.port_bindings = None;
}

fn folder(volume: &str) -> String {
    format!("{FOLDERS}/{volume}")
}

/// Where the program of sandboxes is told to connect.
pub(super) fn connect_command(address: std::net::SocketAddr, seconds: u64) -> Vec<String> {
    let bytes = match address {
        std::net::SocketAddr::V4(v4) => {
            let head = [libc_family(2), v4.port().to_be_bytes()].concat();
            [head, v4.ip().octets().to_vec(), vec![0; 8]].concat()
        }
        std::net::SocketAddr::V6(v6) => {
            let head = [libc_family(10), v6.port().to_be_bytes()].concat();
            [head, vec![0; 4], v6.ip().octets().to_vec(), vec![0; 4]].concat()
        }
    };
    let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    vec![
        pause::PATH.to_owned(),
        "connect".to_owned(),
        hex,
        seconds.to_string(),
    ]
}

fn libc_family(number: u16) -> [u8; 2] {
    number.to_ne_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_as_the_kernel_writes_it() {
        let words = connect_command("10.1.2.3:8080".parse().unwrap(), 7);
        assert_eq!(
            words[1..],
            ["connect", "02001f900a0102030000000000000000", "7"]
        );
        let words = connect_command("[::1]:80".parse().unwrap(), 1);
        assert_eq!(words[2].len(), 28 * 2);
    }
}
