//! Which host a server goes to: filters say where it can, weighers where it should. All pure.
//!
//! *Guarantees.* The choice depends on the request and the candidates only. When no host is left,
//! the answer counts the hosts each filter turned away, and names the nearest miss.
//!
//! A cluster's nodes are hosts of its own: what belongs on them sees only those, everything else
//! (nodes, too) only machines. Hosts that are not seen are not counted either.
//!
//! *Assumes.* The place is then reserved by a conditional update: a choice made from stale numbers
//! is found out there, and made again.

mod choice;
mod filters;
mod weighers;

pub use choice::Choice;

use schemas::workload::{Digest, Tunnel};
use std::collections::BTreeMap;
use store::compute::hosts::{Host, OverCommit};
use store::compute::spec::Size;

/// What is to be placed.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Room needed.
    pub size: Size,
    /// It has its machine for itself; `size` is the least that machine has.
    pub whole: bool,
    /// Zone asked for.
    pub zone: Option<String>,
    /// Host asked for, by name or id.
    pub host: Option<String>,
    /// Rule of its server group.
    pub group: Option<Group>,
    /// Hosts that failed it.
    pub avoid: Vec<String>,
    /// For locality.
    pub image: Digest,
    /// `os:scheduler_hints`: `same_host`, `different_host` resolved to host ids.
    pub same_host: Vec<String>,
    /// See `same_host`.
    pub different_host: Vec<String>,
    /// On a node of this cluster; `None`: on a machine.
    pub within: Option<String>,
    /// It is a node of a cluster: where that cluster's other nodes are.
    pub beside: Option<Beside>,
    /// It may not be on just any of its cluster's nodes.
    pub choice: Option<Choice>,
}

/// Where a node's fellows are, and how far their network reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// Machine → fellows there.
    pub machines: BTreeMap<String, Fellows>,
    /// The largest packet on the cluster's network, when that may be on several machines.
    pub mtu: Option<u32>,
    /// Why it does not reach beyond the machine it is on, though it was made to.
    pub stuck: Option<String>,
}

/// Nodes of one cluster on one machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fellows {
    /// All of them.
    pub nodes: i32,
    /// Those of the group of the node that is to be placed.
    pub of_group: i32,
    /// Masters, if it is to be a master itself.
    pub masters: i32,
}

/// A server group's rule and where its members are.
#[derive(Clone, Debug)]
pub struct Group {
    /// `affinity`, `anti-affinity`, `soft-affinity`, `soft-anti-affinity`.
    pub policy: String,
    /// For anti-affinity.
    pub max_per_host: i32,
    /// Host id → members there.
    pub members: BTreeMap<String, i32>,
}

/// A host as the scheduler sees it.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The row.
    pub host: Host,
    /// Heard of lately and not declared dead.
    pub up: bool,
    /// Why its engine does not answer.
    pub engine_problem: Option<String>,
    /// Manifests it has.
    pub images: Vec<Digest>,
    /// Where tunnels to other machines end on it.
    pub tunnel: Option<Tunnel>,
    /// Why it can have none.
    pub tunnel_problem: Option<String>,
    /// What a server gets that has it for itself; `None`: it is not lent as a whole.
    pub lendable: Option<Size>,
}

/// Why there is no place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotPlaced {
    /// The cluster whose nodes alone were asked for.
    pub within: Option<String>,
    /// Hosts there are for such requests.
    pub hosts: usize,
    /// Filter → hosts it turned away.
    pub by: BTreeMap<&'static str, usize>,
    /// The host that came furthest, and what it lacked.
    pub nearest: Option<String>,
    /// No node has the labels asked for, in words.
    pub unlabelled: Option<String>,
}

impl std::fmt::Display for NotPlaced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "No valid host was found.")?;
        if self.hosts == 0 {
            return match &self.within {
                None => write!(f, " No host has registered with this cloud yet."),
                Some(cluster) => write!(f, " No node of cluster {cluster} has registered yet."),
            };
        }
        if let Some(told) = &self.unlabelled {
            return write!(f, " {told}");
        }
        let turned: Vec<String> = self
            .by
            .iter()
            .map(|(filter, hosts)| format!("{filter}: {hosts}"))
            .collect();
        write!(
            f,
            " Of {} hosts, turned away by {}.",
            self.hosts,
            turned.join(", ")
        )?;
        match &self.nearest {
            Some(nearest) => write!(f, " Nearest: {nearest}."),
            None => Ok(()),
        }
    }
}

/// The best host, by id.
///
/// # Errors
/// `NotPlaced` when every host is turned away by some filter.
pub fn choose<'a>(
    request: &Request,
    candidates: &'a [Candidate],
    over: OverCommit,
) -> Result<&'a Candidate, NotPlaced> {
    let mut by = BTreeMap::new();
    let mut nearest: Option<(usize, String)> = None;
    let mut best: Option<(f64, &Candidate)> = None;
    let of = |candidate: &&Candidate| candidate.host.cluster_id == request.within;
    let mut hosts = 0;
    for candidate in candidates.iter().filter(of) {
        hosts += 1;
        match filters::first_refusal(request, candidate, over) {
            Some((depth, filter, lack)) => {
                *by.entry(filter).or_insert(0) += 1;
                if nearest
                    .as_ref()
                    .is_none_or(|(furthest, _)| depth > *furthest)
                {
                    nearest = Some((depth, format!("{} ({lack})", candidate.host.hostname)));
                }
            }
            None => {
                let weight = weighers::weight(request, candidate, over);
                let better = best.is_none_or(|(top, holder)| {
                    (weight, &holder.host.id) > (top, &candidate.host.id)
                });
                if better {
                    best = Some((weight, candidate));
                }
            }
        }
    }
    best.map(|(_, candidate)| candidate)
        .ok_or_else(|| NotPlaced {
            within: request.within.clone(),
            hosts,
            unlabelled: match by.get(choice::LABELS) {
                Some(all) if *all == hosts => choice::told(request, hosts),
                _ => None,
            },
            by,
            nearest: nearest.map(|(_, text)| text),
        })
}

#[cfg(test)]
mod tests;
