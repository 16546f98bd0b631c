//! The loop of one host: what the conductors want comes in over the bus, the driver makes it so, what
//! is seen goes back.
//!
//! ```text
//!            ┌─ converges ─► Keepers ─► one task for each id: plan ─► driver call ─► … ─► Observed
//!  Bus ──────┤                  ▲
//!            ├─ calls ─► Calls  │ look
//!            └◄ hello, heartbeat│
//!                 ▲         engine events
//!              Presence
//! ```
//!
//! A container that is a node of a cluster has an engine inside: while it runs, that engine is one more
//! host of the same agent, with all of the above (module `nodes`).
//!
//! # Guarantees
//! - Whatever is cut off anywhere (`kill -9`, a lost message, an engine that restarts) is finished by
//!   the next order for the same id, with the same end.
//! - Of two orders for one id the newer wins, whatever order they came in, across restarts too.
//! - A container that has ended is started again only by an order with a new generation. Those of
//!   pods are the agent's to keep (module `pod`).
//! - No id waits for another longer than a moment; memory holds only what is on this host.
//! - Ending the agent never touches a container.
//!
//! # Assumes
//! - One agent for each host id and state directory.

mod agent;
mod cache;
mod calls;
mod converge;
mod events;
mod failure;
mod fetch;
mod host;
mod host_id;
pub mod image_service;
mod images;
mod inventory;
mod keeper;
mod keepers;
mod keyed;
mod ledger;
mod life;
pub mod machine;
mod networks;
mod nodes;
mod plan;
mod pod;
mod presence;
mod published;
mod reporter;
mod settings;
mod status;
mod tasks;
mod terminal;
mod upload;

pub use agent::Agent;
pub use image_service::{DirectoryImages, HttpImages, ImageService, ImageServiceSettings};
pub use machine::{FixedMachine, LinuxMachine, Machine, MachineFacts};
pub use settings::{AgentSettings, PodSettings};
