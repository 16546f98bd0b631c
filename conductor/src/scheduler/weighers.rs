//! Where a server should go, among the hosts where it can: free room first (spread), nudged by
//! image locality and soft group rules, which outweigh it. Guests of a cluster need not say how much
//! room they take, so among its nodes they are spread by number.
//!
//! Who wants a machine for himself gets the smallest that is large enough; all others go to machines that
//! are not lent as a whole, as long as those have room, so that the lendable ones stay empty.

use super::{Candidate, Request, choice};
use store::compute::hosts::OverCommit;

const GROUP: f64 = 10.0;
const LOCALITY: f64 = 0.3;
/// More than all the room of an empty host is worth.
const FELLOW: f64 = 2.0;
const MASTER: f64 = 4.0;
/// For each that is there already: more than the image is worth, or all replicas of one would be where
/// the first was.
const CROWD: f64 = 0.4;

/// For each taint that says that it had better be elsewhere (`PreferNoSchedule`): more than a full node.
const TAINT: f64 = 100.0;
/// More than room and locality together.
const LENDABLE: f64 = 3.0;

/// Higher is better.
pub(super) fn weight(request: &Request, candidate: &Candidate, over: OverCommit) -> f64 {
    if request.whole {
        let beside = group(request, candidate) + apart(request, candidate);
        return beside - candidate.host.memory_mb as f64 / f64::from(1 << 20);
    }
    let capacity = candidate.host.capacity(over);
    let used = candidate.host.used();
    let free = |used: f64, all: f64| if all > 0.0 { 1.0 - used / all } else { 0.0 };
    let room = free(used.memory_mb as f64, capacity.memory_mb as f64)
        + 0.5 * free(f64::from(used.vcpus), f64::from(capacity.vcpus));
    let local = if candidate.images.contains(&request.image) {
        LOCALITY
    } else {
        0.0
    };
    let crowd = match request.within {
        Some(_) => CROWD * f64::from(candidate.host.servers),
        None => 0.0,
    };
    let reluctance = TAINT * choice::reluctance(request, candidate);
    let kept_free = if candidate.lendable.is_some() {
        LENDABLE
    } else {
        0.0
    };
    let beside = group(request, candidate) + apart(request, candidate);
    room + local + beside - crowd - reluctance - kept_free
}

/// Nodes of one cluster should be where one machine's end is not the end of many: of one group less than
/// of different ones, and masters least of all. The first goes where others can follow to elsewhere.
fn apart(request: &Request, candidate: &Candidate) -> f64 {
    let Some(beside) = &request.beside else {
        return 0.0;
    };
    if beside.machines.is_empty() {
        let leads_on = beside.mtu.is_some() && candidate.tunnel.is_some();
        return if leads_on { FELLOW } else { 0.0 };
    }
    let here = beside.machines.get(&candidate.host.id);
    let here = here.copied().unwrap_or_default();
    -FELLOW * f64::from(here.nodes + here.of_group) - MASTER * f64::from(here.masters)
}

fn group(request: &Request, candidate: &Candidate) -> f64 {
    let Some(group) = &request.group else {
        return 0.0;
    };
    let here = f64::from(group.members.get(&candidate.host.id).copied().unwrap_or(0));
    match group.policy.as_str() {
        "soft-affinity" if here > 0.0 => GROUP,
        "soft-anti-affinity" => -GROUP * here,
        _ => 0.0,
    }
}
