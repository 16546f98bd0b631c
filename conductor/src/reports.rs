//! What agents say, written down. Older news than what is known changes nothing.

use crate::cluster;
use crate::context::Context;
use crate::look::Effect;
use crate::run::look_now;
use crate::sync;
use crate::{endpoints, image};
use bus::Report;
use schemas::Kind;
use schemas::host::{Heartbeat, Hello, Observed, Seen};
use store::compute::hosts::Host;
use store::compute::{hosts, servers};
use store::{Result, Tx, work};

/// Writes one report down; answers what is to be told after the commit.
pub(crate) fn hear(tx: &mut Tx<'_>, report: &Report, context: &Context) -> Result<Vec<Effect>> {
    match report {
        Report::Hello(hello) => greeted(tx, hello),
        Report::Heartbeat(beat) => alive(tx, beat, context),
        Report::Observed(seen) => observed(tx, seen, context),
    }
}

fn greeted(tx: &mut Tx<'_>, hello: &Hello) -> Result<Vec<Effect>> {
    if !hosts::report(tx, hello.host, hello.epoch, &hello.inventory)? {
        return Ok(Vec::new());
    }
    tx.due(Kind::Host, &hello.host.to_string())?;
    cluster::greeted(tx, &hello.host.to_string())?;
    if let Some(cluster) = hello.inventory.cluster {
        let cluster = cluster.to_string();
        tx.due(Kind::Cluster, &cluster)?;
        endpoints::greeted(tx, &cluster, &hello.host.to_string())?;
    }
    sync::full_set(tx, hello)
}

fn alive(tx: &mut Tx<'_>, beat: &Heartbeat, context: &Context) -> Result<Vec<Effect>> {
    let id = beat.host.to_string();
    let before = hosts::get(tx, &id)?;
    if !hosts::report(tx, beat.host, beat.epoch, &beat.inventory)? {
        return Ok(Vec::new());
    }
    if work::get(tx, Kind::Host, &id)?.is_none() {
        tx.due(Kind::Host, &id)?;
    }
    if let Some(cluster) = beat.inventory.cluster
        && changed(before.as_ref(), beat)?
    {
        tx.due(Kind::Cluster, &cluster.to_string())?;
    }
    if let Some(cluster) = beat.inventory.cluster {
        again(tx, before.as_ref(), beat, &cluster.to_string(), context)?;
    }
    if beat.inventory.cluster.is_none() {
        cluster::changed(tx, before.as_ref(), beat, context)?;
    }
    if before.is_none_or(|host| host.epoch != beat.epoch.to_string()) {
        sync::unheard(tx, beat.host)?;
    }
    sync::compare(tx, beat)
}

/// A node that was not counted on is, from now on; one whose agent began anew is told anew.
fn again(
    tx: &mut Tx<'_>,
    before: Option<&Host>,
    beat: &Heartbeat,
    cluster: &str,
    context: &Context,
) -> Result<()> {
    match before {
        Some(host) if host.epoch == beat.epoch.to_string() => {
            match host.is_up(tx.now(), context.settings.silence()) {
                true => Ok(()),
                false => store::container_infra::endpoints::wake(tx, cluster),
            }
        }
        _ => endpoints::greeted(tx, cluster, &beat.host.to_string()),
    }
}

/// Is it news to a node's cluster that it has come, or that its engine works or does not?
fn changed(before: Option<&Host>, beat: &Heartbeat) -> Result<bool> {
    Ok(match before {
        Some(host) => host.inventory()?.engine_problem != beat.inventory.engine_problem,
        None => true,
    })
}

fn observed(tx: &mut Tx<'_>, seen: &Observed, context: &Context) -> Result<Vec<Effect>> {
    if matches!(seen.state, Seen::Services) {
        endpoints::heard(tx, seen)?;
        return Ok(Vec::new());
    }
    if matches!(seen.state, Seen::Overlay) {
        cluster::heard_overlay(tx, seen)?;
        return Ok(Vec::new());
    }
    let id = seen.id.to_string();
    let row = servers::any(tx, &id)?;
    if row.is_none() && cluster::heard(tx, seen, context)? {
        return Ok(Vec::new());
    }
    if row.is_none() && !matches!(seen.state, Seen::Container(_) | Seen::Pod(_)) {
        return image::heard(tx, seen);
    }
    let Some(mut server) = row.filter(|server| server.host() == Some(seen.host)) else {
        return Ok(match seen.state {
            Seen::Container(_) | Seen::Pod(_) => {
                sync::unwanted(tx, seen.host, seen.id, seen.generation)?
                    .into_iter()
                    .collect()
            }
            _ => Vec::new(),
        });
    };
    let epoch = seen.epoch.to_string();
    let seq = i64::try_from(seen.seq).unwrap_or(i64::MAX);
    if (&epoch, seq) <= (&server.seen_epoch, server.seen_seq) {
        return Ok(Vec::new());
    }
    server.seen_epoch = epoch;
    server.seen_seq = seq;
    let mut sight = server.sight()?;
    if let Seen::Busy { step } = &seen.state {
        sight.step = Some(step.clone());
        server.set_sight(&sight)?;
        servers::update(tx, &mut server)?;
        return Ok(Vec::new());
    }
    server.seen_generation = i64::try_from(seen.generation).unwrap_or(i64::MAX);
    if let Some(cluster) = &server.guest_of
        && endpoints::concerns(sight.state.as_ref(), &seen.state)
    {
        store::container_infra::endpoints::wake(tx, cluster)?;
    }
    sight.state = Some(seen.state.clone());
    sight.problem = seen.problem.clone();
    server.set_sight(&sight)?;
    servers::update(tx, &mut server)?;
    look_now(tx, Kind::Server, &server.id, context)
}
