//! Container infrastructure: what clients send and see of clusters.

pub mod adopted;
pub mod body;
pub mod certificate;
pub mod cluster;
pub mod coe;
pub mod container;
pub mod federation;
pub mod field;
pub mod keypair;
pub mod literal;
pub mod manifest;
pub mod node;
pub mod nodegroup;
pub mod patch;
pub mod placing;
pub mod quota;
pub mod service;
pub mod status;
pub mod template;
pub mod workload;
