//! Carrying a plan out: places, servers, rows and the work entry change in one transaction.

use super::adopted;
use super::evict::{evict, send_away};
use super::launch;
use super::plan::{Act, Plan, plan};
use super::report::Outlook;
use super::snapshot::Snapshot;
use super::{kubernetes, overlay, rebuild, restart, swarm};
use crate::context::Context;
use crate::look::Look;
use schemas::container_infra::status::{Operation, Progress, Status};
use schemas::{Error, Timestamp};
use std::time::Duration;
use store::compute::change::{self, Asked};
use store::compute::networks;
use store::container_infra::nodes::{self, Phase};
use store::container_infra::{authorities, clusters, nodegroups};
use store::{Fail, Result, Scope, Tx};

/// One look at one cluster.
pub(crate) fn look(tx: &mut Tx<'_>, id: &str, context: &Context) -> Result<Look> {
    if let Some((cluster, row)) = adopted::of(tx, id)? {
        return adopted::look(tx, cluster, row, context);
    }
    let now = tx.now();
    let Some(mut at) = Snapshot::read(tx, id, now, context)? else {
        return Ok(Look::done());
    };
    let status = at.cluster.state()?;
    let step = plan(&at, status, now, &context.settings);
    tracing::debug!(
        cluster = id,
        request_id = at.cluster.request_id,
        ?step,
        "cluster step"
    );
    if step.over {
        networks::remove(tx, id)?;
        clusters::remove(tx, &at.cluster)?;
        return Ok(Look::done());
    }
    for act in &step.acts {
        carry_out(tx, &mut at, act, context)?;
    }
    let more = evict(tx, &at.cluster)? || send_away(tx, &at.cluster)?;
    write(tx, &mut at, status, &step.outlook)?;
    if more || !step.acts.is_empty() {
        return Ok(Look::now());
    }
    let (mut effects, swarms) = swarm::step(tx, &mut at, context)?;
    let (joins, overlay) = overlay::step(tx, &at.cluster, context)?;
    let (probes, asked) = kubernetes::step(tx, &at, context)?;
    effects.extend(joins.into_iter().chain(probes));
    let sooner = [swarms, overlay, asked].into_iter().flatten().min();
    let mut look = next(step, sooner);
    look.effects = effects;
    Ok(look)
}

fn next(step: Plan, sooner: Option<Timestamp>) -> Look {
    let reason = step.outlook.status_reason;
    match step.until.into_iter().chain(sooner).min() {
        Some(until) => Look::wait(until, reason.unwrap_or_else(|| "watches its nodes".into())),
        None => Look::done(),
    }
}

fn carry_out(tx: &mut Tx<'_>, at: &mut Snapshot, act: &Act, context: &Context) -> Result<()> {
    let now = tx.now();
    match act {
        Act::Add { group, ordinal } => {
            let group = group_row(at, group)?;
            let place = nodes::new(group, *ordinal, now)?;
            nodegroups::update(tx, group)?;
            nodes::insert(tx, &place)
        }
        Act::Launch { place } => launch::launch(tx, at, place, context),
        Act::Renew { place } => renew(tx, at, place),
        Act::Drop {
            place,
            then,
            why,
            anew,
        } => send_off(tx, at, place, (*then, why, *anew), context),
        Act::Restart { place, why } => restart::restart(tx, at, place, why, context),
        Act::Rebuild { place, why } => rebuild::rebuild(tx, at, place, why, context),
        Act::GiveUp { place, why } => give_up(tx, at, place, why),
        Act::Ready { place } => {
            let row = row(at, place)?;
            row.ready = 1;
            row.tries = 0;
            row.unwell_since = None;
            row.problem = None;
            nodes::update(tx, row)
        }
        Act::Unwell { place, why } => {
            let row = row(at, place)?;
            row.unwell_since = Some(now.0);
            row.problem = Some(why.clone());
            nodes::update(tx, row)
        }
        Act::Unknown { place } => {
            let row = row(at, place)?;
            row.unwell_since = None;
            nodes::update(tx, row)
        }
        Act::Forget { place } => nodes::remove(tx, place),
        Act::ForgetGroup { group } => nodegroups::remove(tx, group),
    }
}

fn renew(tx: &mut Tx<'_>, at: &mut Snapshot, id: &str) -> Result<()> {
    let of = row(at, id)?.nodegroup_id.clone();
    let mut group = group_row(at, &of)?.clone();
    let place = row(at, id)?;
    place.renew(&mut group)?;
    nodes::update(tx, place)?;
    nodegroups::update(tx, &mut group)?;
    *group_row(at, &of)? = group;
    Ok(())
}

/// A node's server is to go.
fn send_off(
    tx: &mut Tx<'_>,
    at: &mut Snapshot,
    id: &str,
    (then, why, anew): (Phase, &str, bool),
    context: &Context,
) -> Result<()> {
    let asked = asked(at, context);
    let place = row(at, id)?;
    let news = place.phase()? != then;
    place.phase = then.as_str().into();
    if anew {
        place.tries = 0;
    }
    if !why.is_empty() {
        place.problem = Some(why.to_owned());
    }
    nodes::update(tx, place)?;
    let (server, name) = (place.server_id.clone(), place.name.clone());
    let holds = at
        .places()
        .any(|(_, place)| place.row.id == id && place.held);
    if news && !why.is_empty() {
        let action = match then {
            Phase::Remove => "remove-node",
            _ => "replace-node",
        };
        let message = format!("{name}: {why}");
        clusters::event(tx, &at.cluster, "", action, "plan", "", &message)?;
    }
    if holds {
        // What runs on it moves away first.
        return Ok(());
    }
    match change::delete(tx, &asked, &server) {
        Err(Fail::Told(Error::NotFound(_))) => Ok(()),
        other => other,
    }
}

/// What is done to its nodes' servers is done in the name of the cluster's operation.
pub(super) fn asked(at: &Snapshot, context: &Context) -> Asked {
    Asked {
        scope: Scope::All,
        user_id: String::new(),
        admin: true,
        request_id: at.cluster.request_id.clone(),
        build: Duration::from_secs(context.settings.build_deadline_s),
        change: Duration::from_secs(context.settings.change_deadline_s),
    }
}

/// Nothing more is tried in this place for now.
pub(super) fn give_up(tx: &mut Tx<'_>, at: &mut Snapshot, id: &str, why: &str) -> Result<()> {
    let now = tx.now().0;
    let place = row(at, id)?;
    place.phase = Phase::Failed.as_str().into();
    place.problem = Some(why.to_owned());
    place.unwell_since = Some(now);
    nodes::update(tx, place)?;
    let message = format!("{}: {why}", place.name);
    clusters::event(
        tx,
        &at.cluster,
        "",
        "give-up-node",
        "plan",
        "Error",
        &message,
    )
}

/// The place's row.
pub(super) fn row<'a>(at: &'a mut Snapshot, id: &str) -> Result<&'a mut nodes::Node> {
    let mut places = at.groups.iter_mut().flat_map(|group| &mut group.places);
    let found = places.find(|place| place.row.id == id);
    found
        .map(|place| &mut place.row)
        .ok_or_else(|| lost("place", id))
}

/// The group's row.
pub(super) fn group_row<'a>(
    at: &'a mut Snapshot,
    id: &str,
) -> Result<&'a mut nodegroups::NodeGroup> {
    let found = at.groups.iter_mut().find(|group| group.row.id == id);
    found
        .map(|group| &mut group.row)
        .ok_or_else(|| lost("group", id))
}

fn lost(what: &str, id: &str) -> Fail {
    Error::internal(format_args!(
        "the plan names a {what} {id} that is not there"
    ))
    .into()
}

/// The rows say what is so; nothing is written where they say it already.
fn write(tx: &mut Tx<'_>, at: &mut Snapshot, before: Status, outlook: &Outlook) -> Result<()> {
    let now = tx.now();
    for (id, (status, reason)) in &outlook.groups {
        let group = group_row(at, id)?;
        if group.status != status.as_str() || group.status_reason != *reason {
            group.status = status.as_str().into();
            group.status_reason.clone_from(reason);
            nodegroups::update(tx, group)?;
        }
    }
    let shown = at.cluster.clone();
    let cluster = &mut at.cluster;
    cluster.status = outlook.status.as_str().into();
    cluster.status_reason.clone_from(&outlook.status_reason);
    cluster.health_status = outlook.health_status.map(str::to_owned);
    cluster.health_reason = serde_json::to_string(&outlook.health_reason)?;
    cluster.api_address.clone_from(&outlook.api_address);
    if !outlook.status.in_progress() {
        cluster.deadline = None;
    }
    if *cluster == shown {
        return Ok(());
    }
    clusters::update(tx, cluster)?;
    match outlook.status == before {
        true => Ok(()),
        false => ended(tx, at, outlook, now),
    }
}

fn ended(tx: &mut Tx<'_>, at: &Snapshot, outlook: &Outlook, now: Timestamp) -> Result<()> {
    let result = match outlook.status.1 {
        Progress::Complete => "Success",
        Progress::Failed => "Error",
        Progress::InProgress => "",
    };
    let action = match outlook.status.0 {
        Operation::Create => "create",
        Operation::Update => "update",
        Operation::Delete => "delete",
    };
    let reason = outlook.status_reason.as_deref().unwrap_or_default();
    tracing::info!(
        cluster = at.cluster.id,
        status = %outlook.status,
        reason,
        seconds = now.since(Timestamp(at.cluster.created_at)).as_secs(),
        "a cluster's operation ended"
    );
    clusters::event(tx, &at.cluster, "", action, "converge", result, reason)?;
    if outlook.status.1 == Progress::Complete {
        // Every node has a certificate of the newest by now.
        authorities::remove_older(tx, &at.cluster.id, at.authority)?;
    }
    Ok(())
}
