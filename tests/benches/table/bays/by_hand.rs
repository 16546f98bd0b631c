//! Nodes without Jeroboam: the container that a bay's node is, made again straight on the machine's
//! engine, with files of its own inside, until its engine answers over TLS.

use crate::engine;
use crate::stopwatch::Stopwatch;
use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, EndpointIpamConfig, EndpointSettings,
    HostConfig, Ipam, IpamConfig, Mount, MountType, NetworkCreateRequest, NetworkingConfig,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, DownloadFromContainerOptionsBuilder,
    UploadToContainerOptionsBuilder,
};
use bollard::{API_DEFAULT_VERSION, Docker};
use futures::TryStreamExt;
use pki::{Authority, Names, Pair};
use process::Clock;
use serde_json::Value;
use std::cell::Cell;
use std::collections::HashMap;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// Users of the machine that one node has.
const USERS: u32 = 65_536;
/// The first of them, above those that the agent gives to nodes of bays: it begins at 0x7000_0000.
const FIRST_USER: u32 = 0x7800_0000;
/// How long a node may take; ten of them boot at once.
const PATIENCE: Duration = Duration::from_secs(180);

/// Makes nodes like one of a bay.
pub struct ByHand {
    engine: Docker,
    like: ContainerInspectResponse,
    /// Its `node.json`.
    settings: Value,
    network: String,
    subnet: [u8; 3],
    /// `devstack/bench.sh` clears away what has it.
    label: HashMap<String, String>,
    authority: Pair,
    /// `ca.pem`, `cert.pem`, `key.pem`.
    client: TempDir,
    made: Cell<u8>,
}

/// A node that can be booted.
pub struct Node {
    /// Of its container.
    pub name: String,
    address: String,
    folder: TempDir,
    files: Vec<u8>,
    uid_base: u32,
}

impl ByHand {
    /// Looks at a node of a bay.
    pub async fn like(engine: &Docker, node: &str) -> ByHand {
        // Another part of this process may have chosen one already, and it is the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let like = engine.inspect_container(node, None).await.unwrap();
        let options = DownloadFromContainerOptionsBuilder::new()
            .path("/etc/jeroboam/node.json")
            .build();
        let file = engine.download_from_container(node, Some(options));
        let file: Vec<bytes::Bytes> = file.try_collect().await.unwrap();
        let run = std::env::var("JEROBOAM_BENCH_RUN").unwrap_or_else(|_| "bench".into());
        let label = HashMap::from([("jeroboam.host".to_owned(), run)]);
        let (network, subnet) = network(engine, &label).await;
        let authority = Authority::create("bench", Clock::System.now()).unwrap();
        let client = tempfile::tempdir().unwrap();
        write_client(client.path(), &authority);
        ByHand {
            engine: engine.clone(),
            like,
            settings: only_file(&file.concat()),
            network,
            subnet,
            label,
            authority,
            client,
            made: Cell::new(0),
        }
    }

    /// Certificates and files for so many, before anybody looks at the clock.
    pub fn prepare(&self, count: usize) -> Vec<Node> {
        (0..count).map(|_| self.one()).collect()
    }

    fn one(&self) -> Node {
        let number = self.made.replace(self.made.get() + 1);
        let [a, b, c] = self.subnet;
        let address = format!("{a}.{b}.{c}.{}", 10 + number);
        let uid_base = FIRST_USER + u32::from(number) * USERS;
        let mut settings = self.settings.clone();
        settings["uid_base"] = uid_base.into();
        settings["uid_count"] = USERS.into();
        let identity = sign(&self.authority, &address);
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o711)).unwrap();
        Node {
            name: format!("{}-{number}", self.network),
            files: tar([
                ("node.json", 0o644, &*settings.to_string()),
                ("tls/ca.pem", 0o644, &*self.authority.certificate),
                ("tls/cert.pem", 0o644, &*identity.certificate),
                ("tls/key.pem", 0o600, identity.key.reveal()),
            ]),
            address,
            folder,
            uid_base,
        }
    }

    /// Makes and starts it; how long that took, and how long until its engine answered.
    pub async fn boot(&self, node: &Node) -> (Duration, Duration) {
        let options = CreateContainerOptionsBuilder::new()
            .name(&node.name)
            .build();
        let (body, files) = (self.body(node), node.files.clone());
        let docker = self.client_of(node);
        let watch = Stopwatch::start();
        let made = self.engine.create_container(Some(options), body).await;
        made.unwrap();
        let options = UploadToContainerOptionsBuilder::new().path("/").build();
        let sent = self.engine.upload_to_container(
            &node.name,
            Some(options),
            bollard::body_full(files.into()),
        );
        sent.await.unwrap();
        let started = self.engine.start_container(&node.name, None).await;
        started.unwrap();
        let started = watch.elapsed();
        let waiting = async {
            while docker.info().await.is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.expect("the engine inside answers");
        (started, watch.elapsed())
    }

    fn body(&self, node: &Node) -> ContainerCreateBody {
        let body = engine::made_of(&self.like);
        let host_config = HostConfig {
            network_mode: Some(self.network.clone()),
            mounts: Some(vec![
                Mount {
                    target: Some("/var/lib/docker".to_owned()),
                    typ: Some(MountType::VOLUME),
                    ..Mount::default()
                },
                Mount {
                    target: Some("/var/lib/jeroboam".to_owned()),
                    source: Some(node.folder.path().display().to_string()),
                    typ: Some(MountType::BIND),
                    ..Mount::default()
                },
            ]),
            ..body.host_config.clone().unwrap()
        };
        let endpoint = EndpointSettings {
            ipam_config: Some(EndpointIpamConfig {
                ipv4_address: Some(node.address.clone()),
                ..EndpointIpamConfig::default()
            }),
            ..EndpointSettings::default()
        };
        let mut labels = self.label.clone();
        // By this, agents see whose users these are.
        labels.insert("jeroboam.uids".into(), format!("{}:{USERS}", node.uid_base));
        ContainerCreateBody {
            labels: Some(labels),
            host_config: Some(host_config),
            networking_config: Some(NetworkingConfig {
                endpoints_config: Some(HashMap::from([(self.network.clone(), endpoint)])),
            }),
            ..body
        }
    }

    fn client_of(&self, node: &Node) -> Docker {
        let file = |name: &str| self.client.path().join(name);
        let url = format!("tcp://{}:2376", node.address);
        Docker::connect_with_ssl(
            &url,
            &file("key.pem"),
            &file("cert.pem"),
            &file("ca.pem"),
            60,
            API_DEFAULT_VERSION,
        )
        .unwrap()
    }

    pub async fn remove(&self, nodes: &[Node]) {
        for node in nodes {
            engine::remove(&self.engine, &node.name).await;
        }
    }

    pub async fn close(self) {
        self.engine.remove_network(&self.network).await.unwrap();
    }
}

/// A network that nothing on this machine is on; nodes' own are within 172.30 and 172.31.
async fn network(engine: &Docker, label: &HashMap<String, String>) -> (String, [u8; 3]) {
    let name = format!("bench-{}", uuid::Uuid::new_v4().simple());
    for _try in 0..20 {
        let [second, third, ..] = uuid::Uuid::new_v4().into_bytes();
        // Pods and services are further up, and so are the clouds of stack.sh.
        let subnet = [10, second % 64, third];
        let config = IpamConfig {
            subnet: Some(format!("10.{}.{third}.0/24", second % 64)),
            ..IpamConfig::default()
        };
        let request = NetworkCreateRequest {
            name: name.clone(),
            labels: Some(label.clone()),
            ipam: Some(Ipam {
                config: Some(vec![config]),
                ..Ipam::default()
            }),
            ..NetworkCreateRequest::default()
        };
        if engine.create_network(request).await.is_ok() {
            return (name, subnet);
        }
    }
    panic!("no network of twenty is free");
}

fn sign(authority: &Pair, address: &str) -> Pair {
    let names = Names {
        common: "node".into(),
        organization: None,
        hosts: Vec::new(),
        addresses: vec![address.parse().unwrap()],
    };
    let issuer = Authority::open(&authority.certificate, &authority.key).unwrap();
    issuer.node(&names, Clock::System.now()).unwrap()
}

/// What the engine's client reads; a node's certificate is good for a client, too.
fn write_client(folder: &Path, authority: &Pair) {
    let identity = sign(authority, "127.0.0.1");
    for (name, content) in [
        ("ca.pem", &*authority.certificate),
        ("cert.pem", &*identity.certificate),
        ("key.pem", identity.key.reveal()),
    ] {
        std::fs::write(folder.join(name), content).unwrap();
    }
}

fn tar<'a>(files: impl IntoIterator<Item = (&'static str, u32, &'a str)>) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, mode, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        let path = format!("etc/jeroboam/{name}");
        tar.append_data(&mut header, path, content.as_bytes())
            .unwrap();
    }
    tar.into_inner().unwrap()
}

/// The JSON in an archive of one file.
fn only_file(tar: &[u8]) -> Value {
    let mut archive = tar::Archive::new(tar);
    let mut file = archive.entries().unwrap().next().unwrap().unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}
