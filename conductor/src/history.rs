//! Things of a project that are gone, forgotten in time: a few at each look, so that nobody waits long.

use crate::context::Context;
use crate::look::Look;
use std::time::Duration;
use store::{Result, Tx, history};

/// Things looked up at once.
const THINGS: i64 = 100;
/// Rows removed by one look, about.
const ROWS: usize = 1000;
/// A project may have got too many meanwhile.
const EVERY: Duration = Duration::from_secs(3600);

/// One look at one project's history.
pub(crate) fn look(tx: &mut Tx<'_>, project: &str, context: &Context) -> Result<Look> {
    let now = tx.now();
    let (remembered, most) = (context.settings.history(), context.settings.history_things);
    let overdue = history::overdue(tx, project, now - remembered, most, THINGS)?;
    let mut rows = 0;
    for end in &overdue {
        rows += history::forget(tx, end)?;
        if rows >= ROWS {
            break;
        }
    }
    if !overdue.is_empty() {
        tracing::info!(project, rows, "forgot what has been gone for long");
        return Ok(Look::now());
    }
    Ok(match history::oldest(tx, project)? {
        None => Look::done(),
        Some(oldest) => {
            let next = (oldest + remembered).min(now + EVERY);
            Look::wait(next, "remembers what is gone".into())
        }
    })
}
