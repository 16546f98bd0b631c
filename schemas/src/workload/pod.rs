//! A pod: containers on one host that share a network, IPC and a life. The words are Kubernetes' v1
//! (`PodSpec`), as far as they mean something to a host.

use super::{Attachment, ImageRef, InjectedFile, Interface, Limits, Security};
use crate::ids::WorkloadId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Full desired state of one pod: a pure function of rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pod {
    /// Our id; its containers' ids are derived from it ([`Pod::member_id`]).
    pub id: WorkloadId,
    /// The tenant it belongs to.
    pub project_id: String,
    /// The user's name for it.
    pub name: String,
    /// Host name inside.
    pub hostname: String,
    /// Goes up when all of it must be made anew.
    pub incarnation: u32,
    /// Networks, in order of interfaces.
    pub networks: Vec<Attachment>,
    /// What runs in it.
    pub spec: PodSpec,
}

/// What runs in a pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PodSpec {
    /// The user's labels.
    pub labels: BTreeMap<String, String>,
    /// When a container that has ended begins again.
    pub restart: Restart,
    /// Seconds between asking a container to end and killing it.
    pub grace_s: u32,
    /// Folders that its containers share; they go with the pod.
    pub volumes: Vec<Volume>,
    /// Run to their ends, one after another, before the containers begin.
    pub init: Vec<Member>,
    /// Run side by side; at least one.
    pub containers: Vec<Member>,
}

/// When a container that has ended begins again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restart {
    /// However it ended.
    Always,
    /// When its exit status is not 0.
    OnFailure,
    /// Never.
    Never,
}

/// A folder: an empty one (`emptyDir`), or one with files (`configMap`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Its name within the pod.
    pub name: String,
    /// In memory rather than on disk.
    pub memory: bool,
    /// Bound in bytes, of one in memory.
    pub size_bytes: Option<u64>,
    /// Files that are in it from the start, their paths relative to it; nothing: it is empty at first.
    #[serde(default)]
    pub files: Option<Vec<InjectedFile>>,
}

/// One container of a pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Its name within the pod.
    pub name: String,
    /// What to boot.
    pub image: ImageRef,
    /// Replaces the image's entrypoint, and its command too.
    pub command: Option<Vec<String>>,
    /// Replaces the image's command, and is given to the entrypoint.
    pub args: Option<Vec<String>>,
    /// Replaces the image's working directory.
    pub working_dir: Option<String>,
    /// User and group to run as (`1000`, `1000:1000`), instead of the image's.
    pub user: Option<String>,
    /// Added to the image's environment.
    pub env: BTreeMap<String, String>,
    /// Bounds.
    pub limits: Limits,
    /// What it may do beyond the safe default.
    pub security: Security,
    /// Where the pod's folders are seen.
    pub mounts: Vec<Mount>,
    /// Its ports that have names, which services go by.
    #[serde(default)]
    pub ports: BTreeMap<String, u16>,
    /// It is killed, and begins again as `restart` says, when this fails.
    pub liveness: Option<Probe>,
    /// It is given no traffic while this fails.
    pub readiness: Option<Probe>,
    /// The other probes wait until this has succeeded once; when it fails, it is as `liveness`.
    pub startup: Option<Probe>,
}

/// Where a container sees a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Name of the volume.
    pub volume: String,
    /// Absolute path inside.
    pub path: String,
    /// It may not write there.
    pub read_only: bool,
}

/// A question that is asked of a container again and again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// The question.
    pub check: Check,
    /// Seconds after the start before it is first asked.
    pub delay_s: u32,
    /// Seconds from one asking to the next.
    pub period_s: u32,
    /// Seconds to answer in.
    pub timeout_s: u32,
    /// Good answers in a row that make it succeed.
    pub successes: u32,
    /// Bad answers in a row that make it fail.
    pub failures: u32,
}

/// How a probe asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Check {
    /// A command inside, whose exit status 0 is good.
    Exec {
        /// Program and arguments.
        command: Vec<String>,
    },
    /// A GET to the pod's address, whose status 200–399 is good.
    Http {
        /// Port.
        port: u16,
        /// Path and query.
        path: String,
        /// Over TLS; the certificate is not looked at.
        tls: bool,
        /// Sent beside.
        headers: Vec<(String, String)>,
    },
    /// A connection to the pod's address.
    Tcp {
        /// Port.
        port: u16,
    },
}

impl Pod {
    /// The id under which an engine has the container of this name: of an init container, `init/NAME`.
    pub fn member_id(id: WorkloadId, name: &str) -> WorkloadId {
        WorkloadId::derived(id.0, name)
    }

    /// The container of that name: of an init container, `init/NAME`.
    pub fn member(&self, name: &str) -> Option<&Member> {
        let (of, name) = match name.strip_prefix("init/") {
            Some(name) => (&self.spec.init, name),
            None => (&self.spec.containers, name),
        };
        of.iter().find(|member| member.name == name)
    }

    /// Its containers as their ids are derived, init containers first, each in order.
    pub fn members(&self) -> impl Iterator<Item = (String, &Member)> {
        let init = self.spec.init.iter();
        let init = init.map(|member| (format!("init/{}", member.name), member));
        let rest = self.spec.containers.iter();
        init.chain(rest.map(|member| (member.name.clone(), member)))
    }
}

/// A pod as its host sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PodSeen {
    /// Which making of it this is.
    pub incarnation: u32,
    /// Where it is in its life.
    pub phase: Phase,
    /// All its containers run and their readiness probes succeed.
    pub ready: bool,
    /// Interfaces as they are.
    pub interfaces: Vec<Interface>,
    /// Its init containers, in order.
    pub init: Vec<MemberSeen>,
    /// Its containers, in order.
    pub containers: Vec<MemberSeen>,
}

/// Where a pod is in its life (Kubernetes' `PodStatus.phase`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Not all of its containers have been started yet.
    Pending,
    /// At least one container runs, or begins again.
    Running,
    /// All have ended with exit status 0, and none begins again.
    Succeeded,
    /// All have ended, at least one of them otherwise, and none begins again.
    Failed,
}

impl Phase {
    /// The name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Pending => "Pending",
            Phase::Running => "Running",
            Phase::Succeeded => "Succeeded",
            Phase::Failed => "Failed",
        }
    }
}

/// One container of a pod as its host sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberSeen {
    /// Its name within the pod.
    pub name: String,
    /// What it is at.
    pub state: MemberState,
    /// How often it was begun again.
    pub restarts: u32,
    /// It runs, and its readiness probe succeeds.
    pub ready: bool,
}

/// What a pod's container is at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum MemberState {
    /// Not yet begun, or about to begin again, for a reason in words.
    Waiting {
        /// `PodInitializing`, `CrashLoopBackOff`, …, and what was heard of its last end.
        reason: String,
    },
    /// Its processes run.
    Running,
    /// Ended, and not to begin again.
    Ended {
        /// Exit status; `None` when nobody saw it.
        exit_code: Option<i64>,
        /// Why, in words: `Completed`, `Error`, `OOMKilled`, ….
        reason: String,
    },
}
