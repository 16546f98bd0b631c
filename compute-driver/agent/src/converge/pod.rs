//! A pod, as ordered: brought as far as it goes at once. From then on its keeper tends it.

use super::Attempt;
use crate::failure::Failure;
use crate::ledger::What;
use crate::pod::{Notes, end, tend};
use schemas::host::Seen;
use schemas::ids::NetworkId;
use schemas::workload::{Pod, RunState};
use std::collections::BTreeSet;

impl Attempt<'_> {
    pub(super) async fn pod(&mut self, wanted: &Pod) -> Result<Seen, Failure> {
        let networks = networks(wanted);
        let _need = self.host().networks.need(networks);
        let pod = self.note_down(wanted).await;
        let (seen, again) = tend(self.keeper, &pod, self.status, None).await?;
        self.keeper.look_again(again);
        Ok(Seen::Pod(seen))
    }

    /// What the engine will hold for this id, before it holds it. Of the same incarnation, only the
    /// labels are new: what it is made of stays.
    async fn note_down(&self, wanted: &Pod) -> Box<Pod> {
        let ledger = &self.host().ledger;
        let mut entry = ledger.get(wanted.id);
        let (mut pod, mut notes) = (Box::new(wanted.clone()), Notes::default());
        let mut all = networks(wanted);
        if let What::Pod {
            pod: before,
            notes: noted,
            networks,
        } = entry.what
        {
            all.extend(networks);
            if before.incarnation == wanted.incarnation && !noted.sandbox.is_empty() {
                pod = before;
                pod.spec.labels.clone_from(&wanted.spec.labels);
                notes = noted;
            }
        }
        entry.what = What::Pod {
            pod: pod.clone(),
            notes,
            networks: all,
        };
        ledger.put(wanted.id, entry).await;
        pod
    }

    /// Its containers are asked to end before all of it goes.
    pub(super) async fn end_pod(&self, pod: &Pod) -> Result<(), Failure> {
        let host = self.host();
        host.probes.forget(pod.id);
        let here = host.inspect_pod(pod.id).await?.unwrap_or_default();
        let running = here.members.into_iter();
        let running = running.filter(|(_, it)| it.state == RunState::Running);
        let names: Vec<String> = running.map(|(name, _)| name).collect();
        Ok(end(host, pod, &names).await?)
    }
}

fn networks(pod: &Pod) -> BTreeSet<NetworkId> {
    pod.networks.iter().map(|it| it.network.id).collect()
}
