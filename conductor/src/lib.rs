//! The conductor: turns what should be into what is, one step at a time.
//!
//! *Guarantees.* Every look at an object is one serializable transaction that reads it, plans one
//! step, writes it down and settles the work entry. Any number of conductors may run; they need no
//! word with each other. A conductor may die anywhere: what it had committed is true, what it had
//! not sent is sent by the next look.
//!
//! *Assumes.* The work table is polled by somebody (hints only make it fast).

mod cluster;
mod context;
mod controller;
mod endpoints;
mod fleet;
pub mod heartbeat;
mod history;
mod host;
mod image;
mod look;
mod queue;
mod reports;
mod run;
pub mod scheduler;
pub mod server;
mod settings;
mod sync;

pub use run::Conductor;
pub use settings::{ClusterSettings, Settings};
