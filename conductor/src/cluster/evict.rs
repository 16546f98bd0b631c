//! What runs in a cluster goes with it: its controllers first, so that they make nothing more.

use store::compute::guests;
use store::container_infra::clusters::Cluster;
use store::container_infra::rcs;
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
