//! API servers of clusters, adopted ones and this cloud's own: what a kubeconfig may say, how one is
//! reached, what one is asked.
//!
//! ```text
//! text of a tenant ──parse──► Kubeconfig (one server, one user, no reach into this process)
//! of our own nodes ──made───►     │ connect: resolve, judge what a tenant said, pin
//!                                 ▼
//!                              Server ──► objects (api), probe (conductor)
//! ```
//!
//! *Guarantees.* A kubeconfig runs no program and reads no file of this machine. A connection to a server
//! that a tenant named goes to an address that was judged when it was made, any other one to where this
//! cloud's own node is published; redirects are not followed and no proxy is asked. Every
//! call and every answer is bounded, whoever is at the other end.

mod answer;
mod bounds;
mod connect;
mod kubeconfig;
mod probe;
mod settings;

pub use answer::{SILENT, Whose};
pub use bounds::Bounds;
pub use connect::Server;
pub use kubeconfig::{Kubeconfig, LONGEST};
pub use probe::{Prober, Probes};
pub use settings::Settings;

/// Requests and parameters of Kubernetes' API.
pub use kube::core::{Request, params};
