//! Compute: servers, the hosts they run on, and what projects use of them.

pub mod charge;
pub mod groups;
pub mod hosts;
pub mod networks;
pub mod servers;
pub mod spec;
pub mod usages;
