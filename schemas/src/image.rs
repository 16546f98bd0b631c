//! Images as Glance shows them: what owners write about them, and the ways to change it.

pub mod attributes;
pub mod patch;
mod words;

pub use attributes::Attributes;
pub use words::{CONTAINER_FORMATS, DISK_FORMATS, Status, Visibility};
