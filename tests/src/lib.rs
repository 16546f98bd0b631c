//! The test world, faults and replay; the stories themselves are in `tests/tests/`.

#![expect(clippy::unwrap_used, reason = "this crate is only ever a test")]

pub mod replay;
pub mod world;
