//! The whole cloud in one process or in many: the program `jeroboam`.
//!
//! ```text
//!  main ─► cli (words and flags) ─► command/* (one file each) ─► settings ─► the roles' crates
//! ```

pub mod cli;
pub mod client;
pub mod command;
pub mod notifications;
pub mod roles;
pub mod seed;
pub mod settings;
pub mod terminal;
