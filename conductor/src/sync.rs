//! Bringing the rows of one host in line with the full set its agent says it has.

use crate::look::Effect;
use schemas::Kind;
use schemas::host::{Converge, Desired, Heartbeat, Hello, Seen};
use schemas::ids::{EpochId, HostId, WorkloadId};
use schemas::workload::Observation;
use std::collections::BTreeMap;
use store::compute::guests;
use store::compute::servers::{self, Server, Sight};
use store::{Result, Tx};

/// Everything wanted here is looked at anew; what is here and not wanted is to go.
pub(crate) fn full_set(tx: &mut Tx<'_>, hello: &Hello) -> Result<Vec<Effect>> {
    let mut present: BTreeMap<String, &Observation> = hello
        .present
        .iter()
        .map(|seen| (seen.id.to_string(), seen))
        .collect();
    for server in servers::on_host(tx, &hello.host.to_string())? {
        let seen = present.remove(&server.id);
        refresh(tx, server, seen, hello.epoch)?;
    }
    let mut effects = Vec::new();
    for seen in present.into_values() {
        effects.extend(unwanted(tx, hello.host, seen.id, 0)?);
    }
    Ok(effects)
}

/// The agent began anew and its full set was lost: all its servers are told again.
pub(crate) fn unheard(tx: &mut Tx<'_>, host: HostId) -> Result<()> {
    for server in servers::on_host(tx, &host.to_string())? {
        tell_again(tx, &server.id)?;
    }
    Ok(())
}

fn tell_again(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    let Some(mut server) = servers::any(tx, id)? else {
        return Ok(());
    };
    forget(&mut server)?;
    servers::update(tx, &mut server)?;
    tx.due(Kind::Server, id)
}

fn forget(server: &mut Server) -> Result<()> {
    let mut sight = server.sight()?;
    sight.told = None;
    server.seen_generation = 0;
    server.set_sight(&sight)
}

fn refresh(
    tx: &mut Tx<'_>,
    mut server: Server,
    seen: Option<&Observation>,
    epoch: EpochId,
) -> Result<()> {
    forget(&mut server)?;
    server.seen_epoch = epoch.to_string();
    server.seen_seq = 0;
    let state = match (seen, server.sight()?.state) {
        (None, _) => Some(Seen::Absent),
        // What is told of a pod is that it is there; of its containers, what was heard last holds.
        (Some(_), Some(Seen::Pod(pod))) => Some(Seen::Pod(pod)),
        (Some(_), _) if guests::kind(&server) == Some(guests::Kind::Pod) => None,
        (Some(seen), _) => Some(Seen::Container(seen.clone())),
    };
    server.set_sight(&Sight {
        state,
        ..Sight::default()
    })?;
    servers::update(tx, &mut server)?;
    tx.due(Kind::Server, &server.id)
}

/// A heartbeat names what is on its host. What no row wants there is told to go: heartbeats come
/// again, so a telling that was lost is repeated. Of what was observed and not heard, its server is
/// told again, which is answered with what is there.
pub(crate) fn compare(tx: &mut Tx<'_>, beat: &Heartbeat) -> Result<Vec<Effect>> {
    if beat.holds.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = servers::heard_on(tx, &beat.host.to_string())?;
    let mut effects = Vec::new();
    for held in &beat.holds {
        let id = held.id.to_string();
        match wanted.get(&id) {
            None => effects.extend(unwanted(tx, beat.host, held.id, held.generation)?),
            Some((epoch, seq)) => {
                let told = i64::try_from(held.seq).unwrap_or(i64::MAX);
                let heard = *epoch != beat.epoch.to_string() || *seq >= told;
                if told > 0 && !heard {
                    tell_again(tx, &id)?;
                }
            }
        }
    }
    Ok(effects)
}

/// A container that no row wants on this host: it is to go, unless its row says it belongs here.
pub(crate) fn unwanted(
    tx: &mut Tx<'_>,
    host: HostId,
    id: WorkloadId,
    generation: u64,
) -> Result<Option<Effect>> {
    let row = servers::any(tx, &id.to_string())?;
    if let Some(server) = &row
        && server.host() == Some(host)
    {
        return Ok(None);
    }
    tracing::warn!(%host, %id, "a container that nobody wants here is removed");
    let known = row.map_or(0, |server| server.generation as u64);
    Ok(Some(Effect::Tell(
        host,
        Converge {
            id,
            generation: known.max(generation) + 1,
            request_id: String::new(),
            desired: Desired::Absent,
        },
    )))
}
