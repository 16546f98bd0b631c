//! Choosing a host and reserving the room there, within the look's transaction.

use super::plan::Snapshot;
use crate::cluster;
use crate::context::Context;
use crate::scheduler::{self, Choice, Group, NotPlaced, Request};
use schemas::{Error, Kind};
use std::collections::BTreeMap;
use store::compute::hosts::{self, Host};
use store::compute::spec::{Guest, Spec};
use store::compute::{groups, servers};
use store::container_infra::placing;
use store::{Fail, Result, Scope, Tx};

/// The host with its room reserved, or why there is none.
pub(super) fn place(
    tx: &mut Tx<'_>,
    at: &Snapshot,
    context: &Context,
) -> Result<Result<Host, NotPlaced>> {
    let request = request(tx, at)?;
    let (now, silence) = (tx.now(), context.settings.silence());
    let over = context.settings.over_commit();
    let server = at.server.id.as_str();
    let (mut picture, mut fresh) = context.fleet.look(tx, now, silence, false)?;
    picture.withdraw(server);
    loop {
        let chosen = match scheduler::choose(&request, &picture.candidates, over) {
            Ok(chosen) => chosen.host.clone(),
            Err(none) if fresh => return Ok(Err(none)),
            Err(_) => {
                drop(picture);
                (picture, fresh) = context.fleet.look(tx, now, silence, true)?;
                continue;
            }
        };
        let reserved = match request.whole {
            true => hosts::lend(tx, &chosen.id, server, request.size)?,
            false => hosts::reserve(tx, &chosen.id, request.size, 1, chosen.capacity(over))?,
        };
        if reserved {
            picture.reserve(server, &chosen.id, request.size, request.whole);
            return Ok(Ok(chosen));
        }
        drop(picture);
        context.fleet.forget();
        return Err(Fail::Again);
    }
}

fn request(tx: &mut Tx<'_>, at: &Snapshot) -> Result<Request> {
    let spec = &at.spec;
    let hosts_of = |tx: &mut Tx<'_>, hint: &str| -> Result<Vec<String>> {
        let ids: Vec<&str> = match &spec.hints[hint] {
            serde_json::Value::String(id) => vec![id],
            serde_json::Value::Array(ids) => ids.iter().filter_map(|id| id.as_str()).collect(),
            _ => vec![],
        };
        let mut hosts = Vec::new();
        for id in ids {
            let named = servers::get(tx, &Scope::Project(at.server.project_id.clone()), id)?;
            hosts.extend(named.and_then(|server| server.host_id));
        }
        Ok(hosts)
    };
    Ok(Request {
        size: spec.flavor.size(),
        whole: whole(spec),
        zone: spec.zone.clone(),
        host: named(at).or_else(|| spec.wanted_host.clone()),
        group: group(tx, at)?,
        avoid: spec.avoid.clone(),
        image: spec.image.manifest.clone(),
        same_host: hosts_of(tx, "same_host")?,
        different_host: hosts_of(tx, "different_host")?,
        within: spec.within.map(|cluster| cluster.to_string()),
        beside: match &at.server.node_of {
            Some(cluster) => Some(cluster::beside(tx, cluster, &at.server.id)?),
            None => None,
        },
        choice: choice(tx, at)?,
    })
}

/// The node that a pod names.
fn named(at: &Snapshot) -> Option<String> {
    match &at.spec.guest {
        Some(Guest::Pod { placing, .. }) => placing.node.clone(),
        _ => None,
    }
}

fn choice(tx: &mut Tx<'_>, at: &Snapshot) -> Result<Option<Choice>> {
    let (Some(Guest::Pod { placing, .. }), Some(cluster)) = (&at.spec.guest, &at.spec.within)
    else {
        return Ok(None);
    };
    let nodes = placing::choice(tx, &cluster.to_string(), placing)?;
    Ok(nodes.map(|nodes| Choice {
        placing: placing.clone(),
        nodes,
    }))
}

/// It is to have its machine for itself.
pub(super) fn whole(spec: &Spec) -> bool {
    spec.within.is_none() && spec.flavor.whole_machine()
}

fn group(tx: &mut Tx<'_>, at: &Snapshot) -> Result<Option<Group>> {
    let Some(id) = &at.server.group_id else {
        return Ok(None);
    };
    let scope = Scope::Project(at.server.project_id.clone());
    let Some(group) = groups::get(tx, &scope, id)? else {
        return Ok(None);
    };
    let mut members = BTreeMap::new();
    for host in groups::hosts_of(tx, id)? {
        *members.entry(host).or_insert(0) += 1;
    }
    Ok(Some(Group {
        policy: group.policy,
        max_per_host: group.max_server_per_host.unwrap_or(1),
        members,
    }))
}

/// Gives back what the server holds on its host, and its machine if it had it for itself.
pub(super) fn release(tx: &mut Tx<'_>, at: &Snapshot) -> Result<()> {
    let Some(host) = &at.server.host_id else {
        return Ok(());
    };
    if at.spec.lent.is_some() {
        hosts::take_back(tx, host, &at.server.id)?;
    }
    // A node that has gone waits for the last that was on it.
    if at.spec.within.is_some() {
        tx.due(Kind::Host, host)?;
    }
    hosts::release(tx, host, at.spec.charged, 1)
}

/// The typed id of a host row.
pub(super) fn typed(host: &Host) -> Result<schemas::ids::HostId> {
    host.host_id()
        .ok_or_else(|| Fail::Told(Error::internal("a host's id is no UUID")))
}
