//! Start, stop, reboot, pause, unpause: what the container should be doing.

use super::{Seen, begun, change};
use crate::compute::rules;
use crate::reply::Reply;
use schemas::compute::server::Reboot as Wish;
use schemas::workload::Power;
use schemas::{Error, Result};
use store::compute::action::Action;
use store::compute::change::{Changing, Then};

pub async fn start(ctx: Seen, id: String) -> Reply {
    let how = |at: &mut Changing| {
        at.spec.power = Power::Running;
        "powering-on"
    };
    begun(change::<rules::Start>(&ctx, id, Action::Start, move |_, at| told(at, how)).await?)
}

pub async fn stop(ctx: Seen, id: String) -> Reply {
    let how = |at: &mut Changing| {
        at.spec.power = Power::Stopped;
        "powering-off"
    };
    begun(change::<rules::Stop>(&ctx, id, Action::Stop, move |_, at| told(at, how)).await?)
}

pub async fn pause(ctx: Seen, id: String) -> Reply {
    let how = |at: &mut Changing| {
        at.spec.power = Power::Paused;
        "pausing"
    };
    begun(change::<rules::Pause>(&ctx, id, Action::Pause, move |_, at| told(at, how)).await?)
}

pub async fn unpause(ctx: Seen, id: String) -> Reply {
    let how = |at: &mut Changing| {
        at.spec.power = Power::Running;
        "unpausing"
    };
    begun(change::<rules::Unpause>(&ctx, id, Action::Unpause, move |_, at| told(at, how)).await?)
}

pub async fn reboot(ctx: Seen, id: String, wish: Wish) -> Reply {
    let hard = match wish.kind.to_ascii_uppercase().as_str() {
        "SOFT" => false,
        "HARD" => true,
        _ => {
            return Err(Error::BadRequest(format!(
                "Invalid input for field/attribute type. {:?} is neither SOFT nor HARD.",
                wish.kind
            )));
        }
    };
    let action = match hard {
        true => Action::RebootHard,
        false => Action::Reboot,
    };
    let how = move |at: &mut Changing| {
        at.spec.power = Power::Running;
        at.spec.reboot = at.reboot(hard);
        match hard {
            true => "rebooting_hard",
            false => "rebooting",
        }
    };
    begun(change::<rules::Reboot>(&ctx, id, action, move |_, at| told(at, how)).await?)
}

/// A new order to the host, which must be one.
fn told(at: &mut Changing, how: impl FnOnce(&mut Changing) -> &'static str) -> store::Result<Then> {
    placed(at)?;
    at.spec.reboot = None;
    Ok(Then::Told(how(at)))
}

fn placed(at: &Changing) -> Result<()> {
    match at.server.host_id {
        Some(_) => Ok(()),
        None => Err(Error::Conflict(format!(
            "Instance {} is on no host; rebuild or delete it.",
            at.server.id
        ))),
    }
}
