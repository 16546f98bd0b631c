//! The image service's rows.

pub mod blobs;
pub mod bootable;
pub mod images;
pub mod list;
pub mod members;
pub mod quota;
pub mod schema;
pub mod snapshots;
pub mod tasks;
pub mod uploads;
