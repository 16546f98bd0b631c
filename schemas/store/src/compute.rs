//! Compute: servers, the hosts they run on, and what projects use of them.

pub mod action;
pub mod change;
pub mod charge;
pub mod consoles;
pub mod flavors;
pub mod groups;
pub mod guests;
pub mod hosts;
pub mod keypairs;
pub mod launch;
pub mod listing;
pub mod lives;
pub mod networks;
pub mod nodes;
pub mod quotas;
pub mod schema;
pub mod servers;
pub mod spec;
pub mod usages;
