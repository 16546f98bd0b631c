//! What machines say of their part of a network, and what is news to a network of a machine.

use crate::context::Context;
use schemas::Kind;
use schemas::host::{Heartbeat, Observed};
use schemas::ids::{ClusterId, WorkloadId};
use store::compute::hosts::{self, Host};
use store::container_infra::clusters;
use store::container_infra::overlays;
use store::{Result, Scope, Tx};

/// A machine says how far it is.
pub(crate) fn heard(tx: &mut Tx<'_>, seen: &Observed) -> Result<()> {
    let host = hosts::get(tx, &seen.host.to_string())?;
    let Some(host) = host.filter(|host| host.epoch == seen.epoch.to_string()) else {
        return Ok(());
    };
    let about = |id: &String| ClusterId::parse(id).map(WorkloadId::of_overlay) == Some(seen.id);
    let Some(cluster) = overlays::on_host(tx, &host.id)?.into_iter().find(about) else {
        return Ok(());
    };
    let (Some(mut part), Some(row)) = (
        overlays::part(tx, &cluster, &host.id)?,
        clusters::get(tx, &Scope::All, &cluster)?,
    ) else {
        return Ok(());
    };
    let generation = i64::try_from(seen.generation).unwrap_or(i64::MAX);
    let problem = seen.problem.as_ref().map(|problem| problem.text.clone());
    match &problem {
        Some(problem) if part.problem.as_ref() != Some(problem) => {
            let message = format!("{}: {problem}", host.hostname);
            tracing::warn!(cluster, message, "a machine does not join a network");
            clusters::event(tx, &row, "", "join-network", "converge", "Error", &message)?;
        }
        Some(_) => {}
        None => part.applied = part.applied.max(generation.min(part.told)),
    }
    part.problem = problem;
    overlays::note(tx, &part)?;
    tx.due(Kind::Cluster, &cluster)
}

/// An agent has begun anew: what its machine had may be lost.
pub(crate) fn greeted(tx: &mut Tx<'_>, host: &str) -> Result<()> {
    for cluster in overlays::on_host(tx, host)? {
        if let Some(mut part) = overlays::part(tx, &cluster, host)? {
            (part.told, part.applied) = (0, 0);
            overlays::note(tx, &part)?;
        }
        tx.due(Kind::Cluster, &cluster)?;
    }
    Ok(())
}

/// A machine that was not counted on is from now on, or its end of tunnels is another.
pub(crate) fn changed(
    tx: &mut Tx<'_>,
    before: Option<&Host>,
    beat: &Heartbeat,
    context: &Context,
) -> Result<()> {
    let Some(before) = before else {
        return Ok(());
    };
    let host = beat.host.to_string();
    let clusters = overlays::on_host(tx, &host)?;
    if clusters.is_empty() {
        return Ok(());
    }
    if before.epoch != beat.epoch.to_string() {
        return greeted(tx, &host);
    }
    let up = before.is_up(tx.now(), context.settings.silence());
    if up && before.inventory()?.tunnel == beat.inventory.tunnel {
        return Ok(());
    }
    for cluster in clusters {
        tx.due(Kind::Cluster, &cluster)?;
    }
    Ok(())
}
