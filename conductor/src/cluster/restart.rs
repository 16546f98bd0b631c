//! A node's server is started again.

use super::commit::{asked, row};
use super::snapshot::Snapshot;
use crate::context::Context;
use schemas::Error;
use schemas::workload::Power;
use store::compute::action::Action;
use store::compute::change::{self, Changing, Then};
use store::compute::servers;
use store::container_infra::{clusters, nodes};
use store::{Fail, Result, Scope, Tx};

/// Has a node's server started, or ended and started if it runs. One that is being changed is left to that:
/// after another while it is tried again.
pub(super) fn restart(
    tx: &mut Tx<'_>,
    at: &mut Snapshot,
    id: &str,
    why: &str,
    context: &Context,
) -> Result<()> {
    let (now, asked) = (tx.now(), asked(at, context));
    let place = row(at, id)?;
    place.unwell_since = Some(now.0);
    place.problem = Some(why.to_owned());
    nodes::update(tx, place)?;
    let (server, name) = (place.server_id.clone(), place.name.clone());
    let Some(found) = servers::get(tx, &Scope::All, &server)? else {
        return Ok(());
    };
    let (action, hard) = match found.vm_state.as_str() {
        "stopped" => (Action::Start, false),
        _ => (Action::RebootHard, true),
    };
    let told = |at: &mut Changing| {
        at.spec.power = Power::Running;
        at.spec.reboot = None;
        if !hard {
            return "powering-on";
        }
        at.spec.reboot = at.reboot(true);
        "rebooting_hard"
    };
    let changed = change::server(tx, &asked, &server, action, |_, at| {
        Ok(Then::Told(told(at)))
    });
    match changed {
        Ok(_) => {
            let message = format!("{name}: {why}");
            clusters::event(tx, &at.cluster, "", "restart-node", "plan", "", &message)
        }
        Err(Fail::Told(Error::Conflict(why))) => {
            tracing::debug!(server, why, "a node's server is not started again now");
            Ok(())
        }
        Err(other) => Err(other),
    }
}
