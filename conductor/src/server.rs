//! Servers: from what should be and what was seen, to one next step.
//!
//! ```text
//!            Place ──► Tell ──► (agent works, reports) ──► Settle ──► Rest
//!              ▲         │ ▲         │
//!              │         └─┘ resend  ├─ host at fault ──► Leave ─► absent ─► Place
//!              └─────────────────────┘                 └─ tries used up ──► Fail
//!   deleting:  Tell(absent) ──► seen absent, or the host is not there ──► Remove
//! ```
//!
//! *Guarantees.* Each look is one transaction: read, plan, write. What has to leave the database (a
//! telling to an agent) leaves after the commit and is repeated until it is answered, so losing it
//! costs time only.

mod commit;
mod desired;
mod place;
mod plan;
mod resize;
mod task;

pub(crate) use commit::look;
pub use task::Task;
