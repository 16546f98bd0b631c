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
mod hosts;
mod keypairs;
mod list;
pub mod rules;
mod servers;
mod settings;

pub use settings::Settings;

use crate::route::Route;

/// The routes of compute.
pub fn routes() -> Vec<Route> {
    [
        extensions::routes(),
        flavors::routes(),
        keypairs::routes(),
        servers::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
