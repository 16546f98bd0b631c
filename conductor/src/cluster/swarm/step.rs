//! Carrying a Swarm's plan out: rows change in the look's transaction, what is to be told is told after
//! its commit, again and again until it is answered.

use super::plan::{digest, plan};
use super::{Standing, nodes};
use crate::cluster::snapshot::Snapshot;
use crate::context::Context;
use crate::look::Effect;
use schemas::Timestamp;
use schemas::host::{Converge, Desired, SwarmEntry, SwarmOrder};
use schemas::ids::{ClusterId, HostId, WorkloadId};
use std::collections::BTreeSet;
use std::time::Duration;
use store::container_infra::clusters;
use store::container_infra::swarms::{self, Part};
use store::{Result, Tx};

/// A speaker that has something to see to is asked again so soon …
const CLOSELY: Duration = Duration::from_secs(2);
/// … one that has not, after this …
const CALMLY: Duration = Duration::from_secs(30);
/// … and any other node after this.
const RARELY: Duration = Duration::from_secs(60);

/// One step for a cluster's Swarm: what is to be told, and when to look again.
pub(in crate::cluster) fn step(
    tx: &mut Tx<'_>,
    at: &mut Snapshot,
    context: &Context,
) -> Result<(Vec<Effect>, Option<Timestamp>)> {
    let Some(swarm) = at.swarm.clone() else {
        return Ok((Vec::new(), None));
    };
    let plan = plan(at, &swarm);
    let mut row = plan.row.clone();
    if swarm.fresh {
        swarms::insert(tx, &row)?;
    } else if row != swarm.row {
        swarms::update(tx, &mut row)?;
    }
    let mut telling = Telling {
        cluster: at.cluster.id.clone(),
        request_id: at.cluster.request_id.clone(),
        resend: Duration::from_secs(context.settings.resend_s.max(1)),
        now: tx.now(),
        effects: Vec::new(),
        until: None,
    };
    let restless = plan.lacking.is_some() || swarm.tokens.is_some();
    let mut here = BTreeSet::new();
    for node in nodes(at, &swarm) {
        here.insert(node.server);
        let known = swarm.parts.get(node.server).map(|known| known.row.clone());
        let mut part = match known {
            Some(part) => part,
            None => Part::of(&at.cluster.id, node.server)?,
        };
        let before = part.clone();
        part.leaving_since = match node.leaving {
            true => part.leaving_since.or(Some(telling.now.0)),
            false => None,
        };
        if let Some(order) = plan.orders.get(node.server) {
            let speaks = order.duties.is_some();
            let stands = plan.standings.get(node.server) == Some(&Standing::In);
            let pause = match () {
                () if speaks && restless => CLOSELY,
                () if speaks => CALMLY,
                () if stands => RARELY,
                () => telling.resend,
            };
            telling.tell(&mut part, order, stands, pause);
        }
        if part != before {
            swarms::put_part(tx, &mut part)?;
        }
    }
    for server in swarm
        .parts
        .keys()
        .filter(|server| !here.contains(server.as_str()))
    {
        swarms::remove_part(tx, server)?;
    }
    let (effects, until, lost) = (telling.effects, telling.until, plan.lost.clone());
    if let Some(lost) = lost {
        tracing::warn!(cluster = at.cluster.id, lost, "a Swarm is lost");
        clusters::event(tx, &at.cluster, "", "begin-swarm", "plan", "", &lost)?;
        if !at.cluster.state()?.in_progress() {
            at.cluster.status_reason = Some(lost);
            clusters::update(tx, &mut at.cluster)?;
        }
    }
    Ok((effects, until))
}

struct Telling {
    cluster: String,
    request_id: String,
    resend: Duration,
    now: Timestamp,
    effects: Vec<Effect>,
    until: Option<Timestamp>,
}

impl Telling {
    /// Tells a node its part when that is news, was not answered, or was answered long ago.
    fn tell(&mut self, part: &mut Part, order: &SwarmOrder, stands: bool, pause: Duration) {
        let told = digest(order);
        let idle = order.entry == SwarmEntry::Wait && order.duties.is_none();
        // Who stands where it should is not told in a hurry that nothing is asked of it any more.
        let news = part.told != told && !(stands && idle && part.generation > 0);
        let pause = match part.answered() || stands && idle {
            true => pause,
            false => self.resend,
        };
        let next = Timestamp(part.told_at) + pause;
        let due = news || part.generation == 0 || self.now >= next;
        let parsed = (
            HostId::parse(&part.server_id),
            ClusterId::parse(&self.cluster),
        );
        let (Some(host), Some(cluster)) = parsed else {
            return;
        };
        if due {
            if part.told != told {
                part.generation += 1;
                part.told = told;
            }
            part.told_at = self.now.0;
            let converge = Converge {
                id: WorkloadId::of_swarm(cluster),
                generation: part.generation.cast_unsigned(),
                request_id: self.request_id.clone(),
                desired: Desired::Swarm(Box::new(order.clone())),
            };
            self.effects.push(Effect::Tell(host, converge));
        }
        let next = if due { self.now + pause } else { next };
        self.until = Some(self.until.map_or(next, |until| until.min(next)));
    }
}
