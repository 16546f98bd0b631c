//! Containers that are nodes: they run an engine of their own.
//!
//! Process 1 of a node (`node-init`, in the node's image) sets up namespaces of users, processes and
//! networks and runs the inner engine inside them; the engine's root is a plain user of the machine.
//! For that process 1 itself needs what no other container gets (see `Place::configure`). It is the
//! plane's own program: the plane boots nodes from published images only, and lets nobody in.
//!
//! # Guarantees
//! - Each node has a range of user ids that no other node on this engine has. Labels are what says so,
//!   of its container and of its disk; nothing else remembers it.
//! - It is published at ports of the machine that no other node has, started again or made anew with its
//!   disk: who knows where it is finds it there. That, too, is known by labels.
//! - Its disk (`/var/lib/docker`) is a volume (module `disks`) with the number that
//!   [`Node::disk`] says, or else its incarnation's. Made anew with a disk that is there it has what is on it,
//!   and the users of its files; with another it has an empty one, and the one before is removed. It is
//!   never without the disk that it is to go on with, wherever its making is cut off.
//! - Disk and folder go when the node is removed.
//!
//! # Assumes
//! The image's entrypoint is `node-init`, and one agent makes the nodes of an engine at a time.

use super::settings::DockerSettings;
use super::{DockerDriver, disks, labels};
use crate::error::{DriverError, Result};
use crate::node::{self, Ports, Uids};
use bollard::Docker;
use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, HostConfig, HostConfigCgroupnsModeEnum, Mount,
    MountType, PortBinding, Volume,
};
use schemas::ids::{ClusterId, WorkloadId};
use schemas::workload::{InjectedFile, Node, NodeSeen, Workload};
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tokio::sync::MutexGuard;

/// Where the node finds its folder.
const FOLDER: &str = "/var/lib/jeroboam";
/// The inner engine's socket in the folder.
const SOCKET: &str = "docker.sock";

/// What a node gets of the machine, while it is being made.
pub(super) struct Place<'a> {
    pub(super) uids: Uids,
    /// Where it is published.
    pub(super) ports: Ports,
    /// Number of its disk.
    pub(super) disk: u32,
    /// Name of its disk.
    pub(super) volume: String,
    folder: PathBuf,
    apparmor: bool,
    _turn: MutexGuard<'a, ()>,
}

impl DockerDriver {
    /// Finds a place for a node. Nobody else finds one before this is dropped.
    pub(super) async fn place(&self, workload: &Workload, node: &Node) -> Result<Place<'_>> {
        if !self.settings.is_machine() {
            return Err(DriverError::host_fault(
                "a node needs an engine on the agent's own machine, and not one within a node",
            ));
        }
        let turn = self.ranges.lock().await;
        let id = workload.id;
        let disk = node::disk(workload, node);
        let volume = labels::disk_name(self.host_id(), id, disk);
        let disks = self.disks().await?;
        let there = disks.iter().find(|it| it.name == volume);
        let uids = match there.and_then(|it| range(&it.labels)) {
            // Files there belong to them.
            Some(uids) => uids,
            None => self.free_range(id, &disks, node.uid_count).await?,
        };
        let ports = match there.map(|it| labels::read_ports(&it.labels)) {
            Some(ports) => ports,
            None => self.free_ports(workload, &disks).await?,
        };
        let call = self.deadlines().call();
        let info = async |docker: &Docker| docker.info().await;
        let info = self.client.ask("info", call, info).await?;
        let options = info.security_options.unwrap_or_default();
        Ok(Place {
            uids,
            ports,
            disk,
            volume,
            folder: self.folder(id).ok_or_else(nowhere)?,
            apparmor: options.iter().any(|option| option.contains("apparmor")),
            _turn: turn,
        })
    }

    /// A range that no other node on this engine has, whichever host it belongs to.
    async fn free_range(&self, id: WorkloadId, disks: &[Volume], count: u32) -> Result<Uids> {
        let containers = self.labelled(labels::UIDS).await?;
        let all = containers.iter().chain(disks.iter().map(|it| &it.labels));
        let (id, host) = (id.to_string(), self.host_id().to_string());
        let own = |labels: &HashMap<String, String>| {
            labels.get(labels::ID) == Some(&id) && labels.get(labels::HOST) == Some(&host)
        };
        let others = all.filter(|labels| !own(labels));
        let taken: Vec<Uids> = others.filter_map(range).collect();
        let settings = &self.settings.nodes;
        let uids = Uids::free(&taken, settings.first_uid, settings.end_uid, count);
        uids.ok_or_else(|| {
            DriverError::host_fault("this host has no range of user ids left for another node")
        })
    }

    /// Ports that no other node on this engine has, and nobody on the machine listens at.
    async fn free_ports(&self, workload: &Workload, disks: &[Volume]) -> Result<Ports> {
        let containers = self.labelled(labels::PORTS).await?;
        let all = containers.iter().chain(disks.iter().map(|it| &it.labels));
        let taken: BTreeSet<u16> = all
            .flat_map(|it| labels::read_ports(it).into_values())
            .collect();
        let settings = &self.settings.nodes;
        let range = (settings.first_port, settings.end_port);
        let listens = |port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_err();
        let wanted = (workload.id, workload.publish.as_slice());
        Ok(node::draw(wanted, range, &taken, listens))
    }

    /// The engine inside a node.
    pub(super) async fn inner_engine(&self, id: WorkloadId) -> Result<DockerDriver> {
        let found = self.find(id).await?;
        let found = found.ok_or_else(|| DriverError::no_container(id))?;
        let labels = found.config.and_then(|config| config.labels);
        let uids = labels.as_ref().and_then(range);
        let uids = uids.ok_or_else(|| DriverError::conflict("the container is no node"))?;
        let socket = self.folder(id).ok_or_else(nowhere)?.join(SOCKET);
        Ok(DockerDriver::new(DockerSettings {
            url: format!("unix://{}", socket.display()),
            tls: None,
            host: id.into(),
            // The machine's firewall is not the node's to look after.
            gateway_guard: super::GuardMode::Off,
            socket_owner: Some(uids),
            ..self.settings.clone()
        }))
    }

    /// Removes what a node had beside its container.
    pub(super) async fn forget_place(&self, id: WorkloadId) -> Result<()> {
        let Some(folder) = self.folder(id).filter(|_| self.settings.is_machine()) else {
            return Ok(());
        };
        match tokio::fs::remove_dir_all(&folder).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(DriverError::Engine {
                text: format!("the folder of node {id} cannot be removed: {error}"),
            }),
            _ => Ok(()),
        }
    }
}

impl DockerDriver {
    fn folder(&self, id: WorkloadId) -> Option<PathBuf> {
        let all = self.settings.nodes.dir.as_ref()?;
        Some(all.join(id.to_string()))
    }
}

fn nowhere() -> DriverError {
    DriverError::host_fault("this host keeps no folder for nodes")
}

impl Place<'_> {
    /// The files that tell the node what it is.
    pub(super) fn files(&self, node: &Node) -> Vec<InjectedFile> {
        node::files(node, self.uids)
    }

    /// Makes the folder. Others may pass through it, and see nothing.
    pub(super) fn settle(&self) -> Result<()> {
        let make = || {
            fs::create_dir_all(&self.folder)?;
            fs::set_permissions(&self.folder, fs::Permissions::from_mode(0o711))
        };
        make().map_err(|error| {
            let folder = self.folder.display();
            DriverError::host_fault(format!("the folder {folder} cannot be made: {error}"))
        })
    }

    /// Writes what makes a container a node into its configuration.
    pub(super) fn configure(&self, node: &Node, body: &mut ContainerCreateBody) {
        let labels = body.labels.get_or_insert_default();
        labels.insert(labels::CLUSTER.into(), node.cluster_id.to_string());
        labels.insert(labels::UIDS.into(), labels::uids(self.uids));
        labels.insert(labels::PORTS.into(), labels::ports(&self.ports));
        let config = body.host_config.get_or_insert_default();
        for (inside, outside) in &self.ports {
            let bindings = config.port_bindings.get_or_insert_default();
            bindings.insert(format!("{inside}/tcp"), Some(vec![at(*outside)]));
        }
        config.mounts = Some(vec![bound(&self.folder), disks::mount(&self.volume)]);
        privileges(config, self.apparmor);
    }
}

fn at(port: u16) -> PortBinding {
    PortBinding {
        host_port: Some(port.to_string()),
        ..PortBinding::default()
    }
}

/// What process 1 of a node needs beyond every other container: the engine's default capabilities
/// and two more, to mount and to make namespaces and links; system calls unfiltered, and the paths
/// below `/proc` and `/sys` open, or a mount of a new `/proc` is refused further in.
fn privileges(config: &mut HostConfig, apparmor: bool) {
    config.cap_drop = None;
    config.cap_add = Some(vec!["NET_ADMIN".into(), "SYS_ADMIN".into()]);
    let mut options = vec!["seccomp=unconfined".to_owned()];
    if apparmor {
        options.push("apparmor=unconfined".to_owned());
    }
    config.security_opt = Some(options);
    config.masked_paths = Some(Vec::new());
    config.readonly_paths = Some(Vec::new());
    config.cgroupns_mode = Some(HostConfigCgroupnsModeEnum::PRIVATE);
    config.readonly_rootfs = Some(false);
}

fn bound(folder: &Path) -> Mount {
    Mount {
        typ: Some(MountType::BIND),
        source: Some(folder.display().to_string()),
        target: Some(FOLDER.to_owned()),
        ..Mount::default()
    }
}

/// What the engine's description says of a node.
pub(super) fn seen(
    found: &ContainerInspectResponse,
    labels: &HashMap<String, String>,
) -> Option<NodeSeen> {
    let hostname = found.config.as_ref()?.hostname.clone();
    Some(NodeSeen {
        cluster_id: ClusterId::parse(labels.get(labels::CLUSTER)?)?,
        hostname: hostname.unwrap_or_default(),
    })
}

/// The users that a label of a node or its disk names.
pub(super) fn range(labels: &HashMap<String, String>) -> Option<Uids> {
    let (first, count) = labels.get(labels::UIDS)?.split_once(':')?;
    Some(Uids {
        first: first.parse().ok()?,
        count: count.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn process_1_of_a_node_may_mount_and_make_namespaces_and_nothing_more() {
        let mut config = HostConfig::default();
        privileges(&mut config, false);
        let added = config.cap_add.clone().unwrap_or_default();
        assert_eq!(added, ["NET_ADMIN", "SYS_ADMIN"]);
        assert_ne!(config.privileged, Some(true));
        let options = config.security_opt.clone().unwrap_or_default();
        assert_eq!(options, ["seccomp=unconfined"]);
        privileges(&mut config, true);
        let options = config.security_opt.unwrap_or_default();
        assert!(options.contains(&"apparmor=unconfined".to_owned()));
    }
}
