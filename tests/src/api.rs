//! The REST API inside a test: a seeded cloud with two projects that know nothing of each other,
//! somebody of each kind to call it, and a well-formed request for every route of the table.
//!
//! ```text
//! Seed (two tenants, their things, tokens) ──copy──► Cloud ◄── ask ── Persona × Sample (per route)
//! ```
//!
//! A route without a sample is an error wherever the table is walked: a new route cannot be
//! forgotten.

mod agent;
pub mod answer;
pub mod cloud;
pub mod database;
pub mod golden;
pub mod hostile;
pub mod persona;
pub mod sample;
pub mod seed;
pub(crate) mod sow;
pub mod things;

pub use sow::{KEY, manifest};
