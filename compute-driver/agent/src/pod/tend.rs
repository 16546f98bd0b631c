//! One pass over a pod: look, note, tell, take the next step, until there is nothing to do now.

use super::carry_out::carry_out;
use super::notes::Notes;
use super::plan::{Past, Step, plan};
use super::probes::is_asked;
use super::view::view;
use crate::failure::Failure;
use crate::host::Host;
use crate::keeper::Keeper;
use crate::ledger::What;
use crate::status::Status;
use compute_driver::PodHere;
use schemas::host::{Problem, Seen};
use schemas::workload::pod::PodSeen;
use schemas::workload::{Observation, Pod};
use std::collections::BTreeMap;
use std::time::Duration;
use tracing::debug;

/// More steps than any pass needs: beyond, something undoes what we do.
const STEPS: usize = 64;

/// Brings the pod as far as it can be brought now; answers what there is, and when to look again.
/// With a generation, each change on the way is told.
pub(crate) async fn tend(
    keeper: &Keeper,
    pod: &Pod,
    status: &Status,
    telling: Option<u64>,
) -> Result<(PodSeen, Option<Duration>), Failure> {
    let host = &keeper.keepers.host;
    let mut past = Past::default();
    for _ in 0..STEPS {
        if keeper.superseded() {
            return Err(Failure::Superseded);
        }
        let here = host.inspect_pod(pod.id).await?;
        let (notes, broken) = note(keeper, pod, here.as_ref()).await;
        let seen = view(pod, here.as_ref(), &notes);
        let now = host.clock.now();
        let step = plan(pod, here.as_ref(), &notes, &past, &broken, now);
        if let Step::Rest(length) = step {
            return Ok((seen, length));
        }
        if let Some(generation) = telling {
            keeper.tell_news(generation, Seen::Pod(seen)).await;
        }
        debug!(id = %pod.id, ?step, "next");
        carry_out(keeper, pod, here.as_ref(), step, &mut past, status).await?;
    }
    Err(unsettled())
}

/// What there is of a pod whose order is given up.
pub(crate) async fn what_there_is(host: &Host, pod: &Pod) -> Seen {
    let notes = match host.ledger.get(pod.id).what {
        What::Pod { notes, .. } => notes,
        _ => Notes::default(),
    };
    match host.inspect_pod(pod.id).await {
        Ok(Some(here)) => Seen::Pod(view(pod, Some(&here), &notes)),
        Ok(None) => Seen::Absent,
        Err(error) => Seen::Busy {
            step: error.to_string(),
        },
    }
}

/// Writes down what is seen and what probes say, and has asked what runs. Answers what is known
/// then, and which containers are broken and why.
async fn note(
    keeper: &Keeper,
    pod: &Pod,
    here: Option<&PodHere>,
) -> (Notes, BTreeMap<String, String>) {
    let host = &keeper.keepers.host;
    let now = host.clock.now();
    let verdicts = host.probes.verdicts(pod.id);
    let noted = host.ledger.note(pod.id, |notes| {
        notes.observe(pod, here, now, &host.settings.pods.back_off());
        for (name, boot, verdict) in &verdicts {
            notes.hear(name, boot, verdict);
        }
    });
    let notes = noted.await;
    let running = |name: &String| {
        let seen: &Observation = here?.members.get(name)?;
        let note = notes.members.get(name)?;
        (is_asked(seen.state) && seen.boot == note.boot).then(|| (name.clone(), note.clone()))
    };
    let containers = pod.spec.containers.iter();
    let running: Vec<_> = containers.filter_map(|it| running(&it.name)).collect();
    host.probes.keep(&keeper.keepers, pod, &running);
    let broken = verdicts.into_iter().filter_map(|(name, boot, verdict)| {
        let same = notes
            .members
            .get(&name)
            .is_some_and(|note| note.boot == boot);
        Some((name, verdict.broken.filter(|_| same)?))
    });
    let broken = broken.collect();
    (notes, broken)
}

fn unsettled() -> Failure {
    Failure::Failed {
        problem: Problem {
            text: "the pod does not settle; does something else on the host change it?".into(),
            permanent: false,
            host_fault: true,
        },
        again: true,
    }
}
