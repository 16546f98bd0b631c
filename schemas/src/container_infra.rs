//! Container infrastructure: what clients send and see of clusters.

pub mod status;
