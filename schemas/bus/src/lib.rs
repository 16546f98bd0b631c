//! Messages between api, conductors and agents: AMQP on RabbitMQ, and a twin inside the process with
//! the same semantics. One suite (`tests/suite.rs`) holds both to what is promised here.
//!
//! ```text
//!  api, conductor ──hint──► [hints] ─────────────► one of the conductors
//!  conductor ──converge──► [agent.<host>] ───────► that agent
//!  agent ──hello, observed──► [reports] ─────────► one of the conductors, which acknowledges
//!  agent ──heartbeat──► [heartbeats] ────────────► one of the conductors, which acknowledges
//!  api ──call──► [calls.<host>] ─► that agent ──reply──► the very caller
//!  anybody ──notify──► exchange `nova`, key `notifications.info` ─► whoever listens outside
//! ```
//!
//! # Guarantees
//! - Within one queue messages keep their order, but for those that return after a loss.
//! - A report is handed out again until it is acknowledged; it may come twice.
//! - A call is carried out at most once, and answered or failed within its deadline.
//! - No queue grows without bound, no wait is without end, no message kills its consumer.
//! - After a lost connection everything resumes by itself; [`Bus::connections`] tells that it did.
//!
//! # Assumes
//! - Nothing sent here is the only copy: hints are polled for, `Converge` is resent until observed,
//!   an agent says everything again after each reconnection.
//!
//! # Fails when
//! - The broker is away longer than [`PUBLISH_PATIENCE`]: publishing answers `Unavailable`.

mod amqp;
mod bus;
mod counts;
pub mod memory;
mod message;
mod notification;
mod route;
mod settings;
mod streams;

pub use bus::{Bus, PUBLISH_PATIENCE};
pub use counts::Counts;
pub use memory::{Fate, MemoryBroker};
pub use message::MAX_BYTES;
pub use notification::{Notification, Priority};
pub use route::Route;
pub use settings::BusSettings;
pub use streams::{Calls, Converges, Delivery, Hints, Report, Reports, Responder};
