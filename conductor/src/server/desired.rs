//! From a row to what the agent is told: a pure function.

use crate::Settings;
use crate::cluster::Proof;
use schemas::Result;
use schemas::host::{Converge, Desired};
use schemas::ids::ServerId;
use schemas::workload::field::{self, Field};
use schemas::workload::pod::PodSpec;
use schemas::workload::{
    Attachment, GuestNetwork, ImageRef, InjectedFile, Limits, Link, Network, Node, NodeKubernetes,
    Pod, Security, Workload,
};
use serde_json::json;
use std::collections::BTreeMap;
use store::compute::guests;
use store::compute::servers::Server;
use store::compute::spec::{self, Flavor, Guest, Spec};

/// Where cloud-init looks for a config drive that is a directory.
const CONFIG_DRIVE: &str = "/var/lib/cloud/seed/config_drive/openstack/latest";

/// The node that a guest is on, as it may ask.
pub(super) struct Home {
    /// Its host name.
    pub name: String,
    /// Its address in its cluster's network.
    pub address: String,
}

/// The telling for a server; `network` is its project's (a node's: its cluster's), resolved.
pub(super) fn converge(
    server: &Server,
    id: ServerId,
    spec: &Spec,
    network: Option<Network>,
    proof: Option<Proof>,
    home: Option<&Home>,
    settings: &Settings,
) -> Converge {
    let desired = if server.deleting != 0 || spec.leaving {
        Desired::Absent
    } else if let Some(Guest::Pod { spec: pod, .. }) = &spec.guest {
        Desired::Pod(Box::new(self::pod(
            server,
            id,
            spec,
            network,
            at_home(bounded(pod, settings), home),
        )))
    } else {
        let mut workload = workload(server, id, spec, network, settings);
        if let (Some(node), Some(proof)) = (&mut workload.node, proof) {
            node.tls = Some(proof.tls);
            if let Some(kubernetes) = &mut node.kubernetes {
                kubernetes.control = proof.control;
            }
        }
        Desired::Container(Box::new(workload))
    };
    Converge {
        id: id.into(),
        generation: server.generation as u64,
        request_id: server.request_id.clone(),
        desired,
    }
}

fn workload(
    server: &Server,
    id: ServerId,
    spec: &Spec,
    network: Option<Network>,
    settings: &Settings,
) -> Workload {
    // A container's command is what `docker run` takes: its image's entrypoint stays.
    let (command, args, env) = match &spec.guest {
        Some(Guest::Container { env, .. }) => (None, spec.command.clone(), env.clone()),
        _ => (spec.command.clone(), None, BTreeMap::new()),
    };
    Workload {
        id: id.into(),
        project_id: server.project_id.clone(),
        name: server.name.clone(),
        hostname: server.hostname.clone(),
        image: ImageRef {
            id: spec.image.id,
            manifest: spec.image.manifest.clone(),
        },
        incarnation: spec.incarnation,
        command,
        args,
        env,
        limits: limits(spec, settings),
        security: security(&spec.flavor),
        networks: network
            .into_iter()
            .map(|network| Attachment {
                network,
                address: spec.node.as_ref().map(|node| node.address.clone()),
                aliases: vec![server.hostname.clone()],
            })
            .collect(),
        files: files(server, spec),
        labels: spec.metadata.clone(),
        power: spec.power,
        reboot: spec.reboot.clone(),
        node: spec.node.as_ref().map(node),
        publish: spec
            .node
            .as_ref()
            .map_or(Vec::new(), |node| node.publish.clone()),
    }
}

/// Manifests do not say how many processes a container may have: each has as many as a server.
fn bounded(pod: &PodSpec, settings: &Settings) -> PodSpec {
    let mut pod = pod.clone();
    for member in pod.init.iter_mut().chain(&mut pod.containers) {
        if member.limits.pids == 0 {
            member.limits.pids = settings.default_pids;
        }
    }
    pod
}

/// What only its node's cloud knows is put in.
fn at_home(mut pod: PodSpec, home: Option<&Home>) -> PodSpec {
    if let Some(home) = home {
        field::fill_pod(&mut pod, &|field| match field {
            Field::NodeName => Some(home.name.clone()),
            Field::HostIp => Some(home.address.clone()),
            _ => None,
        });
    }
    pod
}

fn pod(server: &Server, id: ServerId, spec: &Spec, network: Option<Network>, pod: PodSpec) -> Pod {
    Pod {
        id: id.into(),
        project_id: server.project_id.clone(),
        name: server.name.clone(),
        hostname: server.hostname.clone(),
        incarnation: spec.incarnation,
        networks: network
            .into_iter()
            .map(|network| Attachment {
                network,
                address: None,
                aliases: vec![server.hostname.clone()],
            })
            .collect(),
        spec: pod,
    }
}

/// The part of its cluster's network of guests that is on this node.
pub(super) fn of_guests(server: &Server, node: &spec::Node) -> Network {
    let address = node.address.parse().ok();
    let part = |guests: &GuestNetwork| Some(guests.part(address?)?.to_string());
    Network {
        id: guests::network_id(node.cluster_id),
        name: "guests".into(),
        project_id: server.project_id.clone(),
        cidr: node.guests.as_ref().and_then(part),
        guests: node.guests.clone(),
        link: Link {
            gateway: None,
            mtu: node.network.link.mtu,
        },
    }
}

fn node(spec: &spec::Node) -> Node {
    Node {
        cluster_id: spec.cluster_id,
        nodegroup_id: spec.nodegroup_id,
        uid_count: spec.uid_count,
        disk: spec.disk,
        bip: spec.bip.clone(),
        address_pool: spec.address_pool.clone(),
        address_pool_size: spec.address_pool_size,
        guests: spec.guests.clone(),
        labels: spec.labels.clone(),
        tls: None,
        kubernetes: spec.kubernetes.as_ref().map(kubernetes),
    }
}

fn kubernetes(spec: &spec::Kubernetes) -> NodeKubernetes {
    NodeKubernetes {
        name: spec.name.clone(),
        api: spec.api.clone(),
        service_address: spec.service_address,
        labels: spec.labels.clone(),
        taints: spec.taints.clone(),
        control: None,
    }
}

/// One VCPU is 1024 shares and, unless the flavor says otherwise, a hard bound of one CPU.
/// Extra specs are Nova's (`quota:cpu_shares`, `quota:cpu_period`, `quota:cpu_quota`), and
/// `quota:pids_limit`. Who has a machine for himself has all its CPUs and what memory it lends.
fn limits(spec: &Spec, settings: &Settings) -> Limits {
    let flavor = &spec.flavor;
    let extra = |key: &str| {
        flavor
            .extra_specs
            .get(key)
            .and_then(|text| text.parse::<i64>().ok())
    };
    let period = extra("quota:cpu_period")
        .filter(|period| *period > 0)
        .unwrap_or(100_000);
    let cpu_millis = match extra("quota:cpu_quota") {
        Some(quota) if quota < 0 => None,
        Some(quota) => u32::try_from(quota.saturating_mul(1000) / period).ok(),
        None if spec.lent.is_some() => None,
        None => Some(flavor.vcpus.saturating_mul(1000)),
    };
    Limits {
        cpu_shares: extra("quota:cpu_shares")
            .and_then(|shares| u32::try_from(shares).ok())
            .unwrap_or(flavor.vcpus.saturating_mul(1024)),
        cpu_millis: cpu_millis.filter(|millis| *millis > 0),
        memory_bytes: spec
            .lent
            .map_or(flavor.ram_mb << 20, |machine| machine.memory_bytes),
        pids: extra("quota:pids_limit")
            .and_then(|pids| u32::try_from(pids).ok())
            .unwrap_or(settings.default_pids),
    }
}

/// Only flavors widen what a container may do, and only admins write flavors (policy
/// `os_compute_api:os-flavor-extra-specs:create`).
fn security(flavor: &Flavor) -> Security {
    let extra = |key: &str| flavor.extra_specs.get(key).map(String::as_str);
    let yes = |key: &str| extra(key).is_some_and(|text| text.eq_ignore_ascii_case("true"));
    Security {
        cap_add: extra("container:cap_add")
            .map(|list| {
                let names = list.split(',').map(|name| name.trim().to_uppercase());
                names
                    .map(|name| name.strip_prefix("CAP_").unwrap_or(&name).to_owned())
                    .filter(|name| !name.is_empty())
                    .collect()
            })
            .unwrap_or_default(),
        seccomp_unconfined: extra("container:seccomp") == Some("unconfined"),
        allow_new_privileges: yes("container:allow_new_privileges"),
        read_only_rootfs: yes("container:read_only_rootfs"),
    }
}

fn files(server: &Server, spec: &Spec) -> Vec<InjectedFile> {
    let text = |path: &str, mode: u32, content: &str| InjectedFile {
        path: path.to_owned(),
        mode,
        content_b64: schemas::base64(content.as_bytes()),
    };
    let mut files = Vec::new();
    if let Some(key) = &spec.key {
        let line = format!("{}\n", key.public_key.trim_end());
        files.push(text("/root/.ssh/authorized_keys", 0o600, &line));
    }
    for file in &spec.files {
        files.push(InjectedFile {
            path: file.path.clone(),
            mode: 0o644,
            content_b64: file.content_b64.clone(),
        });
    }
    if let Some(user_data) = &spec.user_data {
        files.push(InjectedFile {
            path: format!("{CONFIG_DRIVE}/user_data"),
            mode: 0o600,
            content_b64: user_data.clone(),
        });
    }
    if spec.config_drive || spec.user_data.is_some() {
        let keys: BTreeMap<_, _> = spec
            .key
            .iter()
            .map(|key| (&key.name, &key.public_key))
            .collect();
        let meta = json!({
            "uuid": server.id,
            "name": server.name,
            "hostname": server.hostname,
            "project_id": server.project_id,
            "availability_zone": server.zone,
            "launch_index": spec.launch_index,
            "meta": spec.metadata,
            "public_keys": keys,
        });
        files.push(text(
            &format!("{CONFIG_DRIVE}/meta_data.json"),
            0o600,
            &meta.to_string(),
        ));
    }
    files
}

/// The project's network as the engine shall have it.
pub(super) fn network(
    row: &store::compute::networks::ProjectNetwork,
    settings: &Settings,
) -> Result<Network> {
    let id = schemas::ids::NetworkId::parse(&row.id)
        .ok_or_else(|| schemas::Error::internal("a network's id is no UUID"))?;
    Ok(Network {
        id,
        name: "private".into(),
        project_id: row.project_id.clone(),
        cidr: settings.subnet(row.number),
        guests: None,
        link: Default::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::compute::spec::Lent;

    #[test]
    fn who_has_a_machine_for_himself_is_bounded_by_what_the_machine_lends_alone() {
        let mut spec = super::super::plan::tests::spec();
        spec.flavor.vcpus = 2;
        spec.flavor.ram_mb = 512;
        let settings = Settings::default();
        let ordinary = limits(&spec, &settings);
        assert_eq!(ordinary.cpu_millis, Some(2000));
        assert_eq!(ordinary.memory_bytes, 512 << 20);
        spec.lent = Some(Lent {
            memory_bytes: 31 << 30,
        });
        let alone = limits(&spec, &settings);
        assert_eq!((alone.cpu_millis, alone.memory_bytes), (None, 31 << 30));
        assert_eq!(alone.pids, settings.default_pids);
        let bounded = [("quota:cpu_quota", "150000"), ("quota:pids_limit", "9")];
        spec.flavor.extra_specs = bounded.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let by_the_flavor = limits(&spec, &settings);
        assert_eq!(
            (by_the_flavor.cpu_millis, by_the_flavor.pids),
            (Some(1500), 9)
        );
    }
}
