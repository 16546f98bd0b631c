//! What all tasks of one agent share, and how they call the driver: in turn, and with an end.

use crate::images::Images;
use crate::keyed::KeyedLocks;
use crate::ledger::Ledger;
use crate::networks::Networks;
use crate::nodes::{Beneath, Nodes};
use crate::pod::Probes;
use crate::reporter::Reporter;
use crate::settings::AgentSettings;
use compute_driver::{Driver, DriverError, PodHere};
use process::Clock;
use schemas::ids::{HostId, WorkloadId};
use schemas::workload::Observation;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Drivers have their own, shorter deadlines; this one holds even if a driver fails to keep them.
const CALL: Duration = Duration::from_secs(600);
/// A question has to be answered by then.
const QUESTION: Duration = Duration::from_secs(60);
/// A call that takes longer lets others work meanwhile: a container that hangs stops nobody.
const TURN: Duration = Duration::from_secs(5);
/// Questions of probes that are asked at once on one host.
pub(crate) const ASKING: usize = 16;
/// The engine is asked whether it is there at all.
const PROBE: Duration = Duration::from_secs(5);

/// One host.
pub(crate) struct Host {
    pub(crate) settings: AgentSettings,
    pub(crate) id: HostId,
    pub(crate) driver: Arc<dyn Driver>,
    pub(crate) reporter: Reporter,
    pub(crate) ledger: Ledger,
    pub(crate) images: Images,
    pub(crate) networks: Networks,
    /// Calls that change one container come one after another, whatever they are for.
    pub(crate) containers: KeyedLocks<WorkloadId>,
    pub(crate) turns: Semaphore,
    pub(crate) clock: Clock,
    /// What pods' probes find.
    pub(crate) probes: Probes,
    /// Questions of probes at once.
    pub(crate) asking: Semaphore,
    pub(crate) stopping: CancellationToken,
    /// What is under it.
    pub(crate) ground: Ground,
}

/// What is under a host.
pub(crate) enum Ground {
    /// A machine, on which there may be nodes.
    Machine(Arc<Nodes>),
    /// A machine's container: the host is a node.
    Node(Beneath),
}

impl Host {
    /// A call with an effect.
    pub(crate) async fn call<T>(
        &self,
        op: &'static str,
        call: impl Future<Output = Result<T, DriverError>>,
    ) -> Result<T, DriverError> {
        // Never closed.
        let mut turn = self.turns.acquire().await.ok();
        let call = bounded(op, CALL, call);
        tokio::pin!(call);
        if let Ok(result) = tokio::time::timeout(TURN, &mut call).await {
            return result;
        }
        drop(turn.take());
        call.await
    }

    /// What is there.
    pub(crate) async fn inspect(&self, id: WorkloadId) -> Result<Option<Observation>, DriverError> {
        let seen = bounded("inspect", QUESTION, self.driver.inspect(id)).await?;
        if let Ground::Machine(nodes) = &self.ground {
            nodes.saw(id, seen.as_ref());
        }
        Ok(seen)
    }

    /// What is there of a pod.
    pub(crate) async fn inspect_pod(&self, id: WorkloadId) -> Result<Option<PodHere>, DriverError> {
        bounded("inspect", QUESTION, self.driver.inspect_pod(id)).await
    }

    /// Everything that is there.
    pub(crate) async fn list(&self) -> Result<Vec<Observation>, DriverError> {
        let all = bounded("list", QUESTION, self.driver.list()).await?;
        if let Ground::Machine(nodes) = &self.ground {
            all.iter().for_each(|seen| nodes.saw(seen.id, Some(seen)));
        }
        Ok(all)
    }

    /// The nodes on it.
    pub(crate) fn nodes(&self) -> Option<&Arc<Nodes>> {
        match &self.ground {
            Ground::Machine(nodes) => Some(nodes),
            Ground::Node(_) => None,
        }
    }

    /// What it stands on, if it is a node.
    pub(crate) fn beneath(&self) -> Option<&Beneath> {
        match &self.ground {
            Ground::Machine(_) => None,
            Ground::Node(beneath) => Some(beneath),
        }
    }

    /// Does the engine answer at all?
    pub(crate) async fn engine_answers(&self) -> bool {
        bounded("host", PROBE, self.driver.host()).await.is_ok()
    }
}

/// Ends a call that its driver does not end.
pub(crate) async fn bounded<T>(
    op: &'static str,
    after: Duration,
    call: impl Future<Output = Result<T, DriverError>>,
) -> Result<T, DriverError> {
    let result = tokio::time::timeout(after, call).await;
    result.unwrap_or(Err(DriverError::Timeout { op, after }))
}
