//! Identity: Keystone's v3 API, and of v2.0 as much as the oldest clients need to log in.

pub mod password;
pub mod rules;
pub mod token;

use crate::route::Route;

/// The routes of identity.
pub fn routes() -> Vec<Route> {
    Vec::new()
}
