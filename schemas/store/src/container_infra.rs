//! Container infrastructure: clusters (bays), their groups of nodes, their certificate authorities.

pub mod authorities;
pub mod clusters;
pub mod nodegroups;
pub mod nodes;
pub mod operations;
pub mod schema;
pub mod spec;
