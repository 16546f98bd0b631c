//! Hosts: a host that falls silent makes what waits for it look again, so that nothing waits
//! forever: builds go elsewhere, deletes finish, changes keep their deadline. A node whose server is
//! gone is no host any more: what was on it is told so, and its row goes with the last of them.

use crate::context::Context;
use crate::look::Look;
use schemas::{Kind, Timestamp};
use store::compute::hosts::Host;
use store::compute::{hosts, nodes, servers};
use store::container_infra::{endpoints, overlays};
use store::{Result, Tx};

/// One look at one host.
pub(crate) fn look(tx: &mut Tx<'_>, id: &str, context: &Context) -> Result<Look> {
    let Some(host) = hosts::get(tx, id)? else {
        return Ok(Look::done());
    };
    if let Some(cluster) = &host.cluster_id
        && !nodes::is_node(tx, id, cluster)?
    {
        return gone(tx, &host, cluster);
    }
    let now = tx.now();
    if host.is_up(now, context.settings.silence()) {
        let until = Timestamp(host.seen_at) + context.settings.silence();
        return Ok(Look::wait(until, "in touch".into()));
    }
    tracing::warn!(host = host.hostname, "the host is silent");
    if let Some(cluster) = &host.cluster_id {
        endpoints::wake(tx, cluster)?;
    }
    for cluster in overlays::on_host(tx, id)? {
        tx.due(Kind::Cluster, &cluster)?;
    }
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

fn gone(tx: &mut Tx<'_>, host: &Host, cluster: &str) -> Result<Look> {
    if hosts::remove(tx, &host.id)? {
        tx.due(Kind::Cluster, cluster)?;
        return Ok(Look::done());
    }
    if host.forced_down == 0 {
        hosts::bury(tx, &host.id)?;
    }
    for server in servers::on_host(tx, &host.id)? {
        tx.due(Kind::Server, &server.id)?;
    }
    // The last of them wakes it.
    Ok(Look::done())
}
