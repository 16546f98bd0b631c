//! Pods on this host: made as ordered, and then kept by the agent itself.
//!
//! ```text
//!   order, event, timer, probe ──► look ──► inspect ──► notes ──► plan ──► driver call ─┐
//!                                              ▲                    │                   │
//!                                              └────────────────────│───────────────────┘
//!                                                                   └► rest: look again then
//! ```
//!
//! # Guarantees
//! - Whatever a container does, what follows is a pure function ([`plan`]) of the pod, of what is on
//!   the engine, and of notes that outlive the agent ([`notes`]): an agent that comes back adopts what
//!   runs, and goes on counting.
//! - Each change of what [`view`] shows is told.
//! - No pod waits for another: probes have tasks of their own, which only say what they found.

mod ask;
mod carry_out;
mod notes;
mod plan;
#[cfg(test)]
mod plan_tests;
mod probes;
mod tend;
mod tls;
mod told;
mod view;

pub(crate) use carry_out::end;
pub(crate) use notes::{BackOff, Notes};
pub(crate) use probes::Probes;
pub(crate) use tend::{tend, what_there_is};
