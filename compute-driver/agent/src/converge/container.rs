//! A container, as ordered.

use super::Attempt;
use crate::failure::Failure;
use crate::ledger::What;
use crate::plan::{Past, Step, plan};
use schemas::host::{Problem, Seen};
use schemas::workload::{Observation, Workload};
use std::collections::BTreeSet;
use std::time::Duration;
use tracing::{debug, info};

/// More steps than any order needs: beyond, something undoes what we do.
const STEPS: usize = 24;
const BETWEEN_STATES: Duration = Duration::from_secs(1);

impl Attempt<'_> {
    pub(super) async fn container(&mut self, workload: &Workload) -> Result<Seen, Failure> {
        let host = self.host();
        let networks = workload.networks.iter().map(|it| it.network.id);
        let _need = host.networks.need(networks);
        self.write_down(workload).await;
        self.past = Past {
            image: false,
            networks: false,
            limits: false,
            ..std::mem::take(&mut self.past)
        };
        for _ in 0..STEPS {
            if self.keeper.superseded() {
                return Err(Failure::Superseded);
            }
            let seen = host.inspect(workload.id).await?;
            self.past.observe(workload, seen.as_ref());
            let step = plan(workload, seen.as_ref(), &self.past);
            self.last = seen;
            if step == Step::Done {
                return Ok(self.last.clone().map_or(Seen::Absent, Seen::Container));
            }
            debug!(?step, "next");
            self.step(workload, step).await?;
        }
        Err(unsettled(self.last.as_ref()))
    }

    /// What the engine will hold for this id, before it holds it: nothing of it is ever forgotten.
    async fn write_down(&self, workload: &Workload) {
        let ledger = &self.host().ledger;
        let mut entry = ledger.get(workload.id);
        let mut networks: BTreeSet<_> = workload.networks.iter().map(|it| it.network.id).collect();
        if let What::Container {
            networks: before, ..
        } = &entry.what
        {
            networks.extend(before);
        }
        let image = workload.image.clone();
        entry.what = What::Container { image, networks };
        ledger.put(workload.id, entry).await;
    }

    async fn step(&mut self, workload: &Workload, step: Step) -> Result<(), Failure> {
        let (host, id) = (self.host(), workload.id);
        let driver = host.driver.as_ref();
        let grace = host.settings.stop_grace();
        match &step {
            Step::Image => {
                let flight = host.images.flight(&workload.image);
                self.status.fetching(&flight);
                let fetching = host.images.ensure(driver, &workload.image, &flight);
                let fetching = async { fetching.await.map_err(Failure::from) };
                self.keeper.unless_newer(fetching).await?;
                self.past.image = true;
                return Ok(());
            }
            Step::Networks => {
                self.status.step("making networks");
                for attachment in &workload.networks {
                    let making = host.networks.ensure(driver, attachment);
                    host.call("network", making).await?;
                }
                self.past.networks = true;
                return Ok(());
            }
            Step::Wait => {
                self.status.step("waiting for the container engine");
                return self.keeper.pause(BETWEEN_STATES).await;
            }
            _ => {}
        }
        let _turn = host.containers.lock(&id).await;
        match step {
            Step::Create => {
                self.status.step("creating the container");
                info!(image = %workload.image.id, incarnation = workload.incarnation, "creating");
                host.call("create", driver.ensure_created(workload)).await?;
            }
            Step::Limits => {
                self.status.step("changing limits");
                host.call("limits", driver.ensure_limits(id, &workload.limits))
                    .await?;
                self.past.limits = true;
            }
            Step::Reboot(order) => {
                self.status.step("rebooting the container");
                host.call("reboot", driver.ensure_rebooted(id, &order, grace))
                    .await?;
                self.past.begun = true;
            }
            Step::Start => {
                self.status.step("starting the container");
                host.call("start", driver.ensure_running(id)).await?;
                self.past.begun = true;
            }
            Step::Pause => {
                self.status.step("pausing the container");
                host.call("pause", driver.ensure_paused(id)).await?;
                self.past.begun = true;
            }
            Step::Stop => {
                self.status.step("stopping the container");
                host.call("stop", driver.ensure_stopped(id, grace)).await?;
            }
            Step::Image | Step::Networks | Step::Wait | Step::Done => {}
        }
        Ok(())
    }
}

fn unsettled(last: Option<&Observation>) -> Failure {
    let state = last.map_or("absent".to_owned(), |seen| {
        format!("{:?}", seen.state).to_lowercase()
    });
    Failure::Failed {
        problem: Problem {
            text: format!(
                "the container does not settle, it is {state} again and again; does something else on the host change it?"
            ),
            permanent: false,
            host_fault: true,
        },
        again: true,
    }
}
