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
        let fresh = self.write_down(workload).await;
        self.past = Past {
            image: false,
            networks: false,
            limits: false,
            ..std::mem::take(&mut self.past)
        };
        self.last = match fresh {
            true => None,
            false => host.inspect(workload.id).await?,
        };
        for _ in 0..STEPS {
            if self.keeper.superseded() {
                return Err(Failure::Superseded);
            }
            self.past.observe(workload, self.last.as_ref());
            let step = plan(workload, self.last.as_ref(), &self.past);
            if step == Step::Done {
                return Ok(self.last.clone().map_or(Seen::Absent, Seen::Container));
            }
            debug!(?step, "next");
            let prepares = matches!(step, Step::Image | Step::Networks);
            self.step(workload, step).await?;
            if !prepares {
                self.last = host.inspect(workload.id).await?;
            }
        }
        Err(unsettled(self.last.as_ref()))
    }

    /// What the engine will hold for this id, before it holds it: nothing of it is ever forgotten.
    /// True when it held nothing before, so that it need not be asked. (Should the ledger have been
    /// lost, making the container finds the one that is there.)
    async fn write_down(&self, workload: &Workload) -> bool {
        let ledger = &self.host().ledger;
        let mut entry = ledger.get(workload.id);
        let fresh = matches!(entry.what, What::Unknown);
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
        fresh
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
