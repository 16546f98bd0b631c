//! What nodes say of their part in a Swarm, written down. Older news than what is known changes nothing.

use crate::context::Context;
use schemas::Kind;
use schemas::host::{JoinTokens, Observed, Seen};
use schemas::ids::{ClusterId, WorkloadId};
use store::compute::hosts;
use store::container_infra::swarms;
use store::{Result, Tx};

/// Writes it down, if it is about a Swarm; false when it is about something else.
pub(crate) fn heard(tx: &mut Tx<'_>, seen: &Observed, context: &Context) -> Result<bool> {
    let server = seen.host.to_string();
    let cluster = hosts::get(tx, &server)?.and_then(|host| host.cluster_id);
    let Some(cluster) = cluster else {
        return Ok(false);
    };
    let own = ClusterId::parse(&cluster).map(WorkloadId::of_swarm);
    if own != Some(seen.id) {
        return Ok(false);
    }
    let Some(mut part) = swarms::part(tx, &server)? else {
        return Ok(true);
    };
    let epoch = seen.epoch.to_string();
    let seq = i64::try_from(seen.seq).unwrap_or(i64::MAX);
    if (&epoch, seq) <= (&part.seen_epoch, part.seen_seq) {
        return Ok(true);
    }
    let before = part.clone();
    match &seen.state {
        Seen::Swarm(state) => {
            part.set_seen(state)?;
            if let Some(tokens) = &state.tokens {
                keep(tx, &cluster, tokens, context)?;
            }
        }
        // It could not do as told; what was known of it holds.
        _ if seen.problem.is_some() => {}
        _ => return Ok(true),
    }
    part.seen_generation = i64::try_from(seen.generation).unwrap_or(i64::MAX);
    part.problem = seen.problem.as_ref().map(|problem| problem.text.clone());
    let same = (&part.seen, part.seen_generation, &part.problem)
        == (&before.seen, before.seen_generation, &before.problem);
    part.seen_epoch = epoch;
    part.seen_seq = seq;
    swarms::put_part(tx, &mut part)?;
    match same {
        true => {}
        false => tx.due(Kind::Cluster, &cluster)?,
    }
    Ok(true)
}

/// Sealed, until nobody needs them any more.
fn keep(tx: &mut Tx<'_>, cluster: &str, tokens: &JoinTokens, context: &Context) -> Result<()> {
    let Some(mut row) = swarms::get(tx, cluster)? else {
        return Ok(());
    };
    let text = serde_json::to_string(tokens)?;
    if let Some(sealed) = &row.sealed_tokens
        && context.seals.unseal(&row.about(), sealed)? == text
    {
        return Ok(());
    }
    row.sealed_tokens = Some(context.seals.seal(&row.about(), &text)?);
    swarms::update(tx, &mut row)?;
    tx.due(Kind::Cluster, cluster)
}
