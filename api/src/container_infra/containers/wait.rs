//! Waiting until what was asked for is so. Rows tell it; conductors and agents bring it about.
//!
//! *Guarantees.* No request waits longer than the operator says; what it asked for stands, however the
//! waiting ends. Rows are looked at ever more seldom, twice a second at last.

use super::{missing, settings};
use crate::container_infra::call::own;
use crate::ctx::Caller;
use schemas::{Error, Result};
use std::time::Duration;
use store::compute::guests::{self, Kind};
use store::compute::servers::Server;
use tokio::time::{Instant, sleep_until};

const FIRST: Duration = Duration::from_millis(25);
const LAST: Duration = Duration::from_millis(500);

/// Until when this request waits.
pub(super) fn patience(caller: &Caller) -> Instant {
    Instant::now() + settings(caller).container_wait()
}

/// Waits until it holds of the row, or patience ends; answers the row as it was then.
///
/// # Errors
/// The database's.
pub(super) async fn until(
    caller: &Caller,
    id: &str,
    patience: Instant,
    holds: impl Fn(Option<&Server>) -> bool,
) -> Result<Option<Server>> {
    let scope = own(caller)?;
    let mut pause = FIRST;
    loop {
        let (scope, id) = (scope.clone(), id.to_owned());
        let row = caller
            .read(move |conn| guests::get(conn, &scope, Kind::Container, &id))
            .await?;
        let now = Instant::now();
        if holds(row.as_ref()) || now >= patience {
            return Ok(row);
        }
        sleep_until((now + pause).min(patience)).await;
        pause = (pause * 2).min(LAST);
    }
}

/// Waits until nothing is under way.
///
/// # Errors
/// `NotFound` when it has gone meanwhile.
pub(super) async fn idle(caller: &Caller, id: &str, patience: Instant) -> Result<Server> {
    let still = |row: &Server| row.task_state.is_none();
    let row = until(caller, id, patience, |row| row.is_none_or(still)).await?;
    row.ok_or_else(|| missing(id))
}

/// Waits until what was asked for is done, and tells how it failed.
///
/// # Errors
/// `Failed` with the reason, `NotFound` when it was deleted meanwhile.
pub(super) async fn done(caller: &Caller, id: &str, patience: Instant) -> Result<Server> {
    let row = idle(caller, id, patience).await?;
    let fault = row.fault().map_err(Error::internal)?;
    match fault.filter(|_| row.task_state.is_none()) {
        Some(fault) => Err(Error::Failed(fault.message)),
        None => Ok(row),
    }
}
