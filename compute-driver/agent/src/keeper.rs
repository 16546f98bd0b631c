//! The owner of one id: carries out its newest order, looks when something happened, tells what is.

use crate::converge;
use crate::failure::Failure;
use crate::keepers::{Keepers, Look, Work};
use crate::ledger::{Entry, Outcome, What};
use crate::pod;
use crate::status::Status;
use schemas::host::{Converge, Desired, Problem, Seen};
use schemas::ids::{ImageId, WorkloadId};
use schemas::workload::Pod;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tracing::{Instrument, debug, info, info_span, warn};

/// Progress is told no more often.
const TELL: Duration = Duration::from_secs(2);
/// A pod that needs what the host cannot give now is tried again after this.
const TEND_AGAIN: Duration = Duration::from_secs(5);
/// What was not heard is told again after this.
const TELL_AGAIN: Duration = Duration::from_secs(5);
/// An observation of a pod is heard by then, or told again later.
const HEARD: Duration = Duration::from_secs(2);
/// Events may be missed: a pod is looked at this often at least.
const LOOK: Duration = Duration::from_secs(300);
/// Tries after the first, for what may pass.
const RETRIES: u32 = 3;

/// One id's keeper.
pub(crate) struct Keeper {
    pub(crate) keepers: Arc<Keepers>,
    pub(crate) id: WorkloadId,
}

impl Drop for Keeper {
    // Also when its task panics: the next order finds a free place.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.keepers.forget(self.id);
        }
    }
}

impl Keeper {
    pub(crate) fn new(keepers: Arc<Keepers>, id: WorkloadId) -> Keeper {
        Keeper { keepers, id }
    }

    /// Works until there is nothing to do.
    pub(crate) async fn keep(self) {
        while let Some(work) = self.keepers.next(self.id) {
            match work {
                Work::Look(look) => self.look(look).await,
                Work::Converge(order) => {
                    let span = info_span!("converge", id = %order.id, generation = order.generation,
                        request_id = %order.request_id);
                    self.converge(&order).instrument(span).await;
                }
            }
        }
    }

    /// Something newer has come.
    pub(crate) fn superseded(&self) -> bool {
        self.keepers.superseded(self.id)
    }

    /// Waits, unless something newer comes.
    pub(crate) async fn pause(&self, length: Duration) -> Result<(), Failure> {
        match timeout(length, self.keepers.newer(self.id)).await {
            Ok(()) => Err(Failure::Superseded),
            Err(_) => Ok(()),
        }
    }

    /// Works, unless something newer comes; only for what may be dropped anywhere.
    pub(crate) async fn unless_newer<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            result = work => result,
            () = self.keepers.newer(self.id) => Err(Failure::Superseded),
        }
    }

    async fn converge(&self, order: &Converge) {
        let status = Status::default();
        let end = tokio::select! {
            biased;
            end = self.try_hard(order, &status) => end,
            never = self.tell_progress(order, &status) => match never {},
        };
        let Some((state, problem)) = end else {
            debug!("superseded");
            return;
        };
        match &problem {
            None => info!("reached"),
            Some(problem) => warn!(
                problem = problem.text,
                permanent = problem.permanent,
                "given up"
            ),
        }
        self.finish(order, &state, problem.clone()).await;
        match order.desired {
            // From now on it is tended, whether anybody hears of it or not.
            Desired::Pod(_) => {
                if !self.tell_once(order.generation, state, problem).await {
                    self.keepers.look(self.id, TELL_AGAIN, true);
                }
            }
            _ => self.tell(order.generation, state, problem).await,
        }
    }

    /// Writes down that the order is done, before anybody hears of it.
    async fn finish(&self, order: &Converge, state: &Seen, problem: Option<Problem>) {
        let ledger = &self.keepers.host.ledger;
        let mut entry = ledger.get(self.id);
        entry.finished = order.generation;
        entry.what = converge::what_is(order, state, entry.what);
        entry.outcome = problem.map_or(Outcome::Reached, Outcome::GivenUp);
        ledger.put(self.id, entry).await;
    }

    /// Until it is reached, given up, or superseded (`None`).
    async fn try_hard(&self, order: &Converge, status: &Status) -> Option<(Seen, Option<Problem>)> {
        let mut attempt = converge::Attempt::new(self, order, status);
        let (mut failures, mut outages) = (0, 0);
        loop {
            let failure = match attempt.run().await {
                Ok(seen) => return Some((seen, None)),
                Err(failure) => failure,
            };
            let wait = match failure {
                Failure::Superseded => return None,
                Failure::EngineDown(text) => {
                    outages += 1;
                    status.step(format!(
                        "waiting for the container engine of the host: {text}"
                    ));
                    back_off(outages)
                }
                Failure::Failed { problem, again } => {
                    if again && !self.keepers.host.engine_answers().await {
                        outages += 1;
                        status.step("waiting for the container engine of the host");
                        back_off(outages)
                    } else if again && failures < RETRIES {
                        failures += 1;
                        info!(cause = problem.text, failures, "tried again soon");
                        back_off(failures)
                    } else {
                        return Some((attempt.what_there_is().await, Some(problem)));
                    }
                }
            };
            if self.pause(wait).await.is_err() {
                return None;
            }
        }
    }

    /// Says how far it is, while it takes long.
    async fn tell_progress(&self, order: &Converge, status: &Status) -> Infallible {
        let mut told = String::new();
        loop {
            sleep(TELL).await;
            let step = status.words();
            if step.is_empty() || step == told {
                continue;
            }
            told.clone_from(&step);
            let host = &self.keepers.host;
            let finished = host.ledger.get(order.id).finished;
            let telling = host
                .reporter
                .observed(order.id, finished, Seen::Busy { step }, None);
            if let Err(error) = telling.await {
                debug!(%error, "progress is not told");
            }
        }
    }

    /// Tells until it is heard, or something newer makes it stale.
    async fn tell(&self, generation: u64, state: Seen, problem: Option<Problem>) {
        let host = &self.keepers.host;
        let mut failures = 0;
        loop {
            let telling =
                host.reporter
                    .observed(self.id, generation, state.clone(), problem.clone());
            match telling.await {
                Ok(seq) => break host.ledger.told(self.id, &state, seq),
                Err(error) => {
                    failures += 1;
                    debug!(id = %self.id, %error, "an observation is not told yet");
                }
            }
            if self.pause(back_off(failures)).await.is_err() {
                break;
            }
        }
    }

    /// Nobody goes on with this snapshot (the agent died, the order was given up, the image is gone):
    /// what the engine keeps of it goes. Whoever still wants it has it made anew.
    async fn tidy(&self, mut entry: Entry) {
        if !entry.keeps_a_snapshot() {
            return;
        }
        let host = &self.keepers.host;
        let removing = host.driver.ensure_snapshot_absent(ImageId(self.id.0));
        if let Err(error) = host.call("snapshot", removing).await {
            debug!(id = %self.id, %error, "a snapshot is left to be tidied up later");
            return;
        }
        match entry.what {
            What::Snapshot { manifest: Some(_) } => entry.outcome = Outcome::Reached,
            _ => entry.what = What::Gone,
        }
        host.ledger.put(self.id, entry).await;
    }

    /// Keeps a pod as it was ordered.
    async fn tend(&self, pod: &Pod, generation: u64, anyway: bool) {
        let host = &self.keepers.host;
        let _need = host
            .networks
            .need(pod.networks.iter().map(|it| it.network.id));
        let status = Status::default();
        match pod::tend(self, pod, &status, Some(generation)).await {
            Ok((seen, again)) => {
                let anyway = host.probes.trouble(self.id, None) || anyway;
                let heard = match anyway {
                    true => self.tell_once(generation, Seen::Pod(seen), None).await,
                    false => self.tell_news(generation, Seen::Pod(seen)).await,
                };
                if !heard {
                    self.keepers.look(self.id, TELL_AGAIN, anyway);
                }
                self.look_again(again);
            }
            Err(Failure::Superseded) => {}
            Err(Failure::EngineDown(text)) => {
                debug!(id = %self.id, text, "a pod waits for the container engine");
                self.keepers.look(self.id, TEND_AGAIN, anyway);
            }
            Err(Failure::Failed { problem, .. }) => {
                let state = pod::what_there_is(host, pod).await;
                if host.probes.trouble(self.id, Some(&problem.text)) {
                    warn!(id = %self.id, problem = problem.text, "a pod is not as it should be");
                    let problem = Problem {
                        permanent: false,
                        ..problem
                    };
                    self.tell_once(generation, state, Some(problem)).await;
                }
                self.keepers.look(self.id, TEND_AGAIN, false);
            }
        }
    }

    /// Has a pod looked at when there may be something to do.
    pub(crate) fn look_again(&self, after: Option<Duration>) {
        let after = after.unwrap_or(LOOK).min(LOOK);
        self.keepers.look(self.id, after, false);
    }

    /// Tells it unless it was the last thing told. False when that is not heard.
    pub(crate) async fn tell_news(&self, generation: u64, state: Seen) -> bool {
        let told = self.keepers.host.ledger.get(self.id).told;
        told.as_ref() == Some(&state) || self.tell_once(generation, state, None).await
    }

    /// One try, and a short one: who keeps a pod does not wait for those who want to know of it.
    async fn tell_once(&self, generation: u64, state: Seen, problem: Option<Problem>) -> bool {
        let host = &self.keepers.host;
        let telling = host
            .reporter
            .observed(self.id, generation, state.clone(), problem);
        let heard = timeout(HEARD, telling).await;
        match &heard {
            Ok(Ok(seq)) => host.ledger.told(self.id, &state, *seq),
            Ok(Err(error)) => debug!(id = %self.id, %error, "an observation is not told yet"),
            Err(_) => debug!(id = %self.id, "an observation is not heard yet"),
        }
        matches!(heard, Ok(Ok(_)))
    }

    /// Tells what is there, if that is news.
    async fn look(&self, look: Look) {
        let host = &self.keepers.host;
        let Some(look) = self.keepers.due(self.id, look).await else {
            return;
        };
        let entry = host.ledger.get(self.id);
        let state = match &entry.what {
            What::Snapshot { .. } => return self.tidy(entry).await,
            What::Pod { pod, .. } if entry.outcome == Outcome::Reached => {
                return self.tend(pod, entry.finished, look.anyway).await;
            }
            What::Pod { pod, .. } => pod::what_there_is(host, pod).await,
            // Of a pod whose order is not known a hello tells enough.
            What::Unknown if !matches!(host.inspect_pod(self.id).await, Ok(None)) => return,
            // An engine that does not answer proves nothing; after its return everything is told.
            _ => match host.inspect(self.id).await {
                Ok(Some(seen)) => Seen::Container(seen),
                Ok(None) => Seen::Absent,
                Err(_) => return,
            },
        };
        if look.anyway || entry.told.as_ref() != Some(&state) {
            self.tell(entry.finished, state, entry.problem()).await;
        }
    }
}

fn back_off(failures: u32) -> Duration {
    (Duration::from_millis(250) * 2u32.pow(failures.min(10))).min(Duration::from_secs(5))
}
