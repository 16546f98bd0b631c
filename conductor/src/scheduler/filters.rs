//! Where a server can go. In order: what an operator or the user decides first, room last, so the
//! host that comes furthest is the one worth telling about.

use super::{Candidate, Request, choice};
use schemas::workload::overlay::TUNNEL_BYTES;
use store::compute::hosts::OverCommit;
use store::compute::spec::Size;

type Filter = fn(&Request, &Candidate, OverCommit) -> Option<String>;

const FILTERS: [(&str, Filter); 14] = [
    ("host asked for", asked_host),
    ("availability zone", zone),
    (choice::LABELS, choice::labels),
    ("taints", choice::taints),
    ("host state", state),
    ("failed before", avoid),
    ("hints", hints),
    ("server group", group),
    ("other nodes of the cluster", beside),
    ("lent as a whole", lent),
    ("not lendable as a whole", lendable),
    ("not empty", empty),
    ("memory", memory),
    ("cpu and disk", cpu_and_disk),
];

/// The first filter that turns the host away: its place in the order, its name, what lacks.
pub(super) fn first_refusal(
    request: &Request,
    candidate: &Candidate,
    over: OverCommit,
) -> Option<(usize, &'static str, String)> {
    FILTERS
        .iter()
        .enumerate()
        .find_map(|(depth, (name, filter))| {
            filter(request, candidate, over).map(|lack| (depth, *name, lack))
        })
}

fn asked_host(request: &Request, candidate: &Candidate, _: OverCommit) -> Option<String> {
    let asked = request.host.as_ref()?;
    let is_it = *asked == candidate.host.hostname || *asked == candidate.host.id;
    (!is_it).then(|| format!("{asked} was asked for"))
}

fn zone(request: &Request, candidate: &Candidate, _: OverCommit) -> Option<String> {
    let asked = request.zone.as_ref()?;
    (*asked != candidate.host.zone)
        .then(|| format!("in zone {}, {asked} was asked for", candidate.host.zone))
}

fn state(_: &Request, candidate: &Candidate, _: OverCommit) -> Option<String> {
    if candidate.host.state != "enabled" {
        let reason = candidate
            .host
            .disabled_reason
            .as_deref()
            .unwrap_or("no reason given");
        return Some(format!("disabled by an operator: {reason}"));
    }
    if candidate.host.forced_down != 0 {
        return Some("declared down by an operator".into());
    }
    if !candidate.up {
        return Some("not heard of lately".into());
    }
    candidate
        .engine_problem
        .as_ref()
        .map(|problem| format!("its engine does not work: {problem}"))
}

fn avoid(request: &Request, candidate: &Candidate, _: OverCommit) -> Option<String> {
    request
        .avoid
        .contains(&candidate.host.id)
        .then(|| "failed this server before".into())
}

fn hints(request: &Request, candidate: &Candidate, _: OverCommit) -> Option<String> {
    let id = &candidate.host.id;
    if !request.same_host.is_empty() && !request.same_host.contains(id) {
        return Some("same_host names servers elsewhere".into());
    }
    request
        .different_host
        .contains(id)
        .then(|| "different_host names a server here".into())
}

fn group(request: &Request, candidate: &Candidate, _: OverCommit) -> Option<String> {
    let group = request.group.as_ref()?;
    let here = group.members.get(&candidate.host.id).copied().unwrap_or(0);
    match group.policy.as_str() {
        "affinity" if here == 0 && !group.members.is_empty() => {
            Some("the group's servers are on another host".into())
        }
        "anti-affinity" if here >= group.max_per_host => {
            Some(format!("{here} of the group's servers are here already"))
        }
        _ => None,
    }
}

/// Nodes on different machines meet through tunnels between these, if both ends can have one.
fn beside(request: &Request, candidate: &Candidate, _: OverCommit) -> Option<String> {
    let beside = request.beside.as_ref()?;
    let here = beside.machines.contains_key(&candidate.host.id);
    if here || beside.machines.is_empty() {
        return None;
    }
    let Some(mtu) = beside.mtu else {
        return Some(
            "the cluster's nodes are on another machine, and have to be on the same: when it was made no \
             machine could tunnel its network to others"
                .into(),
        );
    };
    if let Some(stuck) = &beside.stuck {
        return Some(format!(
            "the cluster's nodes are on another machine, and their network does not reach further: {stuck}"
        ));
    }
    match &candidate.tunnel {
        None => Some(format!(
            "the network of the cluster's other nodes does not reach it: {}",
            candidate
                .tunnel_problem
                .as_deref()
                .unwrap_or("its agent does not say where tunnels to it end")
        )),
        Some(tunnel) if tunnel.mtu < mtu + TUNNEL_BYTES => Some(format!(
            "packets of the cluster's network have up to {mtu} bytes and {TUNNEL_BYTES} more in a tunnel, \
             its interface takes {}",
            tunnel.mtu
        )),
        Some(_) => None,
    }
}

fn lent(_: &Request, candidate: &Candidate, _: OverCommit) -> Option<String> {
    let lent = candidate.host.lent_to.is_some();
    lent.then(|| "another server has it for itself".into())
}

fn lendable(request: &Request, candidate: &Candidate, _: OverCommit) -> Option<String> {
    (request.whole && candidate.lendable.is_none())
        .then(|| "its operator does not lend it as a whole (agent.lendable)".into())
}

fn empty(request: &Request, candidate: &Candidate, _: OverCommit) -> Option<String> {
    let servers = candidate.host.servers;
    (request.whole && servers > 0)
        .then(|| format!("{servers} servers are on it, and it was asked for as a whole"))
}

/// What there is for such a request.
fn capacity(request: &Request, candidate: &Candidate, over: OverCommit) -> Size {
    match candidate.lendable {
        Some(all) if request.whole => all,
        _ => candidate.host.capacity(over),
    }
}

fn memory(request: &Request, candidate: &Candidate, over: OverCommit) -> Option<String> {
    let free = capacity(request, candidate, over).memory_mb - candidate.host.used_memory_mb;
    (free < request.size.memory_mb).then(|| {
        format!(
            "{free} MiB of memory free, {} needed",
            request.size.memory_mb
        )
    })
}

fn cpu_and_disk(request: &Request, candidate: &Candidate, over: OverCommit) -> Option<String> {
    let capacity = capacity(request, candidate, over);
    let cpus = capacity.vcpus - candidate.host.used_vcpus;
    if cpus < request.size.vcpus {
        return Some(format!("{cpus} VCPUs free, {} needed", request.size.vcpus));
    }
    let disk = capacity.disk_gb - candidate.host.used_disk_gb;
    (disk < request.size.disk_gb)
        .then(|| format!("{disk} GiB of disk free, {} needed", request.size.disk_gb))
}
