//! Resize in place: the handler asks, the conductor finds the room on the host.
//!
//! ```text
//!   resize ──► resize_prep ──► (room reserved) ──► resize_finish ──► VERIFY_RESIZE ──► confirm
//!                  │ no room: the old size                                 └──► revert
//! ```

use super::{Seen, begun, change};
use crate::compute::servers::wish::reference;
use crate::compute::{flavors, rules};
use crate::reply::{self, Reply};
use schemas::compute::server::Resize;
use schemas::workload::{Power, RunState};
use schemas::{Error, host::Seen as Sight};
use store::compute::action::Action;
use store::compute::change::{Changing, Then};
use store::compute::spec::WHOLE_MACHINE;
use store::compute::{charge, flavors as rows, hosts, lives, quotas};

pub async fn resize(ctx: Seen, id: String, wish: Resize) -> Reply {
    let (sight, wanted) = (flavors::sight(&ctx), reference(&wish.flavor_ref.0));
    begun(
        change::<rules::Resize>(&ctx, id, Action::Resize, move |tx, at| {
            let found = rows::get(tx, &sight, &wanted)?;
            let row = found
                .filter(|flavor| flavor.disabled == 0)
                .ok_or_else(|| Error::BadRequest(format!("Flavor {wanted} could not be found.")))?;
            if row.id == at.server.flavor_id {
                return Err(Error::BadRequest(
                    "When resizing, instances must change flavor!".into(),
                )
                .into());
            }
            let flavor = row.chosen()?;
            if flavor.whole_machine() || at.spec.flavor.whole_machine() {
                return Err(Error::BadRequest(format!(
                    "A server that has a machine for itself ({WHOLE_MACHINE} = 1 in its flavor) \
                     cannot be resized, and no other server can become one. Make a new one."
                ))
                .into());
            }
            let before = charge::charged(&at.spec);
            at.spec.previous_flavor = Some(at.spec.flavor.clone());
            at.spec.flavor = flavor;
            at.server.flavor_id = row.id;
            let after = charge::charged(&at.spec);
            let growth = [0, 1].map(|n| (after[n].0, after[n].1 - before[n].1));
            quotas::take(tx, &at.server.project_id, &growth)?;
            Ok(Then::Begun("resize_prep"))
        })
        .await?,
    )
}

pub async fn confirm(ctx: Seen, id: String) -> Reply {
    change::<rules::ConfirmResize>(&ctx, id, Action::ConfirmResize, |tx, at| {
        let before = charge::charged(&at.spec);
        at.spec.previous_flavor = None;
        charge::give_difference(tx, &at.server.project_id, before, &at.spec)?;
        let size = at.spec.flavor.size();
        if let Some(host) = &at.server.host_id {
            hosts::release(tx, host, at.spec.charged - size, 0)?;
        }
        at.spec.charged = size;
        at.server.vm_state = now_is(at).into();
        lives::resized(tx, &at.server.id, &at.spec.flavor)?;
        Ok(Then::Kept)
    })
    .await?;
    reply::no_content()
}

/// The state a server has that is no longer between two sizes.
fn now_is(at: &Changing) -> &'static str {
    match (&at.sight.state, at.spec.power) {
        (Some(Sight::Container(seen)), _) => match seen.state {
            RunState::Running => "active",
            RunState::Paused => "paused",
            _ => "stopped",
        },
        (_, Power::Stopped) => "stopped",
        _ => "active",
    }
}

pub async fn revert(ctx: Seen, id: String) -> Reply {
    begun(
        change::<rules::RevertResize>(&ctx, id, Action::RevertResize, |tx, at| {
            // What is reserved on the host is given back when the container has shrunk.
            charge::revert(tx, &mut at.server, &mut at.spec)?;
            Ok(Then::Told("resize_reverting"))
        })
        .await?,
    )
}
