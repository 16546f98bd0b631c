//! What a node's host stands on: a container of the machine's engine, which says why the engine inside
//! does not answer.

use crate::published::Published;
use compute_driver::{Driver, DriverError};
use schemas::ids::{ClusterId, WorkloadId};
use schemas::workload::Services;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// An inner engine has so long to come up.
const COMES_UP: Duration = Duration::from_secs(60);
/// The machine's engine has so long to tell what the node said.
const PATIENCE: Duration = Duration::from_secs(3);
/// Bytes of a node's last line that are passed on.
const LINE: usize = 300;

/// The container under a node's host.
pub(crate) struct Beneath {
    pub(crate) cluster: ClusterId,
    driver: Arc<dyn Driver>,
    id: WorkloadId,
    /// On its cluster's network.
    address: Option<Ipv4Addr>,
    published: Arc<Published>,
    since: Instant,
    answered: AtomicBool,
}

impl Beneath {
    pub(super) fn new(
        (driver, published): (Arc<dyn Driver>, Arc<Published>),
        id: WorkloadId,
        cluster: ClusterId,
        address: Option<Ipv4Addr>,
    ) -> Beneath {
        Beneath {
            cluster,
            driver,
            id,
            address,
            published,
            since: Instant::now(),
            answered: AtomicBool::new(false),
        }
    }

    /// The engine inside has come up.
    pub(crate) fn answered(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    /// The node serves these services now: those ports of them that are meant for everybody are opened
    /// on the machine.
    pub(crate) fn serves(&self, services: &Services) {
        let ports = services.services.iter().flat_map(|service| &service.ports);
        if let Some(address) = self.address {
            let ports = ports.filter_map(|port| Some((port.protocol, port.node_port?)));
            let ports = ports.collect();
            self.published.serves(self.id, address, ports);
        }
    }

    /// Why the engine inside does not answer, in words for whoever owns the cluster.
    pub(crate) async fn explained(&self, error: &DriverError) -> String {
        let was_up = self.answered.load(Ordering::Relaxed);
        if !was_up && self.since.elapsed() < COMES_UP {
            return "the node's engine is coming up".into();
        }
        let said = self.last_line().await;
        match was_up {
            true => format!("the node's engine answers no more ({error}): {said}"),
            false => format!(
                "the node's engine did not answer in {} s: {said}",
                COMES_UP.as_secs()
            ),
        }
    }

    async fn last_line(&self) -> String {
        let logs = timeout(PATIENCE, self.driver.logs(self.id, Some(1), false)).await;
        let logs = match logs {
            Ok(Ok(logs)) => logs,
            Ok(Err(error)) => return format!("what it said last is not known, {error}"),
            Err(_) => return "what it said last is not known".into(),
        };
        let line = logs.lines().map(str::trim).rfind(|line| !line.is_empty());
        line.map_or("it said nothing".into(), shown)
    }
}

impl Drop for Beneath {
    fn drop(&mut self) {
        self.published.forget(self.id);
    }
}

/// A line that fits into a message, without what would move somebody's cursor.
fn shown(line: &str) -> String {
    let plain = line.chars().filter(|letter| !letter.is_control());
    let mut text: String = plain.take(LINE).collect();
    while text.len() > LINE {
        text.pop();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nodes_last_line_is_short_and_plain() {
        assert_eq!(shown("no \u{1b}[31mspace\u{7} left"), "no [31mspace left");
        assert!(shown(&"ü".repeat(1000)).len() <= LINE);
    }
}
