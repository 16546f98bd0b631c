//! One life of one host, a machine or a node: everything that goes on for it, and how it ends.

use crate::calls;
use crate::events;
use crate::host::Host;
use crate::inventory::Inventories;
use crate::keepers::Keepers;
use crate::presence::{self, Greeting};
use crate::tasks::{AbortOnDrop, Tasks};
use crate::terminal::Terminals;
use bus::Bus;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::info;

/// What is under way when the agent is asked to end may finish for so long; then it is dropped, and
/// the next life does it again.
const FAREWELL: Duration = Duration::from_secs(5);

/// What a host needs to live.
#[derive(Clone)]
pub(crate) struct Life {
    pub(crate) host: Arc<Host>,
    pub(crate) bus: Bus,
    pub(crate) inventories: Arc<Inventories>,
    /// Served for all hosts of an agent at one door.
    pub(crate) terminals: Arc<Terminals>,
}

impl Life {
    /// Lives until the token is cancelled, with something else beside it. Dropped before, it stops as
    /// if killed. Containers are left as they are either way.
    pub(crate) async fn live<T>(
        self,
        beside: impl Future<Output = T>,
        shutdown: CancellationToken,
    ) {
        let Life {
            host,
            bus,
            inventories,
            terminals,
        } = self;
        let tasks = AbortOnDrop(Arc::new(Tasks::default()));
        let keepers = Keepers::new(host.clone(), tasks.0.clone());
        // Before hello, so that answers to it find their queue.
        let mut converges = bus.converges(host.id).await;
        let calls = bus.calls(host.id).await;
        info!(host = %host.id, epoch = %host.reporter.epoch(), "the agent begins");

        let greeting = Greeting::default();
        let mut connections = bus.connections();
        connections.mark_unchanged();
        let work = async {
            tokio::join!(
                presence::greet(keepers.clone(), inventories.clone(), greeting.clone()),
                presence::watch_bus(connections, greeting.clone()),
                presence::beat(host.clone(), inventories.clone()),
                presence::keep_house(keepers.clone(), inventories.clone()),
                events::watch(keepers.clone(), greeting.clone()),
                calls::answer(calls, host.clone(), tasks.0.clone(), terminals),
                async {
                    loop {
                        keepers.order(converges.next().await);
                    }
                },
            )
        };
        tokio::select! {
            () = shutdown.cancelled() => {}
            _ = async { tokio::join!(work, beside) } => {}
        }
        host.stopping.cancel();
        let idle = async {
            while !keepers.is_idle() || host.nodes().is_some_and(|nodes| nodes.live()) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let finished = tokio::time::timeout(FAREWELL, idle).await.is_ok();
        info!(host = %host.id, finished, "the agent ends");
    }
}
