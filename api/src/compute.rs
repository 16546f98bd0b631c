//! Compute: Nova's API over servers that are containers.
//!
//! ```text
//! write: rule → state → one transaction (quota, row, event, work entry) → 202
//! read:  rule → rows of the caller's scope → view of the microversion spoken
//! ```
//!
//! Promises: nothing is answered 202 that is not in the database; a view has a field exactly since
//! the microversion that brought it; what this cloud cannot do is 501, or 400 with the reason.

mod call;
mod check;
mod extensions;
mod flavors;
mod groups;
mod hosts;
mod hypervisors;
mod keypairs;
mod limits;
mod list;
mod networks;
mod operators;
mod quotas;
pub mod rules;
mod servers;
mod services;
mod settings;
mod usage;
mod zones;

pub(crate) use call::asked;
pub(crate) use servers::agent;
pub use servers::{Rendered, Terminals, fits};
pub use settings::Settings;

use crate::route::Route;

/// The routes of compute.
pub fn routes() -> Vec<Route> {
    [
        extensions::routes(),
        flavors::routes(),
        keypairs::routes(),
        servers::routes(),
        groups::routes(),
        networks::routes(),
        zones::routes(),
        hypervisors::routes(),
        services::routes(),
        limits::routes(),
        quotas::routes(),
        usage::routes(),
        operators::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
