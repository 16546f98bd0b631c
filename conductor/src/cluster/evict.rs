//! What runs in a cluster goes with it: its controllers first, so that they make nothing more. What runs on a
//! node that was given a taint (`NoExecute`) goes, too, unless it tolerates that.

use store::compute::guests;
use store::container_infra::clusters::{self, Cluster};
use store::container_infra::{placing, rcs};
use store::{Result, Scope, Tx};

/// Rows of one transaction, so that it stays short.
const MOST: usize = 32;

/// Tells what is in a cluster that is being deleted to go. True when there is more of it.
pub(super) fn evict(tx: &mut Tx<'_>, cluster: &Cluster) -> Result<bool> {
    if cluster.deleting == 0 {
        return Ok(false);
    }
    for mut controller in rcs::list(tx, &Scope::All, Some(&cluster.id))? {
        rcs::condemn(tx, &mut controller, &cluster.request_id)?;
    }
    let staying = guests::staying(tx, &cluster.id, MOST + 1)?;
    let more = staying.len() > MOST;
    for mut guest in staying.into_iter().take(MOST) {
        guests::condemn(tx, &mut guest, &cluster.request_id)?;
    }
    Ok(more)
}

/// Tells pods to go that their nodes' taints send away. True when there may be more of them.
pub(super) fn send_away(tx: &mut Tx<'_>, cluster: &Cluster) -> Result<bool> {
    if cluster.deleting != 0 {
        return Ok(false);
    }
    let leaving = placing::sent_away(tx, &cluster.id, MOST)?;
    let more = leaving.len() == MOST;
    for (mut pod, taint) in leaving {
        let value = taint.value.as_deref().unwrap_or_default();
        let message = format!(
            "{} does not tolerate the taint {}={value}:{:?} of its node",
            pod.name, taint.key, taint.effect
        );
        clusters::event(tx, cluster, "", "evict-pod", "plan", "", &message)?;
        guests::condemn(tx, &mut pod, &cluster.request_id)?;
    }
    Ok(more)
}
