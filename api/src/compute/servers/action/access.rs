//! Who may change a server, and what operators say about its state.

use super::{Seen, begun, change};
use crate::compute::call::{asked, minor, must};
use crate::compute::{check, rules};
use crate::reply::{self, Reply};
use schemas::compute::server::{Lock, ResetState};
use schemas::{Error, Kind};
use store::compute::action::Action;
use store::compute::change::Then;

/// `servers.locked`: by the owner, by an administrator.
const BY_OWNER: i32 = 1;
const BY_ADMIN: i32 = 2;

pub async fn lock(ctx: Seen, id: String, wish: Lock) -> Reply {
    check::absent("locked_reason", &wish.locked_reason, minor(&ctx), 73)?;
    if let Some(reason) = &wish.locked_reason {
        check::at_most("locked_reason", reason, 255)?;
    }
    let by = match ctx.is_admin() {
        true => BY_ADMIN,
        false => BY_OWNER,
    };
    begun(
        change::<rules::Lock>(&ctx, id, Action::Lock, move |_, at| {
            at.server.locked = by.max(at.server.locked);
            at.spec.locked_reason = wish.locked_reason.clone();
            Ok(Then::Kept)
        })
        .await?,
    )
}

pub async fn unlock(ctx: Seen, id: String) -> Reply {
    let any = ctx.check::<rules::UnlockOverride>(&ctx.own());
    begun(
        change::<rules::Unlock>(&ctx, id, Action::Unlock, move |_, at| {
            if at.server.locked == BY_ADMIN && !any {
                return Err(Error::Forbidden(
                    "An administrator locked this server, and only an administrator unlocks it."
                        .into(),
                )
                .into());
            }
            at.server.locked = 0;
            at.spec.locked_reason = None;
            Ok(Then::Kept)
        })
        .await?,
    )
}

pub async fn reset_state(ctx: Seen, id: String, wish: ResetState) -> Reply {
    let active = match wish.state.as_str() {
        "active" => true,
        "error" => false,
        other => {
            return Err(check::invalid(
                "state",
                &format!("{other:?} is neither active nor error."),
            ));
        }
    };
    begun(
        change::<rules::ResetState>(&ctx, id, Action::ResetState, move |tx, at| {
            at.server.vm_state = if active { "active" } else { "error" }.into();
            at.server.task_state = None;
            at.server.deadline = None;
            at.spec.held_in_error = !active;
            if active {
                // What is true is found out at once.
                at.server.fault = None;
                tx.due(Kind::Server, &at.server.id)?;
            }
            Ok(Then::Kept)
        })
        .await?,
    )
}

pub async fn force_delete(ctx: Seen, id: String) -> Reply {
    must::<rules::ForceDelete>(&ctx)?;
    let asked = asked(&ctx);
    ctx.store()
        .write(move |tx| store::compute::change::delete(tx, &asked, &id))
        .await?;
    reply::accepted_empty()
}
