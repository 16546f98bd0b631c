//! The test world, faults, replay and the API in a test; the stories themselves are in `tests/tests/`.

#![expect(clippy::unwrap_used, reason = "this crate is only ever a test")]

pub mod api;
pub mod replay;
pub mod world;
