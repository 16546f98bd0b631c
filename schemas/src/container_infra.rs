//! Container infrastructure: what clients send and see of clusters.

pub mod body;
pub mod field;
pub mod literal;
pub mod patch;
pub mod status;
