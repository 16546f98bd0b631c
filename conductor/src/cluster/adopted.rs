//! Adopted clusters: nothing is made for them. Their API server is looked at again and again, and what
//! is seen is shown.
//!
//! ```text
//!   look (transaction) ──► Effect::Probe ──► the network ──► heard (transaction) ──► look
//! ```
//!
//! *Guarantees.* No transaction spans the network: a look writes down that another probe begins, with
//! its number; the probe runs after the commit as a task of its own; what it came to is kept only if no
//! later one was begun. A probe that is lost with its conductor is begun again when its time is over.
//! Deleting forgets the cluster and what opens it, and touches nothing in it.
//!
//! *Fails when* the server has not answered by the end of `create_timeout`, or in that time with other
//! credentials; the row says what it said last. One that never answered is left alone then, until other
//! credentials are given; one that did is looked at all the same.

use crate::context::Context;
use crate::look::{Effect, Look};
use ::kubernetes::Whose;
use schemas::Timestamp;
use schemas::container_infra::adopted::{Seen, Sight};
use schemas::container_infra::status::{Operation, Progress, Status};
use std::collections::BTreeMap;
use std::time::Duration;
use store::container_infra::adopted::{self, Adopted};
use store::container_infra::clusters::{self, Cluster};
use store::{Result, Scope, Tx};

/// A server that does not answer is looked at again so soon.
const CLOSELY: Duration = Duration::from_secs(10);
/// Beyond its patience, a probe is lost after so long.
pub(super) const LOST: Duration = Duration::from_secs(20);

/// A probe that is to be made after the commit.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    pub cluster_id: String,
    pub number: i64,
    pub sealed: String,
    pub whose: Whose,
    /// Nodes to be removed first.
    pub gone: Vec<String>,
}

/// What is to be shown, and what next.
#[derive(Debug, PartialEq)]
struct Plan {
    status: Status,
    reason: Option<String>,
    /// Nothing while it was never there.
    health: Option<(&'static str, BTreeMap<String, String>)>,
    next: Next,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Probe,
    Wait(Timestamp),
    /// Nothing until somebody asks for something.
    Rest,
}

/// One look.
pub(super) fn look(
    tx: &mut Tx<'_>,
    mut cluster: Cluster,
    mut row: Adopted,
    context: &Context,
) -> Result<Look> {
    if cluster.deleting != 0 {
        clusters::remove(tx, &cluster)?;
        return Ok(Look::done());
    }
    let now = tx.now();
    let before = cluster.state()?;
    let settings = &context.settings.kubernetes;
    let plan = plan(
        &cluster,
        before,
        &row,
        now,
        (settings.period(), settings.patience()),
    )?;
    tracing::debug!(cluster = cluster.id, ?plan, "look at an adopted cluster");
    write(tx, &mut cluster, &row, before, &plan)?;
    match plan.next {
        Next::Rest => Ok(Look::done()),
        Next::Wait(until) => {
            let reason = plan
                .reason
                .unwrap_or_else(|| "watches its API server".into());
            Ok(Look::wait(until, reason))
        }
        Next::Probe => {
            let probe = Probe {
                number: row.ask(now),
                cluster_id: row.cluster_id.clone(),
                sealed: row.sealed_kubeconfig.clone(),
                whose: Whose::Theirs,
                gone: Vec::new(),
            };
            adopted::update(tx, &mut row)?;
            let lost = now + settings.patience() + LOST;
            Ok(Look::wait(lost, "asks its API server".into()).and(Effect::Probe(probe)))
        }
    }
}

/// Keeps what a probe came to, unless another one was begun meanwhile, and has the cluster looked at.
pub(crate) fn heard(tx: &mut Tx<'_>, id: &str, number: i64, sight: &Sight) -> Result<()> {
    let Some(mut row) = adopted::get(tx, id)? else {
        return Ok(());
    };
    let now = tx.now();
    if !row.hear(number, sight, now)? {
        return Ok(());
    }
    adopted::update(tx, &mut row)?;
    tx.due(schemas::Kind::Cluster, id)
}

fn plan(
    cluster: &Cluster,
    status: Status,
    row: &Adopted,
    now: Timestamp,
    (period, patience): (Duration, Duration),
) -> Result<Plan> {
    let sight = row.sight()?;
    let creating = status == Status(Operation::Create, Progress::InProgress);
    // It is there, and is given other credentials.
    let renewing = status == Status(Operation::Update, Progress::InProgress);
    if status == Status(Operation::Create, Progress::Failed) {
        return Ok(Plan {
            status,
            reason: cluster.status_reason.clone(),
            health: None,
            next: Next::Rest,
        });
    }
    let deadline = cluster
        .deadline
        .map(Timestamp)
        .filter(|_| creating || renewing);
    let overdue = deadline.is_some_and(|deadline| now >= deadline);
    let (status, reason) = match &sight {
        _ if !creating && !renewing => (status, cluster.status_reason.clone()),
        Some(Sight::Answers(_)) => (status.now(Progress::Complete), None),
        Some(Sight::Silent(why)) if overdue => {
            (status.now(Progress::Failed), Some(late(cluster, why)?))
        }
        None if overdue => {
            let why = "nothing was heard of it";
            (status.now(Progress::Failed), Some(late(cluster, why)?))
        }
        Some(Sight::Silent(why)) => (status, Some(why.clone())),
        None => (
            status,
            Some(match renewing {
                true => "Its API server is asked with its new credentials.".into(),
                false => "Its API server is asked for the first time.".into(),
            }),
        ),
    };
    let health = match &sight {
        Some(Sight::Answers(seen)) => Some(healthy(seen)),
        Some(Sight::Silent(why)) if !creating => Some((
            "UNHEALTHY",
            BTreeMap::from([("api".to_owned(), why.clone())]),
        )),
        _ => None,
    };
    let well = matches!(sight, Some(Sight::Answers(_)));
    let pause = if well { period } else { CLOSELY.min(period) };
    let due = due(row, now, pause, patience);
    let next = match status == Status(Operation::Create, Progress::Failed) {
        true => Next::Rest,
        false if now >= due => Next::Probe,
        false => Next::Wait(deadline.filter(|_| !overdue).map_or(due, |at| at.min(due))),
    };
    Ok(Plan {
        status,
        reason,
        health,
        next,
    })
}

/// When a server is to be asked again: `pause` after its last answer, or when a question is lost.
pub(super) fn due(row: &Adopted, now: Timestamp, pause: Duration, patience: Duration) -> Timestamp {
    match (row.asked_at, row.answered_at) {
        (Some(asked), _) if row.asked > row.answered => Timestamp(asked) + patience + LOST,
        (_, Some(answered)) => Timestamp(answered) + pause,
        (_, None) => now,
    }
}

fn late(cluster: &Cluster, why: &str) -> Result<String> {
    let minutes = cluster.spec()?.create_timeout;
    Ok(format!(
        "Its API server did not answer in {minutes} minutes: {why}"
    ))
}

/// As Magnum's own driver of Kubernetes words it.
fn healthy(seen: &Seen) -> (&'static str, BTreeMap<String, String>) {
    let mut reasons = BTreeMap::from([("api".to_owned(), "ok".to_owned())]);
    for node in &seen.nodes {
        reasons.insert(format!("{}.Ready", node.name), node.ready.clone());
    }
    if let Some(why) = &seen.hidden {
        reasons.insert("nodes".into(), why.clone());
    }
    match seen.unready().next() {
        None => ("HEALTHY", reasons),
        Some(_) => ("UNHEALTHY", reasons),
    }
}

/// The row says what is so; nothing is written where it says it already.
fn write(
    tx: &mut Tx<'_>,
    cluster: &mut Cluster,
    row: &Adopted,
    before: Status,
    plan: &Plan,
) -> Result<()> {
    let shown = cluster.clone();
    cluster.status = plan.status.as_str().into();
    cluster.status_reason.clone_from(&plan.reason);
    if let Some((status, reasons)) = &plan.health {
        cluster.health_status = Some((*status).to_owned());
        cluster.health_reason = serde_json::to_string(reasons)?;
    }
    if plan.status.1 == Progress::Complete {
        cluster.api_address = Some(row.server.clone());
    }
    if !plan.status.in_progress() {
        cluster.deadline = None;
    }
    if *cluster == shown {
        return Ok(());
    }
    clusters::update(tx, cluster)?;
    if plan.status == before {
        return Ok(());
    }
    let result = match plan.status.failed() {
        true => "Error",
        false => "Success",
    };
    let reason = plan.reason.as_deref().unwrap_or_default();
    tracing::info!(cluster = cluster.id, status = %plan.status, reason, "a cluster was adopted");
    let action = match plan.status.0 {
        Operation::Update => adopted::RENEW,
        Operation::Create | Operation::Delete => "create",
    };
    clusters::event(tx, cluster, "", action, "converge", result, reason)
}

/// How this cluster was adopted, if it was, and is still there.
pub(super) fn of(tx: &mut Tx<'_>, id: &str) -> Result<Option<(Cluster, Adopted)>> {
    let Some(row) = adopted::get(tx, id)?.filter(Adopted::is_foreign) else {
        return Ok(None);
    };
    Ok(clusters::get(tx, &Scope::All, id)?.map(|cluster| (cluster, row)))
}

#[cfg(test)]
mod tests;
