//! Replication controllers: as many pods as there should be, whatever becomes of them.
//!
//! ```text
//!   too few:   Make ──► (the pod is placed, told and followed as any guest) ──► wakes its controller
//!   too many:  Drop, those first that are furthest from working
//!   of others: Adopt a pod whose labels the selector matches and that nobody keeps; Release one that it
//!              matches no more
//!   lost with its node: Drop, and Make another
//! ```
//!
//! *Guarantees.* Each look is one transaction. A pod's id is derived from a number written down with it,
//! so a look that is repeated makes nothing twice.

mod plan;

use crate::look::{Look, Next};
use plan::{Act, Member, plan};
use store::compute::servers::Server;
use store::compute::{guests, servers};
use store::container_infra::rcs::{self, Controller};
use store::{Result, Scope, Tx};

/// One look at one controller.
pub(crate) fn look(tx: &mut Tx<'_>, id: &str) -> Result<Look> {
    let Some(mut row) = rcs::get(tx, &Scope::All, id)? else {
        return Ok(Look::done());
    };
    let spec = row.spec()?;
    let pods = rcs::pods(tx, &row)?;
    let members: Vec<Member> = pods.iter().map(view).collect::<Result<_>>()?;
    let step = plan(&row, &spec.selector, &members);
    tracing::debug!(
        controller = id,
        request_id = row.request_id,
        ?step,
        "controller step"
    );
    if step.over {
        rcs::remove(tx, &row)?;
        return Ok(Look::done());
    }
    for act in &step.acts {
        carry_out(tx, &mut row, act)?;
    }
    Ok(Look {
        next: match step.more {
            true => Next::Now,
            false => Next::Done,
        },
        effects: Vec::new(),
    })
}

fn carry_out(tx: &mut Tx<'_>, row: &mut Controller, act: &Act) -> Result<()> {
    let id = match act {
        Act::Make => {
            let spec = row.spec()?;
            return rcs::make_pod(tx, row, &spec);
        }
        Act::Drop(id) | Act::Adopt(id) | Act::Release(id) => id,
    };
    let Some(mut pod) = servers::any(tx, id)? else {
        return Ok(());
    };
    match act {
        Act::Adopt(_) => guests::set_owner(tx, &mut pod, Some(&row.id)),
        Act::Release(_) => guests::set_owner(tx, &mut pod, None),
        _ => guests::condemn(tx, &mut pod, &row.request_id),
    }
}

fn view(pod: &Server) -> Result<Member> {
    Ok(Member {
        id: pod.id.clone(),
        owner: pod.guest_owner.clone(),
        labels: rcs::labels(pod)?,
        going: pod.deleting != 0,
        placed: pod.host_id.is_some(),
        failed: pod.vm_state == "error",
        works: pod.vm_state == "active" && ready(pod)?,
        created_at: pod.created_at,
    })
}

fn ready(pod: &Server) -> Result<bool> {
    use schemas::host::Seen;
    Ok(matches!(pod.sight()?.state, Some(Seen::Pod(seen)) if seen.ready))
}
