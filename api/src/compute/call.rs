//! What every handler of compute asks its call.

use super::Settings;
use crate::call::Call;
use crate::ctx::Caller;
use crate::policy::{Rule, Target};
use schemas::{Error, Result};
use store::Scope;
use store::compute::change::Asked;

/// The minor number of the microversion spoken: all of compute's are `2.x`.
pub fn minor(call: &Call) -> u16 {
    call.microversion().minor
}

/// Refuses what another rule does not allow about the caller's own project.
///
/// # Errors
/// `Forbidden`.
pub fn must<R: Rule>(caller: &Caller) -> Result<()> {
    must_about::<R>(caller, &caller.own())
}

/// Refuses what another rule does not allow about a target.
///
/// # Errors
/// `Forbidden`.
pub fn must_about<R: Rule>(caller: &Caller, target: &Target<'_>) -> Result<()> {
    match caller.check::<R>(target) {
        true => Ok(()),
        false => Err(Error::Forbidden(format!(
            "Policy does not allow {} to be performed.",
            R::DEFAULT.name
        ))),
    }
}

/// Who asks for a change, for the store.
pub fn asked(caller: &Caller) -> Asked {
    let settings = settings(caller);
    Asked {
        scope: caller.scope(),
        user_id: caller.user_id().to_owned(),
        admin: caller.is_admin(),
        request_id: caller.request_id().to_string(),
        build: settings.build(),
        change: settings.change(),
    }
}

/// Compute's settings.
pub fn settings(call: &Call) -> &Settings {
    &call.state().settings.compute
}

/// The scope of the token's own project, for what an admin too has one of.
///
/// # Errors
/// `Forbidden` when the token is for no project.
pub fn own(caller: &Caller) -> Result<Scope> {
    Ok(Scope::Project(caller.project_id()?.to_owned()))
}

/// Part of Nova that this cloud does not have.
pub fn not_built(what: &str) -> Error {
    Error::NotImplemented(format!("{what} is not part of this cloud."))
}
