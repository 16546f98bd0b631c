//! Hosts: a host that falls silent makes what waits for it look again, so that nothing waits
//! forever: builds go elsewhere, deletes finish, changes keep their deadline.

use crate::context::Context;
use crate::look::Look;
use schemas::{Kind, Timestamp};
use store::compute::{hosts, servers};
use store::{Result, Tx};

/// One look at one host.
pub(crate) fn look(tx: &mut Tx<'_>, id: &str, context: &Context) -> Result<Look> {
    let Some(host) = hosts::get(tx, id)? else {
        return Ok(Look::done());
    };
    let now = tx.now();
    if host.is_up(now, context.settings.silence()) {
        let until = Timestamp(host.seen_at) + context.settings.silence();
        return Ok(Look::wait(until, "in touch".into()));
    }
    tracing::warn!(host = host.hostname, "the host is silent");
    for server in servers::on_host(tx, id)? {
        if server.task_state.is_some() || server.deleting != 0 {
            tx.due(Kind::Server, &server.id)?;
        }
    }
    Ok(Look::wait(
        now + context.settings.silence(),
        "silent".into(),
    ))
}
