//! Clusters: from how many nodes there should be, and what is seen of them, to the next steps.
//!
//! ```text
//!   a place:   Add ──► Launch ──► (server is made, its engine answers) ──► Ready
//!                 ▲                    │ fails, or is unwell too long, or is of an older kind
//!                 └── Renew ◄── gone ◄─┴─► Drop            tries used up ──► GiveUp
//!   too many, or deleting:  Drop ──► (server gone) ──► Forget ──► nothing left ──► the row goes
//! ```
//!
//! A node's server and its engine are looked after by their own reconcilers, and wake this one with
//! every change.
//!
//! *Guarantees.* Each look is one transaction: read, plan, write. A node's server has an id that was
//! written down before it is made, so a look that is repeated makes nothing twice. A cluster's row goes
//! last: whatever belonged to it is gone by then.
//!
//! Its nodes may lie on several machines, whose parts of its network [`overlay`] joins.
//!
//! Nodes that form something together, a Swarm ([`swarm`]) or Kubernetes ([`kubernetes`]), work when they are
//! part of it. Clusters that were only adopted have no places, and a way of their own ([`adopted`]).
//!
//! *Fails when* the operation's time is over, or a node has failed as often as it may; the row then says
//! which node, and why.

mod adopted;
mod certify;
mod commit;
mod condition;
mod evict;
mod kubernetes;
mod launch;
mod overlay;
mod plan;
mod rebuild;
mod report;
mod restart;
mod snapshot;
mod swarm;
mod victims;

pub(crate) use adopted::{Probe, heard as probed};
pub(crate) use certify::{Proof, proof_of};
pub(crate) use commit::look;
pub(crate) use overlay::{beside, changed, greeted, heard as heard_overlay, network_on, seat};
pub(crate) use swarm::heard;
