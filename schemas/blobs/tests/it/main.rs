//! The store and the archives as their callers use them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bombs;
mod engine;
mod images;
mod random;
mod refused;
mod round_trip;
mod snapshots;
mod store;
