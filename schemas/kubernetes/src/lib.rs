//! API servers of adopted clusters: what a kubeconfig may say, how one is reached, what one is asked.
//!
//! ```text
//! text of a tenant ──parse──► Kubeconfig (one server, one user, no reach into this process)
//!                                 │ connect: resolve, judge, pin
//!                                 ▼
//!                              Server ──► objects (api), probe (conductor)
//! ```
//!
//! *Guarantees.* A kubeconfig runs no program and reads no file of this machine. Every connection goes to
//! an address that was judged when it was made; redirects are not followed and no proxy is asked. Every
//! call and every answer is bounded, whoever is at the other end.

mod answer;
mod bounds;
mod connect;
mod kubeconfig;
mod probe;
mod settings;

pub use answer::SILENT;
pub use bounds::Bounds;
pub use connect::Server;
pub use kubeconfig::{Kubeconfig, LONGEST};
pub use probe::{Prober, Probes};
pub use settings::Settings;

/// Requests and parameters of Kubernetes' API.
pub use kube::core::{Request, params};
