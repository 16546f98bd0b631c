//! That the host is here, what it is, and what is on it.
//!
//! A `Hello` goes out at the start, and after each reconnection of the bus or of the engine's events,
//! followed by an observation of everything. While the engine does not answer there is none: it would
//! say that nothing is here. Heartbeats go out whatever happens.

use crate::host::Host;
use crate::inventory::Inventories;
use crate::keepers::Keepers;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{MissedTickBehavior, interval, sleep};
use tracing::{debug, info, warn};

const HOUSEKEEPING: Duration = Duration::from_secs(60);

/// Asks for a `Hello`; many requests are one.
#[derive(Clone, Default)]
pub(crate) struct Greeting(Arc<Notify>);

impl Greeting {
    pub(crate) fn ask(&self) {
        self.0.notify_one();
    }
}

/// Says `Hello` whenever asked, until it is heard.
pub(crate) async fn greet(
    keepers: Arc<Keepers>,
    inventories: Arc<Inventories>,
    greeting: Greeting,
) {
    let host = keepers.host.clone();
    loop {
        greeting.0.notified().await;
        let mut failures = 0;
        let present = loop {
            match say_hello(&host, &inventories).await {
                Ok(present) => break present,
                Err(cause) => debug!(cause, "no hello yet"),
            }
            failures = (failures + 1).min(5);
            sleep(Duration::from_millis(200) * 2u32.pow(failures)).await;
        };
        info!(containers = present.len(), "said hello");
        if let Some(nodes) = host.nodes() {
            let gone = nodes.but_for(&present);
            gone.into_iter()
                .for_each(|id| keepers.look(id, Duration::ZERO, true));
            nodes.swept();
        }
        // Of a pod nothing may be left, and it is made anew.
        for id in present.into_iter().chain(host.ledger.pods()) {
            keepers.look(id, Duration::ZERO, true);
        }
    }
}

async fn say_hello(
    host: &Host,
    inventories: &Inventories,
) -> Result<Vec<schemas::ids::WorkloadId>, String> {
    let inventory = inventories.learn(host).await;
    let present = host.list().await.map_err(|error| error.to_string())?;
    let ids = present.iter().map(|seen| seen.id).collect();
    let saying = host.reporter.hello(inventory, present).await;
    saying.map(|()| ids).map_err(|error| error.to_string())
}

/// Asks for a `Hello` each time the bus has connected anew.
pub(crate) async fn watch_bus(mut connections: watch::Receiver<u64>, greeting: Greeting) {
    while connections.changed().await.is_ok() {
        greeting.ask();
    }
    // The bus is gone, and with it this agent.
    std::future::pending().await
}

/// A heartbeat every few seconds.
pub(crate) async fn beat(host: Arc<Host>, inventories: Arc<Inventories>) {
    let mut beats = interval(host.settings.heartbeat());
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beats.tick().await;
        let inventory = inventories.learn(&host).await;
        let holds = host.ledger.containers();
        if let Err(error) = host.reporter.heartbeat(inventory, holds).await {
            debug!(%error, "a heartbeat is not sent");
        }
    }
}

/// Keeps memory, cache and engine from filling up.
pub(crate) async fn keep_house(keepers: Arc<Keepers>, inventories: Arc<Inventories>) {
    let host = keepers.host.clone();
    loop {
        sleep(HOUSEKEEPING).await;
        host.ledger.prune().await;
        for id in host.ledger.snapshots() {
            keepers.look(id, Duration::ZERO, false);
        }
        let keep = host.ledger.images();
        let (id, needed) = (host.id, keep.clone());
        if let Err(error) = host
            .images
            .cache
            .run(move |cache| cache.trim(id, needed))
            .await
        {
            warn!(%error, "the image cache is not trimmed");
        }
        let it = inventories.learn(&host).await;
        let wanted = it.disk_bytes / 100 * u64::from(host.settings.min_free_percent);
        if it.engine_problem.is_some() || it.disk_free_bytes >= wanted {
            continue;
        }
        match host
            .call("images", host.driver.remove_unused_images(&keep))
            .await
        {
            Ok(removed) if removed.is_empty() => {}
            Ok(removed) => info!(
                count = removed.len(),
                "removed unused images from the engine"
            ),
            Err(error) => warn!(%error, "unused images are not removed"),
        }
    }
}
