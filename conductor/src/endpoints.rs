//! What is behind the services of a cluster: worked out of its rows, and told to each of its nodes.
//!
//! ```text
//!   services × pods ──► table ──► differs from the last? ──► next generation
//!                                                              │
//!   node 1 … n:  Tell ──► (agent and node make it so, report) ◄┘   until each has the newest
//! ```
//!
//! *Guarantees.* The table is a pure function of rows, so a lost or doubled look changes nothing. A pod
//! that is on its way out is taken from the table first; it is asked to end when all nodes know, or
//! after [`LET_GO`](store::compute::guests::LET_GO) ([`serving`]).

mod table;

use crate::context::Context;
use crate::look::{Effect, Look};
use schemas::host::{Converge, Desired, Observed, Seen};
use schemas::ids::{ClusterId, WorkloadId};
use schemas::{Kind, Timestamp};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::Duration;
use store::compute::hosts::{self, Host};
use store::compute::servers::{self, Server};
use store::compute::{guests, nodes};
use store::container_infra::endpoints::{self, Endpoints, Told};
use store::container_infra::{clusters, services};
use store::{Conn, Result, Scope, Tx};
use table::Backend;

/// One look at the endpoints of one cluster.
pub(crate) fn look(tx: &mut Tx<'_>, id: &str, context: &Context) -> Result<Look> {
    let (Some(_), Some(cluster)) = (clusters::get(tx, &Scope::All, id)?, ClusterId::parse(id))
    else {
        return Ok(Look::done());
    };
    let before = endpoints::get(tx, id)?;
    let rows = services::list(tx, &Scope::All, Some(id))?;
    if before.is_none() && rows.is_empty() {
        return Ok(Look::done());
    }
    let alive = alive(tx, id, context)?;
    let backends = backends(tx, cluster, &alive)?;
    let rows = rows.iter().map(|row| Ok((row, row.spec()?)));
    let wanted = table::table(cluster, &rows.collect::<Result<Vec<_>>>()?, &backends);
    let newest = match before {
        Some(row) if row.table()? == wanted => row,
        before => endpoints::put(tx, before.as_ref(), &wanted)?,
    };
    tell(tx, cluster, &newest, &alive, context)
}

/// The nodes that run, as hosts that are heard of.
fn alive(tx: &mut Tx<'_>, cluster: &str, context: &Context) -> Result<Vec<Host>> {
    let now = tx.now();
    let running = servers::nodes_of(tx, cluster)?;
    let running: BTreeSet<String> = running
        .into_iter()
        .filter(|server| server.deleting == 0 && server.vm_state == "active")
        .map(|server| server.id)
        .collect();
    let hosts = hosts::of_cluster(tx, cluster)?.into_iter();
    let silence = context.settings.silence();
    Ok(hosts
        .filter(|host| running.contains(&host.id) && host.is_up(now, silence))
        .collect())
}

fn backends(conn: &mut Conn, cluster: ClusterId, alive: &[Host]) -> Result<Vec<Backend>> {
    let on = |pod: &Server| {
        alive
            .iter()
            .any(|host| pod.host_id.as_ref() == Some(&host.id))
    };
    let pods = guests::list(
        conn,
        &Scope::All,
        Some(&cluster.to_string()),
        guests::Kind::Pod,
    )?;
    let there = pods.iter().filter(|pod| pod.deleting == 0 && on(pod));
    let backends = there.map(|pod| Backend::of(pod, cluster));
    Ok(backends
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect())
}

/// Tells those who do not have the newest; looks again when one of them has not answered.
fn tell(
    tx: &mut Tx<'_>,
    cluster: ClusterId,
    newest: &Endpoints,
    alive: &[Host],
    context: &Context,
) -> Result<Look> {
    let now = tx.now();
    let every = Duration::from_secs(context.settings.resend_s);
    let known = endpoints::told(tx, &newest.cluster_id)?;
    for gone in &known {
        if !alive.iter().any(|host| host.id == gone.host_id) {
            endpoints::forget(tx, &gone.cluster_id, &gone.host_id)?;
        }
    }
    let (mut effects, mut next) = (Vec::new(), None::<Timestamp>);
    for host in alive {
        let told = known.iter().find(|told| told.host_id == host.id);
        if told.is_some_and(|told| told.applied >= newest.generation) {
            continue;
        }
        let again = told
            .filter(|told| told.told == newest.generation)
            .map(|told| Timestamp(told.told_at) + every);
        if let Some(again) = again.filter(|again| now < *again) {
            next = Some(next.map_or(again, |next| next.min(again)));
            continue;
        }
        let Some(to) = host.host_id() else { continue };
        effects.push(Effect::Tell(to, telling(cluster, newest)?));
        endpoints::note(
            tx,
            &Told {
                cluster_id: newest.cluster_id.clone(),
                host_id: host.id.clone(),
                told: newest.generation,
                told_at: now.0,
                applied: told.map_or(0, |told| told.applied),
                problem: told.and_then(|told| told.problem.clone()),
            },
        )?;
        let again = now + every;
        next = Some(next.map_or(again, |next| next.min(again)));
    }
    Ok(match next {
        None => Look::done(),
        Some(next) => Look {
            effects,
            ..Look::wait(next, "waits for nodes to answer".into())
        },
    })
}

fn telling(cluster: ClusterId, newest: &Endpoints) -> Result<Converge> {
    Ok(Converge {
        id: WorkloadId::of_services(cluster),
        generation: u64::try_from(newest.generation).unwrap_or(0),
        request_id: String::new(),
        desired: Desired::Services(newest.table()?),
    })
}

/// A node says how far it is.
pub(crate) fn heard(tx: &mut Tx<'_>, seen: &Observed) -> Result<()> {
    let host = hosts::get(tx, &seen.host.to_string())?;
    let Some(host) = host.filter(|host| host.epoch == seen.epoch.to_string()) else {
        return Ok(());
    };
    let Some(cluster) = host
        .cluster_id
        .filter(|cluster| ClusterId::parse(cluster).map(WorkloadId::of_services) == Some(seen.id))
    else {
        return Ok(());
    };
    if !nodes::is_node(tx, &host.id, &cluster)? {
        return Ok(());
    }
    let known = endpoints::told(tx, &cluster)?;
    let Some(mut told) = known.into_iter().find(|told| told.host_id == host.id) else {
        return endpoints::wake(tx, &cluster);
    };
    let generation = i64::try_from(seen.generation).unwrap_or(i64::MAX);
    told.problem = seen.problem.as_ref().map(|problem| problem.text.clone());
    match &told.problem {
        Some(problem) => {
            tracing::warn!(
                host = host.hostname,
                cluster,
                problem,
                "a node does not serve its services"
            );
        }
        None => told.applied = told.applied.max(generation.min(told.told)),
    }
    endpoints::note(tx, &told)?;
    tx.due(Kind::Endpoints, &cluster)?;
    guests::wake_leaving(tx, &cluster)
}

/// An agent has begun anew: what it knew may be lost.
pub(crate) fn greeted(tx: &mut Tx<'_>, cluster: &str, host: &str) -> Result<()> {
    endpoints::forget(tx, cluster, host)?;
    endpoints::wake(tx, cluster)
}

/// May a node of its cluster still send this pod something new?
pub(crate) fn serving(
    tx: &mut Tx<'_>,
    pod: &Server,
    seen: Option<&Seen>,
    context: &Context,
) -> Result<bool> {
    let Some(cluster) = pod.guest_of.as_deref().and_then(ClusterId::parse) else {
        return Ok(false);
    };
    let Some(address) = seen.and_then(|seen| address(seen, cluster)) else {
        return Ok(false);
    };
    let id = cluster.to_string();
    let Some(newest) = endpoints::get(tx, &id)? else {
        return Ok(false);
    };
    if table::leads_to(&newest.table()?, address) {
        return Ok(true);
    }
    let known = endpoints::told(tx, &id)?;
    let behind = |host: &Host| {
        !known
            .iter()
            .any(|told| told.host_id == host.id && told.applied >= newest.generation)
    };
    Ok(alive(tx, &id, context)?.iter().any(behind))
}

/// Where a pod is on its cluster's network.
fn address(seen: &Seen, cluster: ClusterId) -> Option<Ipv4Addr> {
    let Seen::Pod(seen) = seen else { return None };
    let network = guests::network_id(cluster);
    let own = seen.interfaces.iter().find(|it| it.network_id == network)?;
    own.address.parse().ok()
}

/// Is it news to services that this was seen of a pod?
pub(crate) fn concerns(before: Option<&Seen>, after: &Seen) -> bool {
    let facts = |seen: Option<&Seen>| match seen {
        Some(Seen::Pod(pod)) => Some((
            pod.ready,
            pod.phase,
            pod.interfaces
                .iter()
                .map(|it| it.address.clone())
                .collect::<Vec<_>>(),
        )),
        _ => None,
    };
    facts(before) != facts(Some(after))
}
