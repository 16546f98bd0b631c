//! What handlers of container-infra ask their call.

use super::Settings;
use crate::call::Call;
use crate::ctx::Caller;
use crate::policy::{Rule, Target};
use schemas::{Error, Result};
use store::Scope;

/// The minor number of the microversion spoken: all are `1.x`.
pub fn minor(call: &Call) -> u16 {
    call.microversion().minor
}

/// Is this a client of 2015, or one that speaks as they did? They send no version header of today.
pub fn of_2015(call: &Call) -> bool {
    call.header("openstack-api-version").is_none()
}

/// Container-infra's settings.
pub fn settings(call: &Call) -> &Settings {
    &call.state().settings.container_infra
}

/// The scope of the token's own project, for what an administrator too has no more of.
///
/// # Errors
/// `Forbidden` when the token is for no project.
pub fn own(caller: &Caller) -> Result<Scope> {
    Ok(Scope::Project(caller.project_id()?.to_owned()))
}

/// Refuses what another rule does not allow about a target.
///
/// # Errors
/// `Forbidden`.
pub fn must<R: Rule>(caller: &Caller, target: &Target<'_>) -> Result<()> {
    match caller.check::<R>(target) {
        true => Ok(()),
        false => Err(refused::<R>()),
    }
}

/// What the rule does not allow.
pub fn refused<R: Rule>() -> Error {
    Error::Forbidden(format!(
        "Policy does not allow {} to be performed.",
        R::DEFAULT.name
    ))
}
