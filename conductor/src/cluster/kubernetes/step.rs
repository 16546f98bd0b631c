//! Asking the API server: a look writes down that a probe begins, and the probe runs after its commit.

use super::{gone, opens};
use crate::cluster::adopted::{LOST, Probe, due};
use crate::cluster::condition::Standing;
use crate::cluster::snapshot::{Engine, Snapshot};
use crate::context::Context;
use crate::look::Effect;
use ::kubernetes::Whose;
use schemas::Timestamp;
use schemas::container_infra::adopted::Sight;
use std::time::Duration;
use store::container_infra::adopted;
use store::container_infra::nodes::Phase;
use store::{Result, Tx};

/// While something is about to change there, the server is asked again so soon.
const CLOSELY: Duration = Duration::from_secs(5);

/// One step: what is to be asked, and when to look again.
pub(in crate::cluster) fn step(
    tx: &mut Tx<'_>,
    at: &Snapshot,
    context: &Context,
) -> Result<(Vec<Effect>, Option<Timestamp>)> {
    if at.kubernetes.is_none() {
        return Ok((Vec::new(), None));
    }
    let Some(mut row) = opens::ensure(tx, at, context)? else {
        return Ok((Vec::new(), None));
    };
    let (now, settings) = (tx.now(), &context.settings.kubernetes);
    let gone = gone(at);
    let pause = match gone.is_empty() && still(at) {
        true => settings.period(),
        false => CLOSELY.min(settings.period()),
    };
    let due = due(&row, now, pause, settings.patience());
    if now < due {
        return Ok((Vec::new(), Some(due)));
    }
    let probe = Probe {
        number: row.ask(now),
        cluster_id: row.cluster_id.clone(),
        sealed: row.sealed_kubeconfig.clone(),
        whose: Whose::Ours,
        gone,
    };
    adopted::update(tx, &mut row)?;
    let lost = now + settings.patience() + LOST;
    Ok((vec![Effect::Probe(probe)], Some(lost)))
}

/// Does the server answer, and list as ready whoever should be by now?
fn still(at: &Snapshot) -> bool {
    let plane = at.kubernetes.as_ref();
    let answers = plane.is_some_and(|plane| matches!(plane.sight, Some(Sight::Answers(_))));
    answers
        && at.places().all(|(_, place)| {
            let works = place
                .server
                .as_ref()
                .is_some_and(|seat| matches!(seat.engine, Engine::Works(_)));
            place.phase != Phase::Run || !works || place.standing == Standing::In
        })
}
