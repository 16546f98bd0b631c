//! Carrying a step out: the row, its events, its reservations and its work entry change in one
//! transaction; what is to be told to an agent is returned, to be sent after the commit.

use super::desired::Home;
use super::plan::{HostView, Snapshot, Step, plan, under_way};
use super::task::Task;
use super::{desired, place, resize};
use crate::cluster::{self, Proof};
use crate::context::Context;
use crate::endpoints;
use crate::look::{Effect, Look};
use schemas::workload::Power;
use schemas::{Kind, Timestamp};
use std::time::Duration;
use store::compute::hosts::Host;
use store::compute::servers::{self, Server, Sight};
use store::compute::spec::Node;
use store::compute::{charge, guests, hosts, lives, networks};
use store::image::snapshots;
use store::{Result, Tx, events};

/// One look at one server.
pub(crate) fn look(tx: &mut Tx<'_>, id: &str, context: &Context) -> Result<Look> {
    let Some(server) = servers::any(tx, id)? else {
        return Ok(Look::done());
    };
    let now = tx.now();
    let host = match &server.host_id {
        Some(host) => hosts::get(tx, host)?,
        None => None,
    };
    let host = host.map(|host| view(host, now, context)).transpose()?;
    let sight = server.sight()?;
    let leaving = server.deleting != 0 && guests::kind(&server) == Some(guests::Kind::Pod);
    let mut at = Snapshot {
        spec: server.spec()?,
        serving: leaving && endpoints::serving(tx, &server, sight.state.as_ref(), context)?,
        sight,
        host,
        server,
    };
    let step = plan(&at, now, &context.settings);
    tracing::debug!(
        server = id,
        request_id = at.server.request_id,
        ?step,
        "server step"
    );
    match step {
        Step::Rest => Ok(Look::done()),
        Step::Wait { until, reason } => Ok(Look::wait(until, reason)),
        Step::Tell => tell(tx, &mut at, now, context),
        Step::Grow => resize::grow(tx, &mut at, context),
        Step::Place => put(tx, &mut at, now, context),
        Step::Remove => remove(tx, &at),
        Step::Settle { vm_state } => settle(tx, &mut at, vm_state),
        Step::Fail { vm_state, reason } => fail(tx, &mut at, vm_state, &reason),
        Step::Leave { gone, reason } => leave(tx, &mut at, gone, &reason, context),
        Step::Lose { reason } => lose(tx, &mut at, &reason),
        Step::Ended => ended(tx, &mut at),
        Step::Revive { reason } => revived(tx, &mut at, &reason, context),
    }
}

fn view(host: Host, now: Timestamp, context: &Context) -> Result<HostView> {
    Ok(HostView {
        up: host.is_up(now, context.settings.silence()),
        engine_problem: host.inventory()?.engine_problem,
        // Operators give no orders about nodes: only who has gone is declared dead.
        gone: host.cluster_id.is_some() && host.forced_down != 0,
        name: host.hostname,
    })
}

pub(super) fn save(tx: &mut Tx<'_>, at: &mut Snapshot) -> Result<()> {
    at.server.set_spec(&at.spec)?;
    at.server.set_sight(&at.sight)?;
    servers::update(tx, &mut at.server)
}

pub(super) fn event(
    tx: &mut Tx<'_>,
    server: &Server,
    phase: &str,
    result: &str,
    message: &str,
) -> Result<()> {
    let task = under_way(server);
    tx.event(events::New {
        kind: Kind::Server,
        object_id: &server.id,
        project_id: &server.project_id,
        user_id: "",
        request_id: &server.request_id,
        action: task.map_or("", Task::action),
        phase,
        result,
        message,
    })
}

fn tell(tx: &mut Tx<'_>, at: &mut Snapshot, now: Timestamp, context: &Context) -> Result<Look> {
    let Some(host) = at.server.host() else {
        return Ok(Look::done());
    };
    let node = match at.server.guest_of {
        Some(_) => node_of(tx, &at.server)?,
        None => None,
    };
    let network = match (&at.spec.node, at.spec.networked) {
        (Some(node), _) => Some(cluster::network_on(tx, &at.server, node)?),
        (None, true) if at.server.guest_of.is_some() => {
            let node = node.as_ref();
            node.map(|node| desired::of_guests(&at.server, node))
        }
        (None, true) => Some(desired::network(
            &networks::ensure(tx, &at.server.project_id)?,
            &context.settings,
        )?),
        (None, false) => None,
    };
    let proof = proof(tx, &at.server, context)?;
    let home = at.host.as_ref().zip(node).map(|(host, node)| Home {
        name: host.name.clone(),
        address: node.address,
    });
    at.sight.told = Some((at.server.generation, now.0));
    let telling = desired::converge(
        &at.server,
        at.server.server_id()?,
        &at.spec,
        network,
        proof,
        home.as_ref(),
        &context.settings,
    );
    save(tx, at)?;
    let next = now + Duration::from_secs(context.settings.resend_s);
    let name = at
        .host
        .as_ref()
        .map_or("its host", |host| host.name.as_str());
    Ok(Look::wait(next, format!("waits for {name} to answer")).and(Effect::Tell(host, telling)))
}

/// The node that a guest is on.
fn node_of(tx: &mut Tx<'_>, guest: &Server) -> Result<Option<Node>> {
    let node = match &guest.host_id {
        Some(id) => servers::any(tx, id)?,
        None => None,
    };
    let node = node.map(|node| node.spec()).transpose()?;
    Ok(node.and_then(|spec| spec.node))
}

/// A node that is there to stay proves itself with a certificate of its cluster's.
fn proof(tx: &mut Tx<'_>, server: &Server, context: &Context) -> Result<Option<Proof>> {
    if server.node_of.is_none() || server.deleting != 0 {
        return Ok(None);
    }
    let machine = match &server.host_id {
        Some(id) => hosts::get(tx, id)?,
        None => None,
    };
    match machine {
        Some(machine) => cluster::proof_of(tx, server, &machine, context),
        None => Ok(None),
    }
}

fn put(tx: &mut Tx<'_>, at: &mut Snapshot, now: Timestamp, context: &Context) -> Result<Look> {
    let host = match place::place(tx, at, context)? {
        Ok(host) => host,
        Err(none) if guests::kind(&at.server) == Some(guests::Kind::Pod) => {
            return wait_for_room(tx, at, now, none.to_string(), context);
        }
        Err(none) => {
            // That nobody is left is known; what the last one said is what helps.
            let last = at.spec.failed_on.iter().map(|last| format!(" {last}."));
            let reason = none.to_string() + &last.collect::<String>();
            return fail(tx, at, "error", &reason);
        }
    };
    place::typed(&host)?;
    at.spec.charged = at.spec.flavor.size();
    at.spec.lent = match place::whole(&at.spec) {
        true => host.lent()?,
        false => None,
    };
    at.server.host_id = Some(host.id.clone());
    if let Some(node) = &at.spec.node
        && !cluster::seat(tx, node, &host.id)?
    {
        vacate(tx, at)?;
        let why = "the cluster's network has no free address for another machine: it is too large";
        return fail(tx, at, "error", why);
    }
    at.server.zone = host.zone.clone();
    event(tx, &at.server, "schedule", "Success", "")?;
    if at.server.task_state.as_deref() == Some(Task::Scheduling.as_str()) {
        at.server.task_state = Some(Task::Spawning.as_str().into());
    }
    at.server.seen_generation = 0;
    at.server.seen_epoch = String::new();
    at.server.seen_seq = 0;
    at.sight = Sight::default();
    at.host = Some(view(host, now, context)?);
    tell(tx, at, now, context)
}

/// A pod is Pending as long as no node has room for it, and says why.
fn wait_for_room(
    tx: &mut Tx<'_>,
    at: &mut Snapshot,
    now: Timestamp,
    reason: String,
    context: &Context,
) -> Result<Look> {
    if at.sight.step.as_ref() != Some(&reason) {
        event(tx, &at.server, "schedule", "Error", &reason)?;
        at.sight.step = Some(reason.clone());
        save(tx, at)?;
    }
    let next = now + Duration::from_secs(context.settings.resend_s);
    Ok(Look::wait(next, reason))
}

fn remove(tx: &mut Tx<'_>, at: &Snapshot) -> Result<Look> {
    event(tx, &at.server, "delete", "Success", "")?;
    place::release(tx, at)?;
    if at.server.guest_of.is_none() {
        charge::give_server(tx, &at.server.project_id, &at.spec)?;
        lives::end(tx, &at.server.id)?;
    }
    servers::remove(tx, &at.server)?;
    Ok(Look::done())
}

fn settle(tx: &mut Tx<'_>, at: &mut Snapshot, vm_state: &str) -> Result<Look> {
    event(tx, &at.server, "converge", "Success", "")?;
    at.server.vm_state = vm_state.into();
    end_task(&mut at.server);
    at.server.fault = None;
    at.spec.reboot = None;
    at.spec.avoid.clear();
    at.spec.failed_on = None;
    at.sight.step = None;
    resize::shrink(tx, at)?;
    if vm_state != "error" && at.server.launched_at.is_none() {
        at.server.launched_at = Some(tx.now().0);
    }
    save(tx, at)?;
    Ok(Look::done())
}

fn fail(tx: &mut Tx<'_>, at: &mut Snapshot, vm_state: &str, reason: &str) -> Result<Look> {
    event(tx, &at.server, "converge", "Error", reason)?;
    at.server.fail(tx.now(), reason)?;
    at.server.vm_state = vm_state.into();
    if at.server.task_state.as_deref() == Some(Task::ResizeFinish.as_str()) {
        return resize::go_back(tx, at);
    }
    end_task(&mut at.server);
    at.spec.reboot = None;
    save(tx, at)?;
    Ok(Look::done())
}

/// What was done to it is over. A snapshot of it goes on, and ends its own task.
fn end_task(server: &mut Server) {
    if server.task_state.as_deref() != Some(snapshots::TASK) {
        server.task_state = None;
    }
    server.deadline = None;
}

fn leave(
    tx: &mut Tx<'_>,
    at: &mut Snapshot,
    gone: bool,
    reason: &str,
    context: &Context,
) -> Result<Look> {
    if let Some(host) = at.server.host_id.clone()
        && !at.spec.avoid.contains(&host)
    {
        event(tx, &at.server, "reschedule", "Error", reason)?;
        let name = at.host.as_ref().map_or(&host, |host| &host.name);
        at.spec.failed_on = Some(format!(
            "Host {name} failed it: {}",
            reason.trim_end_matches('.')
        ));
        at.spec.avoid.push(host);
    }
    if gone {
        vacate(tx, at)?;
        at.spec.leaving = false;
        if at.spec.avoid.len() >= context.settings.build_tries {
            let reason = at.spec.failed_on.clone().unwrap_or_else(|| reason.into());
            return fail(tx, at, "error", &reason);
        }
    } else {
        at.spec.leaving = true;
    }
    at.server.generation += 1;
    save(tx, at)?;
    Ok(Look::now())
}

/// It has no host any more, nor anything on one.
fn vacate(tx: &mut Tx<'_>, at: &mut Snapshot) -> Result<()> {
    place::release(tx, at)?;
    at.spec.charged = Default::default();
    at.spec.lent = None;
    at.server.host_id = None;
    at.host = None;
    Ok(())
}

fn lose(tx: &mut Tx<'_>, at: &mut Snapshot, reason: &str) -> Result<Look> {
    event(tx, &at.server, "converge", "Error", reason)?;
    vacate(tx, at)?;
    at.spec.reboot = None;
    at.sight = Sight::default();
    at.server.generation += 1;
    at.server.fail(tx.now(), reason)?;
    at.server.vm_state = "error".into();
    at.server.task_state = None;
    at.server.deadline = None;
    save(tx, at)?;
    Ok(Look::done())
}

fn ended(tx: &mut Tx<'_>, at: &mut Snapshot) -> Result<Look> {
    event(
        tx,
        &at.server,
        "ended",
        "Success",
        "the container's command ended",
    )?;
    at.spec.power = Power::Stopped;
    at.spec.reboot = None;
    at.server.generation += 1;
    if at.server.launched_at.is_none() {
        at.server.launched_at = Some(tx.now().0);
    }
    save(tx, at)?;
    Ok(Look::now())
}

fn revived(tx: &mut Tx<'_>, at: &mut Snapshot, reason: &str, context: &Context) -> Result<Look> {
    at.server.set_spec(&at.spec)?;
    at.server.set_sight(&at.sight)?;
    revive(tx, &mut at.server, reason, context)?;
    Ok(Look::now())
}

/// Brings a server back that runs no more though it should.
fn revive(tx: &mut Tx<'_>, server: &mut Server, reason: &str, context: &Context) -> Result<()> {
    server.generation += 1;
    if server.task_state.is_none() {
        server.task_state = Some(Task::PoweringOn.as_str().into());
    }
    if server.deadline.is_none() {
        let patience = Duration::from_secs(context.settings.change_deadline_s);
        server.deadline = Some((tx.now() + patience).0);
    }
    event(tx, server, "revive", "", reason)?;
    servers::update(tx, server)
}
