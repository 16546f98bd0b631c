//! What a host says about itself. Always answers at once: what cannot be learned in time stays as it
//! was known last.

use crate::host::{Host, bounded};
use crate::machine::{Machine, MachineFacts};
use blobs::Digest;
use compute_driver::DriverError;
use schemas::host::Inventory;
use schemas::workload::Tunnel;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

const PATIENCE: Duration = Duration::from_secs(3);
/// Images named in one message.
const IMAGES: usize = 4096;

/// The host's inventory as known last.
pub(crate) struct Inventories {
    machine: Arc<dyn Machine>,
    known: Mutex<Known>,
}

struct Known {
    inventory: Inventory,
    root: PathBuf,
    /// Since when the engine does not answer.
    silent: Option<Instant>,
}

impl Inventories {
    /// `root` is on the filesystem that holds containers, until the engine says better.
    pub(crate) fn new(machine: Arc<dyn Machine>, host: &Host, root: PathBuf) -> Inventories {
        let settings = &host.settings;
        let inventory = Inventory {
            hostname: settings.hostname(),
            address: settings.address.clone(),
            driver: host.driver.name().to_owned(),
            zone: settings.zone.clone(),
            traits: settings.traits.clone(),
            cluster: host.beneath().map(|it| it.cluster),
            ..Inventory::default()
        };
        let known = Mutex::new(Known {
            inventory,
            root,
            silent: None,
        });
        Inventories { machine, known }
    }

    /// A folder on the filesystem that holds containers.
    pub(crate) fn root(&self) -> PathBuf {
        self.change(|known| known.root.clone())
    }

    fn change<T>(&self, change: impl FnOnce(&mut Known) -> T) -> T {
        change(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Learns what can be learned in a few seconds, and tells all that is known.
    pub(crate) async fn learn(&self, host: &Host) -> Inventory {
        let root = self.root();
        let machine = self.machine.clone();
        let measuring = timeout(
            PATIENCE,
            tokio::task::spawn_blocking(move || machine.facts(&root)),
        );
        let (engine, images, cached, facts, tunnel) = tokio::join!(
            bounded("host", PATIENCE, host.driver.host()),
            bounded("images", PATIENCE, host.driver.images()),
            timeout(PATIENCE, cached(host)),
            measuring,
            tunnel(host),
        );
        let engine = match engine {
            Ok(engine) => Ok(engine),
            Err(error) => Err(match host.beneath() {
                Some(beneath) => beneath.explained(&error).await,
                None => error.to_string(),
            }),
        };
        self.change(|known| {
            let it = &mut known.inventory;
            if let Ok(Ok(facts)) = facts {
                take_machine(it, facts);
                it.lendable_bytes = match host.beneath() {
                    None => host.settings.lendable_bytes(it.memory_bytes),
                    Some(_) => None,
                };
            }
            if let Some(tunnel) = tunnel {
                take_tunnel(it, tunnel);
            }
            match engine {
                Ok(engine) => {
                    it.engine_problem = None;
                    if let Some(beneath) = host.beneath() {
                        beneath.answered();
                    }
                    if known.silent.take().is_some() {
                        info!("the container engine answers again");
                    }
                    it.engine = engine.engine;
                    it.architecture = engine.architecture;
                    known.root = engine.root.map_or(known.root.clone(), PathBuf::from);
                }
                Err(text) => {
                    if known.silent.is_none() {
                        warn!(text, "the container engine does not answer");
                    }
                    let since = *known.silent.get_or_insert_with(Instant::now);
                    if since.elapsed() >= host.settings.engine_grace() {
                        it.engine_problem = Some(text);
                    }
                }
            }
            if let (Ok(images), Ok(Ok(cached))) = (images, cached) {
                let mut all = images;
                all.extend(cached.iter().map(|digest| digest.to_string()));
                all.sort();
                all.dedup();
                all.truncate(IMAGES);
                it.images = all;
            }
            it.clone()
        })
    }
}

/// Images in the cache. It is the machine's: for all nodes on it they are equally near.
async fn cached(host: &Host) -> Result<Vec<Digest>, DriverError> {
    match host.beneath() {
        None => host.images.cache.run(|cache| cache.whole_images()).await,
        Some(_) => Ok(Vec::new()),
    }
}

/// Where tunnels end, or why there are none; nothing when that cannot be told now.
async fn tunnel(host: &Host) -> Option<Result<Tunnel, String>> {
    if host.beneath().is_some() {
        return None;
    }
    let address = match host.settings.tunnel() {
        Ok(address) => address,
        Err(why) => return Some(Err(why)),
    };
    match bounded("tunnels", PATIENCE, host.driver.tunnel_mtu(address)).await {
        Ok(mtu) => Some(Ok(Tunnel { address, mtu })),
        Err(DriverError::Timeout { .. } | DriverError::EngineDown { .. }) => None,
        Err(error) => Some(Err(error.to_string())),
    }
}

fn take_tunnel(inventory: &mut Inventory, tunnel: Result<Tunnel, String>) {
    let (tunnel, problem) = match tunnel {
        Ok(tunnel) => (Some(tunnel), None),
        Err(problem) => (None, Some(problem)),
    };
    if problem.is_some() && inventory.tunnel_problem != problem {
        info!(?problem, "no tunnels to other machines");
    }
    inventory.tunnel = tunnel;
    inventory.tunnel_problem = problem;
}

fn take_machine(inventory: &mut Inventory, facts: MachineFacts) {
    // The engine's own word, if there is one, stands above.
    if inventory.engine.is_empty() {
        inventory.architecture = facts.architecture;
    }
    inventory.cpus = facts.cpus;
    inventory.memory_bytes = facts.memory_bytes;
    inventory.memory_free_bytes = facts.memory_free_bytes;
    inventory.disk_bytes = facts.disk_bytes;
    inventory.disk_free_bytes = facts.disk_free_bytes;
    inventory.load = facts.load;
    inventory.uptime_s = facts.uptime_s;
}
