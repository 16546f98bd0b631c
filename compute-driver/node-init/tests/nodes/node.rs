//! A node made by hand, exactly as `docs/nodes.md` says.

use super::authority::{Authority, Identity};
use super::image::{self, Image};
use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, EndpointIpamConfig, EndpointSettings,
    HostConfig, HostConfigCgroupnsModeEnum, Ipam, IpamConfig, Mount, MountType,
    NetworkCreateRequest, NetworkingConfig, PortBinding,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, RemoveContainerOptionsBuilder,
    StartContainerOptions, UploadToContainerOptionsBuilder,
};
use bollard::{API_DEFAULT_VERSION, Docker};
use futures::FutureExt;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;
use tempfile::TempDir;

/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Of the machine's memory, for one node.
pub const MEMORY: i64 = 512 << 20;

/// Nodes of one test are numbered from one to this.
const NODES: u8 = 2;

/// What process 1 needs, and no more.
const CAPABILITIES: [&str; 8] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "KILL",
    "NET_ADMIN",
    "SETGID",
    "SETUID",
    "SYS_ADMIN",
];

/// The engine under test, with the image of nodes and one network.
pub struct Machine {
    pub engine: Docker,
    pub network: String,
    pub image: Image,
    subnet: [u8; 3],
}

pub struct Node {
    pub name: String,
    pub address: String,
    pub uid_base: u32,
    pub authority: Authority,
    /// The agent's folder for the node.
    pub folder: TempDir,
    client: TempDir,
}

/// The network of a cluster's guests, for a node's file.
pub fn guests() -> Value {
    json!({ "pods": "100.64.0.0/16", "services": "100.96.0.0/16", "domain": "bay.test" })
}

/// Waits until there is something.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            match look().await {
                Some(found) => return found,
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {what}"))
}

impl Machine {
    /// Runs a test, and takes away what it made however it ends. Says so in words where there is no
    /// engine to test on.
    pub async fn with(case: impl AsyncFnOnce(&Self)) {
        let Some(machine) = Self::open().await else {
            return;
        };
        let end = AssertUnwindSafe(case(&machine)).catch_unwind().await;
        if end.is_err() {
            machine.clear().await;
        }
        machine.close().await;
        if let Err(panic) = end {
            resume_unwind(panic);
        }
    }

    #[expect(clippy::print_stdout, reason = "a skipped test has to say so")]
    async fn open() -> Option<Self> {
        let Ok(url) = std::env::var("JEROBOAM_TEST_DOCKER") else {
            println!("skipped: JEROBOAM_TEST_DOCKER is not set");
            return None;
        };
        if !url.starts_with("unix://") {
            println!("skipped: a node's folder is on the engine's machine, and that is elsewhere");
            return None;
        }
        let engine = connect_unix(&url).await;
        let image = Image::of_nodes(&engine).await;
        let name = format!("node-init-test-{}", uuid::Uuid::new_v4().simple());
        for _try in 0..20 {
            let [second, third, ..] = uuid::Uuid::new_v4().into_bytes();
            let subnet = [10, second, third];
            if engine.create_network(request(&name, subnet)).await.is_ok() {
                return Some(Self {
                    engine,
                    network: name,
                    subnet,
                    image,
                });
            }
        }
        panic!("no network of ten is free");
    }

    /// What a failed test has left.
    async fn clear(&self) {
        for number in 1..=NODES {
            let options = RemoveContainerOptionsBuilder::new()
                .force(true)
                .v(true)
                .build();
            let name = self.name_of(number);
            _ = self.engine.remove_container(&name, Some(options)).await;
        }
    }

    fn name_of(&self, number: u8) -> String {
        format!("{}-{number}", self.network)
    }

    async fn close(self) {
        self.engine
            .remove_network(&self.network)
            .await
            .expect("the network goes");
        self.image.remove(&self.engine).await;
    }

    /// The machine's own address on the network.
    pub fn gateway(&self) -> std::net::Ipv4Addr {
        let [a, b, c] = self.subnet;
        [a, b, c, 1].into()
    }

    /// Makes a node and starts it.
    pub async fn boot(&self, number: u8) -> Node {
        let node = self.make(number, |_| {}).await;
        self.start(&node).await;
        node
    }

    /// Makes a node with something changed in the files that it gets.
    pub async fn make(&self, number: u8, change: impl FnOnce(&mut Files)) -> Node {
        let [a, b, c] = self.subnet;
        let address = format!("{a}.{b}.{c}.{}", 10 + number);
        let authority = Authority::new();
        let names = vec![address.clone(), "127.0.0.1".to_owned()];
        let [one, two, ..] = uuid::Uuid::new_v4().into_bytes();
        // Of the ranges that a machine may have, one that no other test has.
        let uid_base = 1_000_000_000 + u32::from(u16::from_be_bytes([one, two]) % 10_000) * 65_536;
        let mut files = Files {
            config: json!({
                "uid_base": uid_base, "uid_count": 65_536, "bip": "172.31.0.1/24",
                "address_pool": "172.30.0.0/16", "address_pool_size": 24,
                "labels": { "number": number.to_string() }, "resolvers": ["192.0.2.53"]
            }),
            identity: authority.node(names),
        };
        change(&mut files);
        let (folder, client) = (tempfile::tempdir(), tempfile::tempdir());
        let (folder, client) = (folder.expect("a folder"), client.expect("a folder"));
        authority.write_client(client.path(), &authority.client());
        let name = self.name_of(number);
        let options = CreateContainerOptionsBuilder::new().name(&name).build();
        let body = self.body(&address, &folder);
        let made = self.engine.create_container(Some(options), body).await;
        made.expect("a container");
        let options = UploadToContainerOptionsBuilder::new().path("/").build();
        let tar = bollard::body_full(files.tar(&authority).into());
        let sent = self
            .engine
            .upload_to_container(&name, Some(options), tar)
            .await;
        sent.expect("its files");
        Node {
            name,
            address,
            uid_base,
            authority,
            folder,
            client,
        }
    }

    fn body(&self, address: &str, folder: &TempDir) -> ContainerCreateBody {
        let endpoint = EndpointSettings {
            ipam_config: Some(EndpointIpamConfig {
                ipv4_address: Some(address.to_owned()),
                ..EndpointIpamConfig::default()
            }),
            ..EndpointSettings::default()
        };
        let everywhere = PortBinding {
            host_ip: Some("127.0.0.1".to_owned()),
            host_port: None,
        };
        let words = |all: &[&str]| Some(all.iter().map(|&it| it.to_owned()).collect::<Vec<_>>());
        let config = HostConfig {
            cap_drop: words(&["ALL"]),
            cap_add: words(&CAPABILITIES),
            security_opt: words(&["seccomp=unconfined", "apparmor=unconfined"]),
            // What `--security-opt systempaths=unconfined` stands for.
            masked_paths: Some(Vec::new()),
            readonly_paths: Some(Vec::new()),
            cgroupns_mode: Some(HostConfigCgroupnsModeEnum::PRIVATE),
            memory: Some(MEMORY),
            network_mode: Some(self.network.clone()),
            port_bindings: Some(HashMap::from([(
                "2376/tcp".to_owned(),
                Some(vec![everywhere]),
            )])),
            mounts: Some(vec![
                Mount {
                    target: Some("/var/lib/docker".to_owned()),
                    typ: Some(MountType::VOLUME),
                    ..Mount::default()
                },
                Mount {
                    target: Some("/var/lib/jeroboam".to_owned()),
                    source: Some(folder.path().display().to_string()),
                    typ: Some(MountType::BIND),
                    ..Mount::default()
                },
            ]),
            ..HostConfig::default()
        };
        ContainerCreateBody {
            hostname: Some("node".to_owned()),
            image: Some(self.image.name.clone()),
            host_config: Some(config),
            networking_config: Some(NetworkingConfig {
                endpoints_config: Some(HashMap::from([(self.network.clone(), endpoint)])),
            }),
            ..ContainerCreateBody::default()
        }
    }

    pub async fn start(&self, node: &Node) {
        let started = self
            .engine
            .start_container(&node.name, None::<StartContainerOptions>);
        started.await.expect("it starts");
    }

    pub async fn look_at(&self, node: &Node) -> ContainerInspectResponse {
        let looked = self
            .engine
            .inspect_container(&node.name, None::<InspectContainerOptions>);
        looked.await.expect("a container")
    }

    /// Waits until the node has ended by itself; its status.
    pub async fn ended(&self, node: &Node) -> i64 {
        until("the node ends", async || {
            let state = self.look_at(node).await.state.expect("a state");
            (state.running == Some(false)).then(|| state.exit_code.expect("a status"))
        })
        .await
    }

    /// Waits until the node's engine answers those it knows; a node that has ended instead shows its
    /// log.
    pub async fn ready(&self, node: &Node) -> Docker {
        let inner = node.connect(&format!("tcp://{}:2376", node.address));
        until("the engine inside answers", async || {
            if inner.info().await.is_ok() {
                return Some(());
            }
            let running = self.look_at(node).await.state.expect("a state").running;
            if running != Some(true) {
                panic!(
                    "the node ended:\n{}",
                    super::inner::log(&self.engine, &node.name).await
                );
            }
            None
        })
        .await;
        inner.negotiate_version().await.expect("a version")
    }

    /// Waits for the node's engine, and puts busybox on it.
    pub async fn furnished(&self, node: &Node) -> Docker {
        let inner = self.ready(node).await;
        image::load(&inner, &image::busybox(node.client.path())).await;
        inner
    }

    pub async fn remove(&self, node: Node) {
        let options = RemoveContainerOptionsBuilder::new()
            .force(true)
            .v(true)
            .build();
        let removed = self
            .engine
            .remove_container(&node.name, Some(options))
            .await;
        removed.expect("the node goes");
    }
}

impl Node {
    /// The node's engine at a URL, as a client that it knows.
    pub fn connect(&self, url: &str) -> Docker {
        self.connect_as(url, self.client.path())
    }

    /// The same with other certificates.
    pub fn connect_as(&self, url: &str, folder: &std::path::Path) -> Docker {
        _ = rustls::crypto::ring::default_provider().install_default();
        let [ca, cert, key] = ["ca.pem", "cert.pem", "key.pem"].map(|it| folder.join(it));
        Docker::connect_with_ssl(url, &key, &cert, &ca, 60, API_DEFAULT_VERSION).expect("a client")
    }

    /// The node's engine as the agent sees it.
    pub async fn socket(&self) -> Docker {
        let path = self.folder.path().join("docker.sock");
        connect_unix(&path.display().to_string()).await
    }
}

/// What is put into the container before it starts.
pub struct Files {
    pub config: Value,
    pub identity: Identity,
}

impl Files {
    fn tar(&self, authority: &Authority) -> Vec<u8> {
        let files = [
            ("node.json", 0o644, &self.config.to_string()),
            ("tls/ca.pem", 0o644, &authority.pem),
            ("tls/cert.pem", 0o644, &self.identity.cert),
            ("tls/key.pem", 0o600, &self.identity.key),
        ];
        let mut tar = tar::Builder::new(Vec::new());
        for (name, mode, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_mode(mode);
            header.set_size(content.len().try_into().expect("a size"));
            let path = format!("etc/jeroboam/{name}");
            tar.append_data(&mut header, path, content.as_bytes())
                .expect("an entry");
        }
        tar.into_inner().expect("a tar")
    }
}

async fn connect_unix(url: &str) -> Docker {
    let engine = Docker::connect_with_unix(url, 120, API_DEFAULT_VERSION).expect("a client");
    engine.negotiate_version().await.expect("an engine")
}

fn request(name: &str, [a, b, c]: [u8; 3]) -> NetworkCreateRequest {
    let config = IpamConfig {
        subnet: Some(format!("{a}.{b}.{c}.0/24")),
        ..IpamConfig::default()
    };
    NetworkCreateRequest {
        name: name.to_owned(),
        ipam: Some(Ipam {
            config: Some(vec![config]),
            ..Ipam::default()
        }),
        ..NetworkCreateRequest::default()
    }
}
