//! Pods: what drivers make of one, and what they tell of it.
//!
//! A pod on an engine is a *sandbox* and its members. The sandbox is a container that does nothing; it
//! holds the network, the IPC, the host name and the folders, and its id is the pod's. A member is a
//! container that is joined to it ([`Pod::member_id`]). Whatever is done to one container (starting,
//! stopping, commands, output) is done to a member by its own id.

use crate::error::{DriverError, Result};
use schemas::ids::{ImageId, WorkloadId};
use schemas::workload::pod::{Member, Volume};
use schemas::workload::{ImageRef, Limits, Observation, Pod, Power, Security, Workload};
use std::collections::BTreeMap;
use tokio::io::{AsyncRead, AsyncWrite};
use uuid::Uuid;

/// A pod as it is on an engine, whole or in parts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodHere {
    /// What holds it together, under the pod's id.
    pub sandbox: Option<Observation>,
    /// Its containers by the names that their ids are derived from: of an init container, `init/NAME`.
    pub members: BTreeMap<String, Observation>,
}

/// Bytes to and from a port.
pub trait Conversation: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Conversation for T {}

/// One container of a pod.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) pod: WorkloadId,
    pub(crate) role: Role,
}

/// What it is in its pod.
#[derive(Clone, Debug)]
pub(crate) enum Role {
    /// The sandbox, with the pod's folders.
    Sandbox(Vec<Volume>),
    /// A member, under the name that its id is derived from.
    Member(String, Box<Member>),
}

/// What is enough for a program that waits, and for the agent's questions beside it.
const SANDBOX: Limits = Limits {
    cpu_shares: 64,
    cpu_millis: None,
    memory_bytes: 32 << 20,
    pids: 64,
};

/// A pod's sandbox as a container.
pub(crate) fn sandbox(pod: &Pod) -> (Workload, Part) {
    let image = ImageRef {
        id: ImageId(Uuid::nil()),
        manifest: String::new(),
    };
    let workload = Workload {
        hostname: pod.hostname.clone(),
        networks: pod.networks.clone(),
        ..plain(pod, pod.id, image, SANDBOX)
    };
    let role = Role::Sandbox(pod.spec.volumes.clone());
    (workload, Part { pod: pod.id, role })
}

/// One of its containers, by the name that its id is derived from.
pub(crate) fn member(pod: &Pod, name: &str) -> Result<(Workload, Part)> {
    let member = pod.member(name).ok_or_else(|| {
        DriverError::permanent(format!("the pod {} has no container '{name}'", pod.name))
    })?;
    let id = Pod::member_id(pod.id, name);
    let workload = Workload {
        command: member.command.clone(),
        args: member.args.clone(),
        env: member.env.clone(),
        security: member.security.clone(),
        ..plain(pod, id, member.image.clone(), member.limits.clone())
    };
    let role = Role::Member(name.to_owned(), Box::new(member.clone()));
    Ok((workload, Part { pod: pod.id, role }))
}

fn plain(pod: &Pod, id: WorkloadId, image: ImageRef, limits: Limits) -> Workload {
    Workload {
        id,
        project_id: pod.project_id.clone(),
        name: pod.name.clone(),
        hostname: String::new(),
        image,
        incarnation: pod.incarnation,
        command: None,
        args: None,
        env: BTreeMap::new(),
        limits,
        security: Security::default(),
        networks: Vec::new(),
        files: Vec::new(),
        labels: pod.spec.labels.clone(),
        power: Power::Running,
        reboot: None,
        node: None,
        publish: Vec::new(),
    }
}

/// The volume that a mount names.
pub(crate) fn volume<'a>(volumes: &'a [Volume], name: &str) -> Result<&'a Volume> {
    let found = volumes.iter().find(|volume| volume.name == name);
    found.ok_or_else(|| DriverError::permanent(format!("the pod has no volume '{name}'")))
}

/// A pod's name on the list of a host, though only members of it are left.
pub(crate) fn orphaned(pod: WorkloadId, member: &Observation) -> Observation {
    Observation {
        id: pod,
        state: schemas::workload::RunState::Exited,
        boot: String::new(),
        exit_code: None,
        oom_killed: false,
        error: Some("the pod's sandbox is gone".into()),
        interfaces: Vec::new(),
        ..member.clone()
    }
}

/// A pod whose sandbox does not run cannot have containers.
pub(crate) fn no_sandbox() -> DriverError {
    DriverError::conflict("the pod's sandbox does not run")
}
