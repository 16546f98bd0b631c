//! Bodies of the compute API, as clients send them.

pub mod flavor;
pub mod group;
pub mod keypair;
mod loose;
pub mod quota;
pub mod server;
pub mod service;

pub use loose::{Flag, Number, Text};
