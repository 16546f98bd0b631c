//! What handlers take from a request besides their guard.

mod json;
mod path;
mod query;

pub use json::{Body, Json, Raw};
pub use path::{Path, Segment};
pub use query::{Listing, Query};
