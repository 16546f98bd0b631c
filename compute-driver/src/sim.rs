//! A container engine in memory, on tokio's clock: whole clouds fit in one test, hours in a second.
//!
//! A [`SimEngine`] is the machine and outlives any agent; a [`SimDriver`] is one agent's connection
//! to it. Images, their layers, networks with addresses, files, lives, exits and happenings are
//! modelled, so the same conformance suite holds for this and for real engines. Time passes by
//! `tokio::time`, so with `tokio::time::pause` it is virtual.
//!
//! # Instructions
//! A container is told how to behave by labels (the user's metadata), all optional. Times are
//! `250ms`, `3s`, `2m`; operations are `create`, `start`, `stop`, `pause`, `reboot`, `limits`,
//! `remove`, `snapshot`, `exec`.
//!
//! | Label | Meaning |
//! |---|---|
//! | `sim.fail=create:2,start:1` | the first two creates and the first start fail as an engine's fault |
//! | `sim.refuse=start` | the operation is refused for good, as for a command that the image lacks |
//! | `sim.hang=start` | the engine never answers this operation: it ends by its deadline |
//! | `sim.create_delay`, `sim.start_delay`, `sim.stop_delay`, `sim.limits_delay`, `sim.snapshot_delay` `=5s` | the operation takes longer |
//! | `sim.exit_after=3s` | each life ends by itself after that time … |
//! | `sim.exit_code=7` | … with this status (otherwise 0); `1,1,-` are three lives, of which the third goes on |
//! | `sim.oom=true` | each life ends for want of memory (at once, or after `sim.exit_after`) |
//! | `sim.ignore_term=true` | asked to end it does nothing, so it is killed after the grace |
//! | `sim.log=text` | a line that each life writes to its output |
//! | `sim.listen=80` | a port that other containers can connect to (`nc` in `exec`) |
//!
//! | `sim.engine=never` | of a node: its engine never answers |
//! | `sim.engine_delay=5s` | of a node: its engine answers that long after the start … |
//! | `sim.engine_hangs=30s` | … and falls silent again that long after it did, though the node goes on |
//!
//! Containers of pods live by their commands, too (module `pods`).
//!
//! Failures count on the engine for each id, so a driver that comes back does not see them again.
//!
//! # Whole-engine trouble
//! [`SimEngine::set_down`] (nobody answers, streams of events end, containers live on),
//! [`SimEngine::shut_down`] (the same, and every container is asked to end),
//! [`SimEngine::set_hanging`] (calls end by their deadlines), [`SimEngine::power_cycle`] (every
//! life ends at once, as when a machine loses power).

pub(crate) mod archive;
mod container;
mod driver;
mod engine;
pub(crate) mod files;
mod images;
mod inside;
mod machine;
mod network;
mod node;
mod pods;
mod power;
mod program;
mod script;
mod shell;
mod snapshot;
mod swarm;

pub use driver::SimDriver;
pub use engine::{SimEngine, SimTimings};
