//! Containers and networks that cases ask for.

use schemas::ids::{NetworkId, WorkloadId};
use schemas::workload::pod::Member;
use schemas::workload::{Attachment, ImageRef, Limits, Network, Power, Security, Workload};
use std::collections::BTreeMap;

/// What a container does: told to a real one by its command, to a simulated one by labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Runs until it is asked to end.
    Idle,
    /// Ends at once with this status.
    Exits(u8),
    /// Does not end when asked.
    IgnoresTerm,
    /// Takes all memory it can get.
    EatsMemory,
    /// Writes a line, then idles.
    Says(&'static str),
    /// Answers on this port.
    Listens(u16),
    /// Names a command that the image does not have.
    LacksCommand,
}

pub(super) fn workload(image: ImageRef, behaviour: Behaviour) -> Workload {
    let shell = |script: String| vec!["/bin/sh".to_owned(), "-c".to_owned(), script];
    const IDLE: &str = "trap 'exit 0' TERM; sleep 1000000 & wait";
    let (command, labels) = match behaviour {
        Behaviour::Idle => (shell(IDLE.into()), vec![]),
        Behaviour::Exits(code) => (
            shell(format!("exit {code}")),
            vec![
                ("sim.exit_after", "10ms".into()),
                ("sim.exit_code", code.to_string()),
            ],
        ),
        Behaviour::IgnoresTerm => (
            shell("trap '' TERM; while :; do sleep 1; done".into()),
            vec![("sim.ignore_term", "true".into())],
        ),
        Behaviour::EatsMemory => (
            vec!["/bin/tail".into(), "/dev/zero".into()],
            vec![("sim.oom", "true".into())],
        ),
        Behaviour::Says(text) => (
            shell(format!("echo '{text}'; {IDLE}")),
            vec![("sim.log", text.into())],
        ),
        Behaviour::Listens(port) => (
            vec![
                "/bin/httpd".into(),
                "-f".into(),
                "-p".into(),
                port.to_string(),
            ],
            vec![("sim.listen", port.to_string())],
        ),
        Behaviour::LacksCommand => (
            vec!["/no/such/command".into()],
            vec![("sim.refuse", "start".into())],
        ),
    };
    Workload {
        id: WorkloadId::new(),
        project_id: "conformance".into(),
        name: "case".into(),
        hostname: "case".into(),
        image,
        incarnation: 1,
        command: Some(command),
        args: None,
        env: BTreeMap::from([("COLOUR".into(), "blue".into())]),
        limits: Limits {
            cpu_shares: 512,
            cpu_millis: Some(500),
            memory_bytes: 32 << 20,
            pids: 64,
        },
        security: Security::default(),
        networks: Vec::new(),
        files: Vec::new(),
        labels: labels
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
        power: Power::Running,
        reboot: None,
        node: None,
        publish: Vec::new(),
    }
}

/// A container of a pod.
pub(super) fn member(image: &ImageRef, name: &str, command: &[&str]) -> Member {
    Member {
        name: name.into(),
        image: image.clone(),
        command: Some(command.iter().map(|word| (*word).to_owned()).collect()),
        args: None,
        working_dir: None,
        user: None,
        env: BTreeMap::new(),
        limits: Limits {
            cpu_shares: 512,
            cpu_millis: None,
            memory_bytes: 32 << 20,
            pids: 64,
        },
        security: Security::default(),
        mounts: Vec::new(),
        ports: BTreeMap::new(),
        liveness: None,
        readiness: None,
        startup: None,
    }
}

/// A network; with `chosen`, on a subnet out of a range that engines do not use by themselves.
pub(super) fn network(name: &str, chosen: bool, attempt: u8) -> Network {
    let id = NetworkId::new();
    let bytes = id.0.as_bytes();
    let cidr = format!(
        "10.{}.{}.0/24",
        100 + bytes[15] % 90,
        bytes[14].wrapping_add(attempt)
    );
    Network {
        id,
        name: name.into(),
        project_id: "conformance".into(),
        cidr: chosen.then_some(cidr),
        guests: None,
        link: Default::default(),
    }
}

pub(super) fn attachment(network: &Network) -> Attachment {
    Attachment {
        network: network.clone(),
        address: None,
        aliases: Vec::new(),
    }
}
